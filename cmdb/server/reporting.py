"""Reporting views, replaced together when any of them changes.

Each has a SQL file in ``cmdb/views``, or follows from the declarations of item types.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from sqlalchemy import Connection, text

from cmdb.items import DeclarationError, item_types
from cmdb.queries import execute_script, query_text
from cmdb.views.generated import generated_views

_SQL = "cmdb.server.sql"

#: In the order of their dependence.
VIEWS = (
    "filled_in",
    "listed",
    "percent",
    "severity_place",
    "weighted_percentiles",
    "changed_keys",
    "method_changes",
    "served_changes",
    "canary_differences",
    "canary_changes",
    "deployment_methods",
    "stage_history",
    "served_change",
    "finding_uid",
    "account_region",
    "item_region",
    "item_api",
    "item_identity",
    "item_changed",
    "item_tags",
    "exposure",
    "item_owner",
    "item",
    "policy",
    "exception_moment",
    "exception_item",
    "excepted",
    "excepted_time",
    "excepted_change",
    "owner_change",
    "exception",
    "verdict",
    "finding",
    "finding_history",
    "finding_as_of",
    "finding_export",
    "compliance_daily",
    "compliance_daily_total",
    "compliance_daily_owner",
    "count_time",
    "condition_count",
    "framework_compliance",
    "api_compliance",
    "episode",
    "time_to_remediate",
    "time_to_remediate_owner",
    "certificate",
    "tag",
    "scope_health",
    "run",
    "scheduler",
)

#: Those of item types that do not follow from their declarations.
OF_TYPES = frozenset({"certificate"})

#: What several of them have in common: included in their files.
PARTS = frozenset({"began_with_change"})


def _package() -> str:
    return "cmdb.views"


@cache
def written_views() -> frozenset[str]:
    """Return the views that have a file."""
    return frozenset(
        entry.name.removesuffix(".sql")
        for entry in resources.files(_package()).iterdir()
        if entry.name.endswith(".sql") and entry.name.removesuffix(".sql") not in PARTS
    )


def view_texts() -> dict[str, str]:
    """Return what makes each view, in the order of their dependence.

    Raises ``DeclarationError`` when an item type is called like a view that is not its own.
    """
    for declared in item_types():
        if declared.name in VIEWS and declared.name not in OF_TYPES:
            raise DeclarationError(f"{declared.name}: a reporting view has that name; choose another one.")
    made = generated_views(written_views())
    names = [*VIEWS, *(name for name in made if name not in VIEWS)]
    return {name: made[name]() if name in made else query_text(name, _package()) for name in names}


def views_hash() -> str:
    """Return the SHA-256 of all views' texts, in order, and of what is granted beside them."""
    grants = (query_text(name, _SQL) for name in ("grant_reader", "grant_policy"))
    return hashlib.sha256("".join([*view_texts().values(), *grants]).encode()).hexdigest()


def stray_files() -> set[str]:
    """Return view files that ``VIEWS`` does not name (a test keeps this empty)."""
    return set(written_views()) - set(VIEWS)


def drop_views(connection: Connection) -> None:
    """Drop the whole reporting schema (migrations may change what it reads)."""
    connection.execute(text("DROP SCHEMA IF EXISTS report CASCADE"))


def _comment() -> str:
    return f"Reporting views of gateledger, readable by gateledger_reader. Content {views_hash()}"


def is_current(connection: Connection) -> bool:
    """Return whether the reporting schema is there with the content that this code gives it."""
    held = connection.scalar(
        text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'report'")
    )
    return bool(held == _comment())


def create_views(connection: Connection) -> None:
    """Create the reporting schema unless it is there with the same content."""
    if is_current(connection):
        return
    drop_views(connection)
    connection.execute(text("CREATE SCHEMA report"))
    for made in view_texts().values():
        execute_script(connection, made)
    connection.execute(text(f"COMMENT ON SCHEMA report IS '{_comment()}'"))
    execute_script(connection, query_text("grant_reader", _SQL))
