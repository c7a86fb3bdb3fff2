"""Tables of exceptions: what was entered when, and which items each entry matches."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Table, Text
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cmdb.tables.base import bigint, column, integer, metadata, one_of, text, time

exception_version = Table(
    "exception_version",
    metadata,
    integer("exception_version_id", "Surrogate key.", Identity(), primary_key=True),
    text("exception_id", "Id of the exception, as its file says; the same id is the same exception."),
    time("entered_at", "When this content was entered."),
    text("entered_by", "Who entered it."),
    time(
        "ended_at", "When another content was entered, or it was ended. Null: it is entered.", nullable=True
    ),
    text("ended_by", "Who did that. Null: nobody.", nullable=True),
    text("source", "file or command: applying a file ends only what came from a file."),
    time("valid_from", "Start of the time for which the exception is meant, inclusive."),
    time("valid_until", "End of the time for which the exception is meant, exclusive."),
    column("statuses", ARRAY(Text()), "Statuses of findings that it accepts."),
    column("policies", ARRAY(Text()), "Patterns of policy ids, as given."),
    column("match", JSONB(), "Which items it covers, as given."),
    text("reason", "Why they are accepted."),
    text("owner", "Who answers for it."),
    text("ticket", "Where it is recorded elsewhere. Null: not given.", nullable=True),
    column("policies_like", ARRAY(Text()), "The patterns of policy ids as LIKE reads them."),
    text("account_like", "Pattern of account ids for LIKE. Null: any.", nullable=True),
    text("region_like", "Pattern of regions for LIKE. Null: any.", nullable=True),
    text("arn_like", "Pattern of ARNs for LIKE. Null: any.", nullable=True),
    text("api_like", "Pattern of ids or names of APIs for LIKE. Null: any.", nullable=True),
    column("tags_like", JSONB(), "Patterns of tags' values by key for LIKE. Null: any.", nullable=True),
    text("rest_api_id", "The one API id that the pattern of ARNs allows. Null: several.", nullable=True),
    CheckConstraint("ended_at >= entered_at", name="entered"),
    CheckConstraint("valid_until > valid_from", name="interval"),
    CheckConstraint(one_of("source", ("file", "command")), name="source"),
    CheckConstraint(
        "statuses <@ ARRAY['INCOMPLIANT', 'UNDETERMINED'] AND cardinality(statuses) > 0", name="statuses"
    ),
    Index("ix_exception_version_exception_id_entered_at", "exception_id", "entered_at"),
    Index(
        "uq_exception_version_entered",
        "exception_id",
        unique=True,
        postgresql_where=sql_text("ended_at IS NULL"),
    ),
    schema="compliance",
    comment="Exceptions: what was entered when, beside the time for which it is meant; nothing is deleted.",
)

exception_item = Table(
    "exception_item",
    metadata,
    bigint("item_id", "The item.", primary_key=True, autoincrement=False),
    integer(
        "exception_version_id",
        "The entry of an exception.",
        ForeignKey("compliance.exception_version.exception_version_id"),
        primary_key=True,
        autoincrement=False,
    ),
    time("valid_from", "When the item was first found to match.", primary_key=True),
    time("valid_to", "When it was found not to match any more. Null: it matches.", nullable=True),
    integer("account_region_id", "The item's account-region."),
    CheckConstraint("valid_to > valid_from", name="interval"),
    Index("ix_exception_item_exception_version_id", "exception_version_id"),
    schema="compliance",
    comment="Items that entries of exceptions match, whatever policies say of them, as intervals.",
)

exception_matching = Table(
    "exception_matching",
    metadata,
    time("matched_at", "as_of of the last run whose items were matched.", primary_key=True),
    schema="compliance",
    comment="One row: up to when changed items have been matched with exceptions.",
)
