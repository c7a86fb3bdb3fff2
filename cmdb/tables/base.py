"""Metadata, naming convention and column shorthands shared by all tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Sequence, Text
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: One sequence for items and their versions: an item's key is the id of its first version.
version_sequence = Sequence("version_id_seq", schema="cmdb", metadata=metadata, cache=1)

SCOPE_STATUSES = ("complete", "partial", "failed", "skipped", "uncollected")
STATUSES = ("COMPLIANT", "INCOMPLIANT", "INAPPLICABLE", "UNDETERMINED", "DISAPPEARED")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the text of a CHECK that a column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def column(
    name: str, type_: TypeEngine[Any], comment: str, *constraints: SchemaItem, **options: Any
) -> Column[Any]:
    """Return a column that is NOT NULL unless said otherwise and always has a comment."""
    options.setdefault("nullable", False)
    return Column(name, type_, *constraints, comment=comment, **options)


def text(name: str, comment: str, *constraints: SchemaItem, **options: Any) -> Column[Any]:
    """Return a text column."""
    return column(name, Text(), comment, *constraints, **options)


def integer(name: str, comment: str, *constraints: SchemaItem, **options: Any) -> Column[Any]:
    """Return a four-byte integer column."""
    return column(name, Integer(), comment, *constraints, **options)


def bigint(name: str, comment: str, *constraints: SchemaItem, **options: Any) -> Column[Any]:
    """Return an eight-byte integer column."""
    return column(name, BigInteger(), comment, *constraints, **options)


def time(name: str, comment: str, *constraints: SchemaItem, **options: Any) -> Column[Any]:
    """Return a timestamptz column."""
    return column(name, DateTime(timezone=True), comment, *constraints, **options)
