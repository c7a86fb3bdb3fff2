"""Judge items under policies and keep the verdicts as compliance records.

One transaction per policy: a killed evaluation leaves the night before untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.runs.runs import Run, hold
from cmdb.server.database import Cursor, transaction
from cmdb.server.staging import stage_rows
from evaluator.catalog.policy import Policy
from evaluator.catalog.reading import Local
from evaluator.judging.changes import changed_items
from evaluator.judging.guard import DEFAULT_TIMEOUT
from evaluator.judging.judge import SQL, Judge
from evaluator.judging.registry import Registered, register

_COUNTED = (("account_region_id", "int4"), ("condition_key", "int4"), ("items", "int4"))

FULL = "full"
INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one policy's evaluation found: items judged, records that opened or closed, and how it went."""

    policy_id: str
    items: int
    changed: int
    mode: str = FULL


@dataclass(frozen=True, slots=True)
class _Last:
    """The last evaluation of a policy."""

    as_of: datetime
    policy_version_id: int
    max_staleness: timedelta
    last_version_id: int | None
    """Items with later ids came after it. None: unknown."""
    is_overtaken: bool
    """Whether a run that began later wrote at its time or before."""


def evaluate(
    engine: Engine,
    policy: Policy,
    run: Run,
    *,
    max_staleness: timedelta,
    parameters: Mapping[str, Any],
    full: bool = False,
    statement_timeout: timedelta = DEFAULT_TIMEOUT,
) -> Evaluation:
    """Judge the items under a policy as of the run, and write what changed.

    Judges only what may have changed since the policy's last evaluation where that gives the same, unless
    ``full``. ``parameters`` override the policy's defaults. Raises ``PolicyError`` when the policy's SQL
    fails, takes longer than ``statement_timeout``, or leaves out or doubles an item; nothing is written then.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        hold(cursor, run.run_id)
        registered = register(cursor, policy, parameters, run.as_of)
        values = bound_values(registered, run.as_of, max_staleness)
        last = _last(cursor, values)
        if last is None:
            cursor.execute(query("first_judged", SQL), values)
        elif last.as_of == run.as_of:
            _take_back(cursor, values)
        judge = Judge(cursor, policy, registered, values, timeout=statement_timeout)
        local = judge.composition.local
        if not full and last is not None and local is not None and _may_be_incremental(judge, last):
            outcome = _incremental(judge, last, local)
        else:
            outcome = in_full(judge)
        store_evaluation(cursor, values, run.run_id, outcome)
    return outcome


def bound_values(registered: Registered, as_of: datetime, max_staleness: timedelta) -> dict[str, Any]:
    """Return what the statements bind beside a policy's own parameters."""
    return {
        "policy_key": registered.policy_key,
        "policy_version_id": registered.policy_version_id,
        "max_staleness": max_staleness,
        "as_of": as_of,
    }


def store_evaluation(cursor: Cursor, values: Mapping[str, Any], run_id: int, outcome: Evaluation) -> None:
    """Note that a run evaluated a policy."""
    how = {"mode": outcome.mode, "items": outcome.items, "changed": outcome.changed}
    cursor.execute(query("evaluation_store", SQL), {**values, "run_id": run_id, **how})


def in_full(judge: Judge) -> Evaluation:
    """Judge every item and write what changed."""
    cursor, values = judge.cursor, judge.values
    judged = judge.all_items()
    changed = 0
    if judged.differing:
        judge.verdicts(judged.differing, judged.items)
        changed = _write(cursor, values)
    if changed:
        stage_rows(cursor, "counted", _COUNTED, judged.counts)
        for step in ("tally_close", "tally_open"):
            cursor.execute(query(step, SQL), values)
    return Evaluation(judge.policy.id, judged.items, changed, FULL)


def _incremental(judge: Judge, last: _Last, local: Local) -> Evaluation:
    cursor, values = judge.cursor, judge.values
    cursor.execute(query("dirty_table", SQL))
    cursor.execute("TRUNCATE pg_temp.dirty")
    since = {"_since": last.as_of, "_watermark": last.last_version_id}
    cursor.execute(sql.SQL(changed_items(local)), {**values, **since})
    dirty = cursor.rowcount
    changed = 0
    if dirty:
        judge.dirty_verdicts()
        changed = _write(cursor, values)
    if changed:
        stage_rows(cursor, "counted", _COUNTED, ())
        for step in ("counts_shifted", "counts_close", "tally_open"):
            cursor.execute(query(step, SQL), values)
    return Evaluation(judge.policy.id, dirty, changed, INCREMENTAL)


def _last(cursor: Cursor, values: Mapping[str, Any]) -> _Last | None:
    row = cursor.execute(query("last_evaluation", SQL), values).fetchone()
    return None if row is None else _Last(*row)


def _may_be_incremental(judge: Judge, last: _Last) -> bool:
    """Return whether looking at what changed since the last evaluation gives what judging everything would."""
    values = judge.values
    return (
        last.as_of < values["as_of"]
        and last.policy_version_id == values["policy_version_id"]
        and last.max_staleness == values["max_staleness"]
        and last.last_version_id is not None
        and not last.is_overtaken
    )


def _write(cursor: Cursor, values: Mapping[str, Any]) -> int:
    """Write the verdicts that wait; return how many records they change."""
    cursor.execute(query("recheck_move", SQL), values)
    for step in ("episode_end", "record_close", "record_open"):
        cursor.execute(query(step, SQL), values)
    return cursor.rowcount


def _take_back(cursor: Cursor, values: Mapping[str, Any]) -> None:
    """Undo an earlier evaluation of the same as_of, so that this one replaces it without a trace."""
    for step in (
        "undo_episodes",
        "undo_records",
        "undo_restore",
        "undo_tally_opened",
        "undo_tally_closed",
    ):
        cursor.execute(query(step, SQL), values)
