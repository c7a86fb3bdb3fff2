"""Record how the collection of scopes ended: their state now, their history, their unread items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.queries import query
from cmdb.server.database import Cursor
from cmdb.server.staging import stage_rows
from cmdb.snapshot import CallCounts, Failure, ScopeStatus

_SQL = "cmdb.runs.sql"

_OUTCOME = (
    ("account_region_id", "int4"),
    ("item_type", "text"),
    ("status", "text"),
    ("failure_kind", "text"),
    ("operation", "text"),
    ("error", "text"),
    ("items", "int4"),
    ("digest", "bytea"),
    ("tokens", "bytea"),
    ("calls", "int4"),
    ("throttles", "int4"),
    ("waited_seconds", "float8"),
    ("duration_seconds", "float8"),
)
#: Steps that take the states of what stands in "outcome" along.
_STATE = ("scope_state_amend", "scope_state_close", "scope_state_open")
_UNREAD = (
    ("account_region_id", "int4"),
    ("item_type", "text"),
    ("item_id", "text"),
    ("failure_kind", "text"),
    ("error", "text"),
)


@dataclass(slots=True)
class Outcome:
    """How one attempt on a scope ended.

    ``digest`` is what the scope carries from now on; ``tokens`` likewise, None: those that it has.
    """

    account_region_id: int
    item_type: str
    status: ScopeStatus
    failure: Failure | None = None
    items: int = 0
    unread: Mapping[str, Failure] = field(default_factory=dict)
    digest: bytes | None = None
    tokens: bytes | None = None
    cost: CallCounts = field(default_factory=CallCounts)


@dataclass(slots=True)
class Held:
    """A scope as it stands before a run's outcome is recorded."""

    status: str
    digest: bytes | None
    is_troubled: bool
    """Whether a failure or an unread item is noted."""


def held(cursor: Cursor, region_ids: Sequence[int]) -> dict[tuple[int, str], Held]:
    """Return the scopes of account-regions by account-region and item type."""
    cursor.execute(query("scope_held", _SQL), {"regions": list(region_ids)}, binary=True)
    return {
        (region_id, item_type): Held(status, digest, troubled)
        for region_id, item_type, status, digest, troubled in cursor.fetchall()
    }


def tokens(cursor: Cursor, item_type: str, region_ids: Sequence[int]) -> dict[int, bytes | None]:
    """Return what scopes of one item type carry as tokens, by account-region."""
    if not region_ids:
        return {}
    where = {"regions": list(region_ids), "item_type": item_type}
    return dict(cursor.execute(query("scope_tokens", _SQL), where, binary=True).fetchall())


def record(
    cursor: Cursor, outcomes: Sequence[Outcome], before: Mapping[tuple[int, str], Held], as_of: datetime
) -> None:
    """Store outcomes; ``before`` holds the scopes as they stand. What is complete as before costs little."""
    quiet: list[Outcome] = []
    others: list[Outcome] = []
    for outcome in outcomes:
        stood = before.get((outcome.account_region_id, outcome.item_type))
        (quiet if stood is not None and _is_quiet(outcome, stood) else others).append(outcome)
    if quiet:
        _see_again(cursor, quiet, before, as_of)
    if others:
        _record(cursor, others, as_of)


def store_uncovered(cursor: Cursor, as_of: datetime, **what: object) -> None:
    """Store that a run did not cover scopes: all that it has not read, of the item types that ``what`` selects.

    ``what`` are the further parameters of ``uncovered_find.sql``.
    """
    stage_rows(cursor, "outcome", _OUTCOME, ())
    for step in ("uncovered_find", *_STATE, "uncovered_store"):
        cursor.execute(query(step, _SQL), {"as_of": as_of, **what})


def _is_quiet(outcome: Outcome, stood: Held) -> bool:
    return (
        outcome.status is ScopeStatus.COMPLETE
        and stood.status == ScopeStatus.COMPLETE
        and outcome.failure is None
        and not outcome.unread
        and not stood.is_troubled
    )


def _see_again(
    cursor: Cursor, quiet: Sequence[Outcome], before: Mapping[tuple[int, str], Held], as_of: datetime
) -> None:
    def digest(outcome: Outcome) -> bytes | None:
        stood = before[outcome.account_region_id, outcome.item_type]
        return None if stood.digest == outcome.digest else outcome.digest

    cursor.execute(
        query("scope_seen_again", _SQL),
        {
            "as_of": as_of,
            "regions": [outcome.account_region_id for outcome in quiet],
            "item_types": [outcome.item_type for outcome in quiet],
            "items": [outcome.items for outcome in quiet],
            "digests": [digest(outcome) for outcome in quiet],
            "tokens": [outcome.tokens for outcome in quiet],
            "calls": [outcome.cost.calls for outcome in quiet],
            "throttles": [outcome.cost.throttles for outcome in quiet],
            "waited": [outcome.cost.waited_seconds for outcome in quiet],
            "durations": [outcome.cost.duration_seconds for outcome in quiet],
        },
    )


def _record(cursor: Cursor, outcomes: Sequence[Outcome], as_of: datetime) -> None:
    """Store outcomes: unread items and history first, since they refer to the reading before this one."""
    stage_rows(cursor, "outcome", _OUTCOME, (_row(outcome) for outcome in outcomes))
    stage_rows(
        cursor,
        "unread",
        _UNREAD,
        (
            (outcome.account_region_id, outcome.item_type, item_id, failure.kind, failure.message)
            for outcome in outcomes
            for item_id, failure in outcome.unread.items()
        ),
    )
    for step in ("unread_forget", "unread_close", "unread_open", *_STATE, "scope_store"):
        cursor.execute(query(step, _SQL), {"as_of": as_of})


def _row(outcome: Outcome) -> tuple[object, ...]:
    failure, cost = outcome.failure, outcome.cost
    return (
        outcome.account_region_id,
        outcome.item_type,
        outcome.status,
        None if failure is None else failure.kind,
        None if failure is None else failure.operation,
        None if failure is None else failure.message,
        outcome.items,
        outcome.digest,
        outcome.tokens,
        cost.calls,
        cost.throttles,
        cost.waited_seconds,
        cost.duration_seconds,
    )
