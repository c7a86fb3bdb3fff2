"""The relations that a policy's ``logic.sql`` may read, made from the declarations of item types.

The engine offers each as a common table expression, for tonight or for any past time, with the columns that
the policy reads; the catalog checks every policy against them; case runners make them from a case's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from cmdb.items import Absence, ItemType, Kind, item_types

Columns = tuple[tuple[str, str], ...]
"""Columns in order, each with its PostgreSQL type."""

SCOPE: Final = "scope"
"""The relation of how well each scope is known: one row per account, region and scope."""

_SCOPE_COLUMNS: Columns = (
    ("account_region_id", "integer"),
    ("item_type", "text"),
    ("status", "text"),
    ("read_at", "timestamptz"),
    ("is_fresh", "boolean"),
)

VERDICT: Final[Columns] = (("condition", "text"),)
"""What ``logic.sql`` has to return."""

RECHECK: Final[tuple[str, str]] = ("recheck_at", "timestamptz")
"""Optional column: when time alone could change the verdict (null: never; staleness not counted)."""

SUBJECTS: Final[tuple[str, str]] = ("subjects", "text[]")
"""Optional column: what within the item is at fault; of many the first twenty are kept, and their number."""

AS_OF: Final = "as_of"
"""The parameter that every policy has: the time of the inventory that is judged (timestamptz)."""


def has_freshness(declared: ItemType) -> bool:
    """Return whether it is known when each item was last looked for."""
    return declared.absence is not Absence.NONE


@cache
def columns_of(declared: ItemType) -> Columns:
    """Return the columns of an item type's relation.

    ``is_fresh``: read within ``max_staleness`` of ``:as_of``; never null.
    """
    columns: list[tuple[str, str]] = [
        ("item_id", "bigint"),
        ("version_id", "bigint"),
        ("account_region_id", "integer"),
    ]
    if declared.parent is not None:
        columns.append(("parent_id", "bigint"))
    for field in declared.all_fields:
        if not field.noted:
            columns.append((field.name, str(field.kind)))
            if field.since is not None:
                columns.append((field.since, "timestamptz"))
    columns.append((declared.gone_column, "timestamptz"))
    if has_freshness(declared):
        columns += [("read_at", "timestamptz"), ("is_fresh", "boolean")]
    if declared.has_payload:
        columns.append(("payload", str(Kind.JSON)))
    return tuple(columns)


def offered() -> Mapping[str, Columns]:
    """Return every relation's columns, by its name."""
    return {declared.name: columns_of(declared) for declared in item_types()} | {SCOPE: _SCOPE_COLUMNS}


def identity_columns(declared: ItemType) -> frozenset[str]:
    """Return the columns that never change within an item: by these it may be joined."""
    names = {"item_id", "account_region_id"}
    if declared.parent is not None:
        names.add("parent_id")
    if declared.key is not None:
        names.add(declared.key.name)
    return frozenset(names)
