"""Runs: one at a time, one time each, and what became of the ones that were killed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from psycopg import Connection as PsycopgConnection
from psycopg import OperationalError
from psycopg.types.json import Jsonb
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from cmdb.errors import AlreadyRunning, AsOfTooEarly, RunOvertaken
from cmdb.queries import query
from cmdb.runs.scopes import store_uncovered
from cmdb.server.database import Cursor, take_back, transaction
from cmdb.snapshot import ACCOUNT_SCOPE, FailureKind, ScopeStatus

_SQL = "cmdb.runs.sql"

#: Session-level advisory lock that a run holds from start to end (an arbitrary number of our own).
RUN_LOCK = 7_205_759_403_792_002


class RunKind(StrEnum):
    """What a run does."""

    RUN = "run"
    COLLECT = "collect"
    EVALUATE = "evaluate"
    RETIRE = "retire"

    @property
    def collects(self) -> bool:
        """Whether such a run reads AWS."""
        return self in {RunKind.RUN, RunKind.COLLECT}


class RunStatus(StrEnum):
    """How a run stands or ended; ``INCOMPLETE``: done, but some scope failed."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Run:
    """A run in progress: its number, kind and one time."""

    run_id: int
    kind: RunKind
    as_of: datetime


@dataclass(slots=True)
class RunTotals:
    """What a run counted."""

    items_seen: int = 0
    items_changed: int = 0
    findings_changed: int = 0
    calls: int = 0
    throttles: int = 0
    quota: dict[str, Any] | None = None
    """How much of API Gateway's quota was taken, as ``report.run`` shows it; None: not known."""


@contextmanager
def run_lock(engine: Engine) -> Iterator[None]:
    """Hold the lock that keeps two runs from overlapping.

    Raises ``AlreadyRunning``. The lock belongs to a session, so a killed process gives it back.
    """
    raw = engine.raw_connection()
    try:
        connection = raw.driver_connection
        assert isinstance(connection, PsycopgConnection)  # noqa: S101 - the engine is psycopg's
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (RUN_LOCK,)).fetchone()
        connection.commit()
        if row is None or not row[0]:
            raise AlreadyRunning(
                "Another run of gateledger is in progress on this database: wait for it to end "
                "(`gateledger status` shows it)."
            )
        try:
            yield
        finally:
            _unlock(raw, connection)
    finally:
        raw.close()


def _unlock(raw: PoolProxiedConnection, connection: PsycopgConnection[Any]) -> None:
    """Give the run lock back; a session that was lost in between has given it back already."""
    take_back(raw, connection)
    if connection.closed:
        return
    try:
        connection.execute("SELECT pg_advisory_unlock(%s)", (RUN_LOCK,))
        connection.commit()
    except OperationalError:
        raw.invalidate()


_UNCOLLECTED = (
    "The last run did not read it: it ended early, or the account or region is not among those to read."
)
_NOT_WANTED = "No enabled policy and no setting asks for it, so it is not read."


def hold(cursor: Cursor, run_id: int) -> None:
    """Keep a run from being settled by another one until the end of the transaction.

    Whoever lost the session that held the run lock may have been overtaken. Raises ``RunOvertaken`` then.
    """
    if cursor.execute(query("run_hold", _SQL), {"run_id": run_id}).fetchone() is None:
        raise RunOvertaken(
            f"Run {run_id} lost its connection to the database and another run has begun since: nothing more "
            "of it is kept; see `gateledger status`."
        )


def clock_and_last_run(cursor: Cursor) -> tuple[datetime, datetime | None]:
    """Return the database's clock, and the last run's time; None: there was none."""
    row = cursor.execute(query("run_clock", _SQL)).fetchone()
    assert row is not None  # noqa: S101 - the statement has no FROM
    return row[0], row[1]


def start(engine: Engine, kind: RunKind, as_of: datetime | None) -> Run:
    """Open a run under the run lock, after settling one that was killed.

    ``as_of`` defaults to the database's clock, and never lies before the last run's: a clock that went back
    is held at the last run's time. Raises ``AsOfTooEarly`` when the given time does.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        _abandon(cursor)
        clock, last = clock_and_last_run(cursor)
        if as_of is not None and last is not None and as_of < last:
            raise AsOfTooEarly(
                f"--as-of {iso(as_of)} lies before the last run's {iso(last)}: history is only written "
                "forward; give that time or a later one."
            )
        moment = as_of if as_of is not None else max(clock, last) if last is not None else clock
        inserted = cursor.execute(query("run_open", _SQL), {"kind": kind, "as_of": moment}).fetchone()
    if inserted is None:
        raise AlreadyRunning("The database did not take the run: look at `gateledger status`.")
    return Run(inserted[0], kind, moment)


def finish_collection(engine: Engine, run: Run, wanted: Iterable[str] | None = None) -> tuple[int, int]:
    """Note the scopes that the run did not cover; return how many are fine and how many failed.

    ``wanted`` are the scopes that it was to read in each account-region (None: not known, or all): what it did
    not want is left out on purpose, and nothing else of it changes.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        hold(cursor, run.run_id)
        _mark_uncovered(cursor, run.as_of, wanted)
        row = cursor.execute(query("run_scopes", _SQL), {"as_of": run.as_of}).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def finish(
    engine: Engine,
    run: Run,
    status: RunStatus,
    totals: RunTotals,
    scopes: tuple[int, int] = (0, 0),
    error: str | None = None,
) -> None:
    """Close a run with what it counted. Raises ``RunOvertaken``."""
    with transaction(engine) as connection, connection.cursor() as cursor:
        hold(cursor, run.run_id)
        cursor.execute(
            query("run_close", _SQL),
            {
                "run_id": run.run_id,
                "status": status,
                "scopes_ok": scopes[0],
                "scopes_failed": scopes[1],
                "items_seen": totals.items_seen,
                "items_changed": totals.items_changed,
                "findings_changed": totals.findings_changed,
                "calls": totals.calls,
                "throttles": totals.throttles,
                "quota": None if totals.quota is None else Jsonb(totals.quota),
                "error": error,
            },
        )


def iso(moment: datetime) -> str:
    """Return a time as people read it: ISO 8601, UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _abandon(cursor: Cursor) -> None:
    """Settle a run whose process died: what it did not reach counts as not collected by it."""
    for kind, as_of in cursor.execute(query("run_abandon", _SQL)).fetchall():
        if RunKind(kind).collects:
            _mark_uncovered(cursor, as_of, None)


def _mark_uncovered(cursor: Cursor, as_of: datetime, wanted: Iterable[str] | None) -> None:
    """Mark scopes that a run did not cover: as skipped what it did not want, the others as uncollected."""
    names = None if wanted is None else sorted({ACCOUNT_SCOPE, *wanted})
    uncollected = (True, ScopeStatus.UNCOLLECTED, None, _UNCOLLECTED)
    skipped = (False, ScopeStatus.SKIPPED, FailureKind.NOT_WANTED, _NOT_WANTED)
    for is_wanted, status, kind, error in (uncollected,) if names is None else (uncollected, skipped):
        store_uncovered(
            cursor, as_of, wanted=names, is_wanted=is_wanted, status=status, kind=kind, error=error
        )
