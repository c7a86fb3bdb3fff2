"""Tables of the inventory, made from the declarations: latest versions, their payloads, closed versions.

A latest row stays when its item disappears (``valid_to`` is then set), so that the row is also the item's
identity. A closed version is superseded when the next one opens: at once when the item changed, later when it
had disappeared in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql_text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from cmdb.items import NEVER, Absence, ItemType, Kind, item_types
from cmdb.tables.base import bigint, column, integer, metadata, time

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: Text(),
    Kind.BOOLEAN: Boolean(),
    Kind.INTEGER: Integer(),
    Kind.BIGINT: BigInteger(),
    Kind.NUMERIC: Numeric(),
    Kind.TIME: DateTime(timezone=True),
    Kind.TEXTS: ARRAY(Text()),
    Kind.JSON: JSONB(),
}


@dataclass(frozen=True, slots=True)
class ItemTables:
    """The tables of one item type; without a payload there is no table for it."""

    latest: Table
    payload: Table | None
    closed: Table


def item_tables(declared: ItemType, into: MetaData) -> ItemTables:
    """Make the tables of an item type."""
    return ItemTables(_latest(declared, into), _payload(declared, into), _closed(declared, into))


def _latest(declared: ItemType, into: MetaData) -> Table:
    name = declared.name
    columns: list[Any] = [
        bigint(
            "item_id", "Key of the item: the id of its first version.", primary_key=True, autoincrement=False
        ),
        integer("account_region_id", "The account-region."),
        bigint("version_id", "Id of the latest version."),
        time("valid_from", "Start of the latest version, inclusive."),
        time("valid_to", "When the item was found gone. Null: it is there.", nullable=True),
    ]
    if declared.has_payload:
        columns.append(_digest())
    if declared.proves_absence:
        columns.append(_proven())
    if declared.absence is Absence.NONE:
        columns.append(time("read_at", "as_of of the run that read it last. Null: not known.", nullable=True))
    unique = ["account_region_id"]
    if declared.parent is not None:
        columns.append(bigint("parent_id", f"The {declared.parent} that it belongs to."))
        unique.append("parent_id")
    if declared.key is not None:
        columns.append(column(declared.key.name, _TYPES[declared.key.kind], declared.key.meaning))
        unique.append(declared.key.name)
    columns += _fields(declared, closed=False)
    for field in declared.filled:
        assert field.filled_at is not None  # noqa: S101 - that is what makes it one
        columns.append(
            time(
                field.filled_at,
                f"When {field.name} was filled in. Null: it came with the version, or is not known.",
                nullable=True,
            )
        )
        columns.append(
            Index(
                f"ix_{name}_{field.filled_at}",
                field.filled_at,
                postgresql_where=sql_text(f"{field.filled_at} IS NOT NULL"),
            )
        )
    columns += [
        UniqueConstraint(*unique),
        CheckConstraint("valid_to >= valid_from", name="interval"),
        Index(f"ix_{name}_valid_to", "valid_to", postgresql_where=sql_text("valid_to IS NOT NULL")),
    ]
    if declared.proves_absence:
        columns.append(CheckConstraint("valid_to IS NOT NULL OR NOT proven_absent", name="absence"))
    for reference in declared.references:
        field = declared.field(reference.field)
        # Within a parent there are few items: the key's own index finds them.
        if field.stored and not reference.to_parent:
            columns.append(
                Index(
                    f"ix_{name}_account_region_id_{field.name}"[:63],
                    "account_region_id",
                    field.name,
                    postgresql_where=sql_text(f"{field.name} IS NOT NULL"),
                )
            )
    calls = ", ".join(call for scope in declared.scopes for call in scope.calls)
    return Table(
        name,
        into,
        *columns,
        schema="cmdb",
        comment=f"Items of type {declared.title} ({calls}), latest version each.",
    )


def _payload(declared: ItemType, into: MetaData) -> Table | None:
    if not declared.has_payload:
        return None
    if declared.shared_payload:
        return Table(
            f"{declared.name}_payload",
            into,
            column("digest", LargeBinary(), "Digest of the canonical payload.", primary_key=True),
            column("payload", JSONB(), "What versions with this digest are, as AWS gave it, normalised."),
            schema="cmdb",
            comment="Payloads of latest and closed versions; equal ones are stored once.",
        )
    return Table(
        f"{declared.name}_payload",
        into,
        bigint("item_id", "The item.", primary_key=True, autoincrement=False),
        column("payload", JSONB(), "The latest version as AWS gave it, normalised."),
        schema="cmdb",
        comment="Payloads of latest versions, apart so that evaluations read narrow rows.",
    )


def _closed(declared: ItemType, into: MetaData) -> Table:
    name = f"{declared.name}_closed"
    columns: list[Any] = [
        bigint("item_id", "The item.", primary_key=True, autoincrement=False),
        time("valid_from", "Start of the version, inclusive.", primary_key=True),
        time("valid_to", "End of the version, exclusive."),
        time("superseded_at", "When the next version opened; later than valid_to if the item was gone."),
        bigint("version_id", "Id of the version."),
        CheckConstraint("valid_to >= valid_from", name="interval"),
        CheckConstraint("superseded_at >= valid_to AND superseded_at > valid_from", name="superseded"),
        Index(f"ix_{name}_superseded_at", "superseded_at"),
    ]
    if declared.proves_absence:
        columns.append(_proven())
    columns += _fields(declared, closed=True)
    if declared.shared_payload:
        columns.append(_digest())
    elif declared.has_payload:
        columns.append(
            column(
                "payload",
                JSONB(),
                "The version as AWS gave it, normalised. Null: it was never seen."
                if declared.proves_absence
                else "The version as AWS gave it, normalised.",
                nullable=declared.proves_absence,
            )
        )
    return Table(
        name, into, *columns, schema="cmdb", comment=f"Closed versions of items of type {declared.title}."
    )


def _fields(declared: ItemType, *, closed: bool) -> list[Column[Any]]:
    columns: list[Column[Any]] = []
    for field in declared.stored:
        if closed and not field.is_closed_too:
            continue
        if closed and field.name == declared.kind_field:
            continue
        nullable = field.null != NEVER
        columns.append(column(field.name, _TYPES[field.kind], field.comment, nullable=nullable))
        if field.since is not None:
            columns.append(time(field.since, f"Since when {field.name} has had its value without a break."))
    return columns


def _digest() -> Column[Any]:
    return column("digest", LargeBinary(), "Digest of the canonical payload.")


def _proven() -> Column[Any]:
    return column(
        "proven_absent",
        Boolean(),
        "With valid_to: whether it was proven not to exist then; otherwise nobody followed it any longer.",
    )


tables = {declared.name: item_tables(declared, metadata) for declared in item_types()}
