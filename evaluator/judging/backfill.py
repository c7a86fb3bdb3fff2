"""Judge all past nights from the versions, and write the history as if the policy had judged them in turn.

A backfill judges at the time of every finished run that judged anything, whatever policies it named, so that
all policies share the same nights; at the time of every finished collection that no such run followed before
the next collection; and at its own run's time. A time is judged once, over all that was collected with it, be
it by a collection after the run that judged it at first. It replaces the policy's earlier history, in one
transaction. What it writes carries the policy as it is today.

A policy that is judged for the first time after others (``first_judged.sql``) waits for its backfill until one
is done, however many runs that takes (``waiting``).

A policy that judges each item by what belongs to it alone (``evaluator.catalog.composition``) is swept over:
each item is judged only at the nights on which something that the policy reads of it changed, all in the
same few statements. Any other is judged night by night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from sqlalchemy import Engine

from cmdb.items import scope_owner
from cmdb.queries import query, query_text
from cmdb.runs.runs import Run, hold
from cmdb.server.database import Cursor, transaction
from evaluator.catalog.offered import RECHECK, SUBJECTS
from evaluator.catalog.policy import Policy
from evaluator.catalog.reading import Local
from evaluator.judging import nights
from evaluator.judging.engine import Evaluation, bound_values, in_full, store_evaluation
from evaluator.judging.guard import DEFAULT_TIMEOUT
from evaluator.judging.judge import SQL, Judge, kept_subjects
from evaluator.judging.registry import register

BACKFILL = "backfill"

_SETTINGS = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL default_statistics_target = 10"
_FORGOTTEN = ("episode", "tally", "record_closed", "record", "evaluation")
_READING_NIGHTS = "SELECT w.as_of, w.run_id FROM pg_temp.night AS w ORDER BY w.n"


def backfill(
    engine: Engine,
    policy: Policy,
    run: Run,
    *,
    max_staleness: timedelta,
    parameters: Mapping[str, Any],
    sweeping: bool = True,
    statement_timeout: timedelta = DEFAULT_TIMEOUT,
) -> Evaluation:
    """Replace a policy's history by what it says of every past night; the last is the run's own.

    Without ``sweeping`` every night is judged in full, whatever the policy. Raises ``PolicyError`` as
    ``evaluator.engine.evaluate`` does; the earlier history stays then.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        hold(cursor, run.run_id)
        registered = register(cursor, policy, parameters, run.as_of)
        values = bound_values(registered, run.as_of, max_staleness) | {"run_id": run.run_id}
        cursor.execute(_SETTINGS)
        cursor.execute(query("backfill_tables", SQL))
        cursor.execute(query("backfill_nights", SQL), values)
        for table in _FORGOTTEN:
            statement = query_text("backfill_forget", SQL).replace("{table}", table)
            cursor.execute(sql.SQL(statement), values)
        judge = Judge(cursor, policy, registered, values, is_past=True, timeout=statement_timeout)
        local = judge.composition.local if sweeping else None
        outcome = _night_by_night(judge) if local is None else _sweep(judge, local)
        store_evaluation(cursor, values, run.run_id, outcome)
        cursor.execute(query("backfill_done", SQL), values)
    return outcome


def waiting(engine: Engine, policies: Sequence[Policy], as_of: datetime) -> list[Policy]:
    """Return which of these policies wait for their past nights to be judged; those that failed come last.

    A policy that reads an item type which was never read before it came has no past to judge and waits no longer.
    """
    known = {policy.id: policy for policy in policies}
    found = []
    with transaction(engine) as connection:
        for policy_id, read_before in connection.execute(query("backfill_waiting", SQL)).fetchall():
            policy = known.get(policy_id)
            if policy is None:
                continue
            wanted = {scope_owner(scope) for scope in policy.item_types}
            if all(any(scope.name in read_before for scope in one.scopes) for one in wanted):
                found.append(policy)
            else:
                connection.execute(query("backfill_nothing", SQL), {"policy_id": policy_id, "as_of": as_of})
    return found


def note_failure(engine: Engine, policy_id: str, as_of: datetime, error: str) -> None:
    """Note why the past nights of a policy that waits could not be judged."""
    with transaction(engine) as connection:
        values = {"policy_id": policy_id, "as_of": as_of, "error": error}
        connection.execute(query("backfill_failed", SQL), values)


def _night_by_night(judge: Judge) -> Evaluation:
    """Judge every night in full."""
    cursor, changed, items = judge.cursor, 0, 0
    for as_of, run_id in cursor.execute(_READING_NIGHTS).fetchall():
        values = {**judge.values, "as_of": as_of}
        found = in_full(replace(judge, values=values))
        changed, items = changed + found.changed, found.items
        if run_id != judge.values["run_id"]:
            outcome = Evaluation(judge.policy.id, found.items, found.changed, BACKFILL)
            store_evaluation(cursor, values, run_id, outcome)
    return Evaluation(judge.policy.id, items, changed, BACKFILL)


def _sweep(judge: Judge, local: Local) -> Evaluation:
    """Judge each item at the nights on which something of it changed."""
    cursor, values = judge.cursor, judge.values
    _script(cursor, query_text("backfill_calendar", SQL))
    for made in (nights.tables, nights.versions, nights.moments):
        _script(cursor, made(local), values)
    statement, bound = _statement(judge, local)
    while True:
        with judge.asking():
            cursor.execute(statement, {**bound, **values})
        if not judge.policy.has_recheck:
            break
        cursor.execute(query("backfill_rechecks", SQL))
        if not cursor.rowcount:
            break
        _script(cursor, query_text("backfill_due", SQL).replace("{item}", f"old_{local.item.alias}"))
    cursor.execute("ANALYZE swept")
    cursor.execute(query("backfill_write", SQL))
    changed = cursor.rowcount
    for step in ("closed", "open", "episodes", "tally", "evaluations"):
        cursor.execute(query(f"backfill_{step}", SQL), values)
    row = cursor.execute("SELECT count(DISTINCT item_id) FROM swept").fetchone()
    return Evaluation(judge.policy.id, 0 if row is None else row[0], changed, BACKFILL)


def _statement(judge: Judge, local: Local) -> tuple[sql.SQL, dict[str, Any]]:
    """Return the statement that judges moments: the policy's own expressions over what held at each."""
    policy, composition = judge.policy, judge.composition
    given = policy.values(judge.registered.parameters)
    keys = judge.registered.condition_keys

    def bound_text(text: str) -> tuple[str, dict[str, Any]]:
        logic, bound = policy.bind(text, given)
        return logic.rstrip().replace("%(as_of)s::timestamptz", "_evidence.night_as_of"), bound

    selected, bound = bound_text(composition.select_list(keys))
    computed = bound_text(local.computed)[0] if local.computed else ""
    listed = composition.subjects("v", keys) if policy.logic.has_subjects else f"NULL::{SUBJECTS[1]}"
    parts = {
        "judged": f"{selected}, _evidence.night_n\n{nights.evidence(local)}\n{computed}",
        "recheck": f"v.{RECHECK[0]}" if policy.has_recheck else "NULL",
        "evidence": composition.evidence("v"),
        "subjects": ", ".join(kept_subjects(listed)),
        # Subjects are cut and counted: the planner would look for them each time.
        "once": "OFFSET 0" if policy.logic.has_subjects else "",
    }
    text: str = query_text("backfill_judge", SQL)
    for place, part in parts.items():
        text = text.replace(f"{{{place}}}", part)
    return sql.SQL(text), bound


def _script(cursor: Cursor, text: str, values: Mapping[str, Any] | None = None) -> None:
    """Run a text of several statements, of which the driver binds one at a time."""
    for statement in text.split(";\n"):
        cursor.execute(sql.SQL(statement), values)
