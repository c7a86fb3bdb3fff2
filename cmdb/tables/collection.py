"""Tables about collecting: accounts, account-regions, scopes with their history, runs."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql_text,
)
from sqlalchemy.dialects.postgresql import JSONB

from cmdb.tables.base import (
    SCOPE_STATUSES,
    bigint,
    column,
    integer,
    metadata,
    one_of,
    text,
    time,
)

RUN_KINDS = ("run", "collect", "evaluate", "retire")
RUN_STATUSES = ("running", "complete", "incomplete", "failed", "abandoned")

account = Table(
    "account",
    metadata,
    integer("account_key", "Surrogate key of the account.", Identity(), primary_key=True),
    text("partition", "AWS partition: aws, aws-cn or aws-us-gov (from sts:GetCallerIdentity's ARN)."),
    text("account_id", "AWS account id, 12 digits."),
    text("name", "Account name (organizations:ListAccounts). Null: never told.", nullable=True),
    text("state", "State in the organization (ACTIVE, SUSPENDED, ...). Null: not asked.", nullable=True),
    column("payload", JSONB(), "The organization's answer about the account; {} when it was not asked."),
    bigint("version_id", "Id of this version."),
    time("valid_from", "Since when the account looks as it does."),
    time("retired_at", "When the account was retired by a person (it left). Null: in use.", nullable=True),
    column(
        "tags",
        JSONB(),
        "Tags that the organization keeps of the account (organizations:ListTagsForResource), name to value; "
        "sensitive values are keyed hashes. Null: never read.",
        nullable=True,
    ),
    UniqueConstraint("partition", "account_id"),
    schema="cmdb",
    comment="AWS accounts as last told; earlier versions are in account_closed.",
)

account_closed = Table(
    "account_closed",
    metadata,
    integer(
        "account_key",
        "The account.",
        ForeignKey("cmdb.account.account_key"),
        primary_key=True,
        autoincrement=False,
    ),
    time("valid_from", "Start of the version, inclusive.", primary_key=True),
    time("valid_to", "End of the version, exclusive."),
    bigint("version_id", "Id of the version."),
    text("name", "Account name then. Null: not told.", nullable=True),
    text("state", "State in the organization then. Null: not asked.", nullable=True),
    column("payload", JSONB(), "The organization's answer then."),
    column("tags", JSONB(), "Tags of the account then. Null: never read by then.", nullable=True),
    CheckConstraint("valid_to > valid_from", name="interval"),
    schema="cmdb",
    comment="Past versions of accounts.",
)

account_region = Table(
    "account_region",
    metadata,
    integer("account_region_id", "Surrogate key.", Identity(), primary_key=True),
    integer("account_key", "The account.", ForeignKey("cmdb.account.account_key")),
    text("region", "AWS region name; 'global' carries the scope of the account itself."),
    UniqueConstraint("account_key", "region"),
    schema="cmdb",
    comment="An account in a region: what is collected and committed at once.",
)

run = Table(
    "run",
    metadata,
    integer("run_id", "Number of the run.", Identity(), primary_key=True),
    text("kind", "run (collect and evaluate), collect, evaluate or retire (an account)."),
    time("as_of", "The one time that everything the run writes carries."),
    time("started_at", "When it started, by the database's clock."),
    time("finished_at", "When it ended. Null: running, or killed.", nullable=True),
    text("status", "running, complete, incomplete (a scope failed), failed, abandoned (killed)."),
    integer("scopes_ok", "Scopes read completely or skipped on purpose.", server_default="0"),
    integer("scopes_failed", "Scopes read in part or not at all.", server_default="0"),
    bigint("items_seen", "Items read.", server_default="0"),
    bigint("items_changed", "Items that opened, changed or closed.", server_default="0"),
    bigint("findings_changed", "Compliance records that opened or closed.", server_default="0"),
    bigint("calls", "AWS calls made, retries included.", server_default="0"),
    bigint("throttles", "Calls that AWS answered with 429.", server_default="0"),
    text("error", "Why it failed. Null: it did not.", nullable=True),
    column("quota", JSONB(), "How much of API Gateway's quota it took. Null: not known.", nullable=True),
    CheckConstraint(one_of("kind", RUN_KINDS), name="kind"),
    CheckConstraint(one_of("status", RUN_STATUSES), name="status"),
    CheckConstraint("(finished_at IS NULL) = (status IN ('running', 'abandoned'))", name="finished"),
    Index(
        "uq_run_running",
        sql_text("(status = 'running')"),
        unique=True,
        postgresql_where=sql_text("status = 'running'"),
    ),
    Index("ix_run_as_of", "as_of"),
    schema="cmdb",
    comment="Runs of the nightly job and of its halves; at most one is running.",
)

_STATUS_COMMENT = (
    "complete; partial (all but the items in unread_item); failed; skipped (on purpose); "
    "uncollected (a later run did not cover it)."
)

scope = Table(
    "scope",
    metadata,
    integer(
        "account_region_id",
        "The account-region.",
        ForeignKey("cmdb.account_region.account_region_id"),
        primary_key=True,
        autoincrement=False,
    ),
    text("item_type", "What is collected.", primary_key=True),
    text("status", _STATUS_COMMENT),
    text("failure_kind", "Kind of the failure or reason of the skip. Null: none.", nullable=True),
    text("operation", "AWS operation that failed. Null: none.", nullable=True),
    text("error", "The failure in one sentence. Null: none.", nullable=True),
    time("last_attempt_at", "as_of of the last run that covered the scope. Null: never.", nullable=True),
    time("last_success_at", "as_of of the last complete reading. Null: never.", nullable=True),
    time("read_at", "as_of of the last complete or partial reading. Null: never.", nullable=True),
    integer("items", "Items of the last reading.", server_default="0"),
    column(
        "digest",
        LargeBinary(),
        "Digest of what was last read. Null or empty: unknown.",
        nullable=True,
    ),
    integer("calls", "AWS calls of the last attempt on the account-region.", server_default="0"),
    integer("throttles", "429 answers among them.", server_default="0"),
    column("waited_seconds", Double(), "Time spent waiting for the quota then.", server_default="0"),
    column("duration_seconds", Double(), "How long reading the account-region took.", server_default="0"),
    column(
        "tokens",
        LargeBinary(),
        "Tokens of what was last read of each group of items. Null or empty: unknown.",
        nullable=True,
    ),
    CheckConstraint(one_of("status", SCOPE_STATUSES), name="status"),
    schema="cmdb",
    comment="The state of collecting one item type in one account-region, now.",
)

scope_state = Table(
    "scope_state",
    metadata,
    integer(
        "account_region_id",
        "The account-region.",
        ForeignKey("cmdb.account_region.account_region_id"),
        primary_key=True,
        autoincrement=False,
    ),
    text("item_type", "What is collected.", primary_key=True),
    time("valid_from", "as_of of the first run with this state.", primary_key=True),
    time("valid_to", "as_of of the first run with another. Null: still so.", nullable=True),
    text("status", _STATUS_COMMENT),
    text("failure_kind", "Kind of the failure or reason of the skip. Null: none.", nullable=True),
    time("read_before", "Last reading before this state began. Null: none.", nullable=True),
    CheckConstraint(one_of("status", SCOPE_STATUSES), name="status"),
    CheckConstraint("valid_to > valid_from", name="interval"),
    Index(
        "uq_scope_state_open",
        "account_region_id",
        "item_type",
        unique=True,
        postgresql_where=sql_text("valid_to IS NULL"),
    ),
    schema="cmdb",
    comment="History of scopes' states: a scope was read by every run within its complete or partial "
    "states, and by none within the others.",
)

unread_item = Table(
    "unread_item",
    metadata,
    integer(
        "account_region_id",
        "The account-region.",
        ForeignKey("cmdb.account_region.account_region_id"),
        primary_key=True,
        autoincrement=False,
    ),
    text("item_type", "What could not be read.", primary_key=True),
    text(
        "item_id",
        "AWS id: of the item's parent where it has one, else its own.",
        primary_key=True,
    ),
    time("valid_from", "as_of of the first run that could not read it.", primary_key=True),
    time(
        "valid_to",
        "as_of of the first run that could, or that no longer had to. Null: unread.",
        nullable=True,
    ),
    time("read_before", "When it was last read before. Null: never.", nullable=True),
    text("failure_kind", "Kind of the first failure."),
    text("error", "The first failure in one sentence."),
    CheckConstraint("valid_to > valid_from", name="interval"),
    Index(
        "uq_unread_item_open",
        "account_region_id",
        "item_type",
        "item_id",
        unique=True,
        postgresql_where=sql_text("valid_to IS NULL"),
    ),
    schema="cmdb",
    comment="Items that a reading of their scope left out: each keeps its own last reading.",
)
