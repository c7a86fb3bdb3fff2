"""Record how the collection of scopes ended: their state now, their history, their unread items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.copying import stage_rows
from cmdb.database import Cursor
from cmdb.queries import query
from cmdb.snapshot import CallCounts, Failure, ItemType, ScopeStatus

_OUTCOME = (
    ("account_region_id", "int4"),
    ("item_type", "text"),
    ("status", "text"),
    ("failure_kind", "text"),
    ("operation", "text"),
    ("error", "text"),
    ("items", "int4"),
    ("digest", "bytea"),
    ("calls", "int4"),
    ("throttles", "int4"),
    ("waited_seconds", "float8"),
    ("duration_seconds", "float8"),
)
_UNREAD = (
    ("account_region_id", "int4"),
    ("item_type", "text"),
    ("item_id", "text"),
    ("failure_kind", "text"),
    ("error", "text"),
)


@dataclass(slots=True)
class Outcome:
    """How one attempt on a scope ended. ``digest`` is what the scope carries from now on."""

    account_region_id: int
    item_type: ItemType
    status: ScopeStatus
    failure: Failure | None = None
    items: int = 0
    unread: Mapping[str, Failure] = field(default_factory=dict)
    digest: bytes | None = None
    cost: CallCounts = field(default_factory=CallCounts)


def digests(cursor: Cursor, region_id: int) -> dict[str, bytes | None]:
    """Return the stored digests of an account-region by item type."""
    cursor.execute("SELECT item_type, digest FROM cmdb.scope WHERE account_region_id = %s", (region_id,))
    return dict(cursor.fetchall())


def record(cursor: Cursor, outcomes: Sequence[Outcome], as_of: datetime) -> None:
    """Store outcomes: unread items and history first, since they refer to the reading before this one."""
    if not outcomes:
        return
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
    for step in (
        "unread_forget",
        "unread_close",
        "unread_open",
        "scope_state_amend",
        "scope_state_close",
        "scope_state_open",
        "scope_store",
    ):
        cursor.execute(query(step), {"as_of": as_of})


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
        cost.calls,
        cost.throttles,
        cost.waited_seconds,
        cost.duration_seconds,
    )
