"""Reporting views: one SQL file each in ``cmdb/views``, replaced together when any of them changes."""

from __future__ import annotations

import hashlib
from importlib import resources

from sqlalchemy import Connection, text

from cmdb.queries import execute_script, query_text

#: In the order of their dependence.
VIEWS = (
    "resource_arn",
    "filled_in",
    "percent",
    "weighted_percentiles",
    "changed_keys",
    "finding_uid",
    "policy",
    "finding",
    "finding_history",
    "finding_as_of",
    "finding_export",
    "compliance_daily",
    "compliance_daily_total",
    "framework_compliance",
    "episode",
    "time_to_remediate",
    "certificate",
    "stage_history",
    "tag",
    "scope_health",
    "run",
    "scheduler",
)


def _package() -> str:
    return "cmdb.views"


def views_hash() -> str:
    """Return the SHA-256 of all view files, in order."""
    digest = hashlib.sha256()
    for name in VIEWS:
        digest.update(query_text(name, _package()).encode())
    return digest.hexdigest()


def stray_files() -> set[str]:
    """Return view files that ``VIEWS`` does not name (a test keeps this empty)."""
    files = {
        entry.name.removesuffix(".sql")
        for entry in resources.files(_package()).iterdir()
        if entry.name.endswith(".sql")
    }
    return files - set(VIEWS)


def drop_views(connection: Connection) -> None:
    """Drop the whole reporting schema (migrations may change what it reads)."""
    connection.execute(text("DROP SCHEMA IF EXISTS report CASCADE"))


def create_views(connection: Connection) -> None:
    """Create the reporting schema unless it is there with the same content."""
    wanted = f"Reporting views of gateledger, readable by gateledger_reader. Content {views_hash()}"
    held = connection.scalar(
        text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'report'")
    )
    if held == wanted:
        return
    drop_views(connection)
    connection.execute(text("CREATE SCHEMA report"))
    for name in VIEWS:
        execute_script(connection, query_text(name, _package()))
    connection.execute(text(f"COMMENT ON SCHEMA report IS '{wanted}'"))
    execute_script(connection, query_text("grant_reader"))
