"""The schema ``queue``: tables and functions of procrastinate, the task queue that workers are fed through.

They come with the library and change with it. Nothing in them outlives a run, so they are made anew whenever
the library's definition differs from the one that was installed, instead of being migrated.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, text

from cmdb.errors import DatabaseOutdated
from cmdb.queries import execute_script, query_text

_SQL = "cmdb.server.sql"

SCHEMA = "queue"


@cache
def _definition() -> str:
    # Loading the library for the place of its file would take longer than all else that is asked at a start.
    found = find_spec("procrastinate")
    origin = "" if found is None or found.origin is None else found.origin
    return (Path(origin).parent / "sql" / "schema.sql").read_text(encoding="utf-8")


def _comment() -> str:
    digest = hashlib.sha256(_definition().encode()).hexdigest()
    return f"Task queue of gateledger workers, made by procrastinate. Content {digest}"


def _held(connection: Connection) -> str | None:
    held: str | None = connection.scalar(
        text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name"),
        {"name": SCHEMA},
    )
    return held


def is_current(connection: Connection) -> bool:
    """Return whether the schema is there with the definition of the installed library."""
    return _held(connection) == _comment()


def create_queue(connection: Connection) -> None:
    """Create the schema unless it is there with the definition of the installed library."""
    if is_current(connection):
        return
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    execute_script(connection, query_text("queue_clear", _SQL))
    before = connection.scalar(text("SHOW search_path"))
    connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
    execute_script(connection, _definition())
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": before})
    connection.execute(text(f"COMMENT ON SCHEMA {SCHEMA} IS '{_comment()}'"))


def require_queue(connection: Connection) -> None:
    """Raise ``DatabaseOutdated`` unless the schema fits the installed library."""
    if not is_current(connection):
        raise DatabaseOutdated(
            "The database's task queue is missing or of another version: run `gateledger db upgrade`."
        )
