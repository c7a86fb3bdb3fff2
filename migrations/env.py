"""Run migrations: one transaction, an advisory lock, lock and statement time-outs, views brought along."""

from __future__ import annotations

import os

from alembic import context
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, text
from sqlalchemy.schema import SchemaItem

from cmdb.errors import SettingsError
from cmdb.queries import execute_script
from cmdb.server import queue_schema, reporting
from cmdb.server.database import MIGRATION_LOCK, open_engine
from cmdb.server.roles import policy_grants
from cmdb.tables import metadata

OUR_SCHEMAS = {"cmdb", "compliance"}


def include_name(name: str | None, type_: str, _parents: object) -> bool:
    return name in OUR_SCHEMAS if type_ == "schema" else True


def include_object(
    _object: SchemaItem, name: str | None, type_: str, _reflected: bool, _compare_to: object
) -> bool:
    return not (type_ == "table" and name == "alembic_version")


def _applied(*, step: MigrationInfo, **_: object) -> None:
    applied = context.config.attributes.get("applied")
    if applied is not None:
        applied(step.up_revision_id)


def run(connection: Connection) -> None:
    connection.execute(text("SET LOCAL lock_timeout = '30s'"))
    connection.execute(text("SET LOCAL statement_timeout = '30min'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS cmdb"))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_schemas=True,
        include_name=include_name,
        include_object=include_object,
        version_table_schema="cmdb",
        compare_server_default=False,
        transactional_ddl=True,
        on_version_apply=_applied,
    )
    migrations = context.get_context()
    script = context.script
    heads = set(script.get_heads())
    if set(migrations.get_current_heads()) != heads:
        reporting.drop_views(connection)
    context.run_migrations()
    if heads and set(migrations.get_current_heads()) == heads:
        reporting.create_views(connection)
        execute_script(connection, policy_grants())
        queue_schema.create_queue(connection)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = os.environ.get("GATELEDGER_DATABASE_URL")
    if not url:
        raise SettingsError("GATELEDGER_DATABASE_URL is not set: alembic needs it to find the database.")
    engine = open_engine(url)
    with engine.begin() as own:
        run(own)
    engine.dispose()
