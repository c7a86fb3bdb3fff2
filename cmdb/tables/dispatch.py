"""Tables through which a run and its workers speak: what is to be read, and what came of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Double, ForeignKey, Index, Table
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB

from cmdb.tables.base import bigint, column, integer, metadata, text, time

dispatch = Table(
    "dispatch",
    metadata,
    integer("run_id", "The run.", ForeignKey("cmdb.run.run_id"), primary_key=True, autoincrement=False),
    text("key_fingerprint", "Fingerprint of the key that hides secret values: workers must have the same."),
    column("plan", JSONB(), "What of the run's settings its workers go by."),
    time("opened_at", "When the run began to hand out account-regions, by the database's clock."),
    time("closed_at", "When it stopped to take results. Null: it takes them.", nullable=True),
    schema="cmdb",
    comment="Runs that hand their account-regions to workers.",
)

dispatch_item = Table(
    "dispatch_item",
    metadata,
    integer("run_id", "The run.", ForeignKey("cmdb.dispatch.run_id"), primary_key=True, autoincrement=False),
    integer(
        "account_region_id",
        "The account-region.",
        ForeignKey("cmdb.account_region.account_region_id"),
        primary_key=True,
        autoincrement=False,
    ),
    time("done_at", "When it was read and stored, by the database's clock. Null: not yet.", nullable=True),
    column("is_counted", Boolean(), "Whether the run has added it to its totals.", server_default="false"),
    text("worker", "Host and process that read it. Null: not yet.", nullable=True),
    integer("scopes_ok", "Scopes read completely.", server_default="0"),
    integer("scopes_failed", "Scopes read in part or not at all.", server_default="0"),
    bigint("items_seen", "Items read.", server_default="0"),
    bigint("items_changed", "Items that opened, changed or closed.", server_default="0"),
    integer("calls", "AWS calls, retries included.", server_default="0"),
    integer("throttles", "429 answers among them.", server_default="0"),
    column("waited_seconds", Double(), "Time spent waiting for the quota.", server_default="0"),
    integer("peak_per_second", "Most requests to API Gateway within one second.", server_default="0"),
    column("quota_share", Double(), "Part of API Gateway's quota that was taken.", server_default="0"),
    integer("step_backs", "How often others' use of the quota made it take less.", server_default="0"),
    Index("ix_dispatch_item_open", "run_id", postgresql_where=sql_text("NOT is_counted")),
    schema="cmdb",
    comment="Account-regions that the last run with workers handed out, and what reading each gave.",
)
