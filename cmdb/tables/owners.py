"""Tables of owners: who answers for each item, as intervals."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Identity, Table, UniqueConstraint

from cmdb.tables.base import bigint, integer, metadata, text, time

owner = Table(
    "owner",
    metadata,
    integer("owner_key", "Surrogate key.", Identity(), primary_key=True),
    text("name", "What the owner is called, as a tag or the mapping file says."),
    UniqueConstraint("name"),
    schema="compliance",
    comment="Owners that items ever had.",
)

item_owner = Table(
    "item_owner",
    metadata,
    bigint("item_id", "The item.", primary_key=True, autoincrement=False),
    integer("owner_key", "Its owner. Null: it has none that is known any more.", nullable=True),
    time("valid_from", "as_of of the first evaluation that found it so."),
    schema="compliance",
    comment="Owners that items have now, or had when they disappeared; an item that never had one has no row.",
)

item_owner_closed = Table(
    "item_owner_closed",
    metadata,
    bigint("item_id", "The item.", primary_key=True, autoincrement=False),
    time("valid_from", "as_of of the first evaluation that found it so.", primary_key=True),
    time("valid_to", "as_of of the first evaluation that did not."),
    integer("owner_key", "Its owner."),
    CheckConstraint("valid_to > valid_from", name="interval"),
    schema="compliance",
    comment="Owners that items had before.",
)

owner_resolution = Table(
    "owner_resolution",
    metadata,
    time("resolved_at", "as_of up to which changed items have their owners.", primary_key=True),
    text("rules_hash", "SHA-256 of the rules that gave them."),
    time("known_from", "Since when the owners of all items are known, as far as history is kept."),
    schema="compliance",
    comment="One row: up to when owners have been found, and by which rules.",
)
