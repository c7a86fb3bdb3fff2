"""Tables of evaluation: policies, compliance records as intervals, episodes, counts, frameworks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Interval,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql_text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cmdb.tables.base import STATUSES, bigint, column, integer, metadata, one_of, text, time

policy = Table(
    "policy",
    metadata,
    integer("policy_key", "Surrogate key.", Identity(), primary_key=True),
    text("policy_id", "Id of the policy, as its folder says."),
    text("name", "Its name."),
    text("severity", "Its severity."),
    text("resource_type", "What it judges."),
    column("categories", ARRAY(Text()), "Its categories."),
    UniqueConstraint("policy_id"),
    schema="compliance",
    comment="Policies that were ever evaluated.",
)

policy_version = Table(
    "policy_version",
    metadata,
    integer("policy_version_id", "Surrogate key.", Identity(), primary_key=True),
    integer("policy_key", "The policy.", ForeignKey("compliance.policy.policy_key")),
    text("content_hash", "SHA-256 of all that decides its verdicts: logic, statuses, parameters."),
    time("first_used_at", "as_of of the first evaluation with it."),
    column("definition", JSONB(), "The policy as it was, for explanations."),
    UniqueConstraint("policy_key", "content_hash"),
    schema="compliance",
    comment="Contents that a policy has had.",
)

condition = Table(
    "condition",
    metadata,
    integer("condition_key", "Surrogate key.", Identity(), primary_key=True),
    integer("policy_key", "The policy.", ForeignKey("compliance.policy.policy_key")),
    text("name", "Name of the condition."),
    text("status", "Status that it gives."),
    integer("position", "Its place in the policy's order."),
    text("message", "Current state in plain words, with {placeholders}."),
    text("remediation", "What to do. Null: nothing.", nullable=True),
    UniqueConstraint("policy_key", "name", "status"),
    CheckConstraint(one_of("status", STATUSES), name="status"),
    schema="compliance",
    comment="Conditions of policies with today's wording; wording is not identity.",
)


def _record() -> list[Column[Any]]:
    return [
        integer("condition_key", "The condition that held."),
        integer("policy_version_id", "Content of the policy that judged first so."),
        time("status_since", "When the status began; a change of condition does not restart it."),
        time(
            "episode_since",
            "When the incompliant episode began that this record is part of. Null: none.",
            nullable=True,
        ),
        time("recheck_at", "When time alone may change the verdict. Null: never.", nullable=True),
        # As a list of numbers it would take twenty bytes more in each of many million rows.
        text(
            "evidence",
            "Versions of the items that were looked at down to the condition that held: their ids, separated "
            "by spaces.",
        ),
        column(
            "subjects",
            ARRAY(Text()),
            "What within the item is at fault, the first twenty. Null: nothing is, or the policy does not say.",
            nullable=True,
        ),
        integer(
            "subject_count",
            "How many subjects there are in all. Null: none, or the policy does not say.",
            nullable=True,
        ),
    ]


record = Table(
    "record",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    bigint("item_id", "The item.", primary_key=True, autoincrement=False),
    time("valid_from", "as_of of the first evaluation that found it so."),
    *_record(),
    Index(
        "ix_record_recheck_at",
        "policy_key",
        "recheck_at",
        postgresql_where=sql_text("recheck_at IS NOT NULL"),
    ),
    Index("ix_record_item_id", "item_id"),
    schema="compliance",
    comment="Compliance records that hold now: one per policy and item.",
)

record_closed = Table(
    "record_closed",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    bigint("item_id", "The item.", primary_key=True, autoincrement=False),
    time("valid_from", "as_of of the first evaluation that found it so.", primary_key=True),
    time("valid_to", "as_of of the first evaluation that did not."),
    *_record(),
    CheckConstraint("valid_to > valid_from", name="interval"),
    Index("ix_record_closed_policy_key_valid_to", "policy_key", "valid_to"),
    schema="compliance",
    comment="Compliance records that ended.",
)

episode = Table(
    "episode",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    bigint("item_id", "The item.", primary_key=True, autoincrement=False),
    time("started_at", "When the item became incompliant.", primary_key=True),
    time("ended_at", "When that ended."),
    integer("account_region_id", "The account-region."),
    text("outcome", "Status that ended it: COMPLIANT, INAPPLICABLE or DISAPPEARED."),
    CheckConstraint(one_of("outcome", ("COMPLIANT", "INAPPLICABLE", "DISAPPEARED")), name="outcome"),
    CheckConstraint("ended_at > started_at", name="interval"),
    Index("ix_episode_policy_key_ended_at", "policy_key", "ended_at"),
    schema="compliance",
    comment="Incompliant episodes that ended; undetermined stretches interrupt neither one nor its clock.",
)

tally = Table(
    "tally",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    integer("account_region_id", "The account-region.", primary_key=True, autoincrement=False),
    integer("condition_key", "The condition.", primary_key=True, autoincrement=False),
    time("valid_from", "as_of of the first evaluation with this count.", primary_key=True),
    time("valid_to", "as_of of the first evaluation with another. Null: still so.", nullable=True),
    integer("items", "Items for which the condition held."),
    CheckConstraint("valid_to > valid_from", name="interval"),
    CheckConstraint("items > 0", name="items"),
    Index(
        "uq_tally_open",
        "policy_key",
        "account_region_id",
        "condition_key",
        unique=True,
        postgresql_where=sql_text("valid_to IS NULL"),
    ),
    schema="compliance",
    comment="How many items each condition held for, as intervals: a night without change adds nothing.",
)

tally_change = Table(
    "tally_change",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    integer("condition_key", "The condition.", primary_key=True, autoincrement=False),
    time("changed_at", "as_of of the evaluation that found other counts.", primary_key=True),
    bigint("items", "Items that the condition held for then, less those it held for before."),
    schema="compliance",
    comment="By how much the counts in tally changed at a time, over all account-regions; kept by triggers "
    "of tally.",
)

remediation = Table(
    "remediation",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    integer("account_key", "The account.", primary_key=True, autoincrement=False),
    integer("minutes", "Length of the episodes, rounded to minutes.", primary_key=True, autoincrement=False),
    integer("episodes", "Episodes of that length."),
    schema="compliance",
    comment="How many episodes that ended in COMPLIANT took how long; kept by triggers of episode.",
)

evaluation = Table(
    "evaluation",
    metadata,
    integer("policy_key", "The policy.", primary_key=True, autoincrement=False),
    integer("run_id", "The run.", ForeignKey("cmdb.run.run_id"), primary_key=True, autoincrement=False),
    time("as_of", "as_of of the run."),
    integer("policy_version_id", "Content of the policy."),
    text("mode", "full, incremental or backfill."),
    bigint("items", "Items judged."),
    bigint("changed", "Records that opened or closed."),
    column("max_staleness", Interval(), "Staleness allowed then."),
    bigint(
        "last_version_id",
        "Items with later ids came after it. Null: unknown, the next evaluation is a full one.",
        nullable=True,
    ),
    Index("ix_evaluation_policy_key_as_of", "policy_key", "as_of"),
    schema="compliance",
    comment="Evaluations of policies by runs.",
)

backfill = Table(
    "backfill",
    metadata,
    integer(
        "policy_key",
        "The policy.",
        ForeignKey("compliance.policy.policy_key"),
        primary_key=True,
        autoincrement=False,
    ),
    time("first_judged_at", "as_of of the run that judged it first."),
    time("tried_at", "as_of of the run that tried last in vain. Null: none did.", nullable=True),
    text("error", "Why that try failed. Null: none did.", nullable=True),
    time("done_at", "as_of of the run that judged the past nights. Null: none did yet.", nullable=True),
    integer("nights", "Past nights that were judged then. Null: none were yet.", nullable=True),
    CheckConstraint("(done_at IS NULL) = (nights IS NULL)", name="done"),
    schema="compliance",
    comment="Policies that were judged for the first time after earlier nights, and the state of their backfill.",
)

framework_section = Table(
    "framework_section",
    metadata,
    integer("framework_section_id", "Surrogate key.", Identity(), primary_key=True),
    text("framework", "Framework, with its version."),
    text("section", "Section, or empty where the framework has unnumbered ones."),
    text("title", "Title of the section."),
    UniqueConstraint("framework", "section", "title"),
    schema="compliance",
    comment="Sections of compliance frameworks.",
)

policy_section = Table(
    "policy_section",
    metadata,
    integer(
        "framework_section_id",
        "The section.",
        ForeignKey("compliance.framework_section.framework_section_id"),
        primary_key=True,
        autoincrement=False,
    ),
    integer(
        "policy_key",
        "The policy.",
        ForeignKey("compliance.policy.policy_key"),
        primary_key=True,
        autoincrement=False,
    ),
    schema="compliance",
    comment="Which policies serve which framework sections.",
)
