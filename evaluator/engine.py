"""Judge stages under policies and keep the verdicts as compliance records.

One transaction per policy: a killed evaluation leaves the night before untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from cmdb.copying import stage_rows
from cmdb.database import Cursor, transaction
from cmdb.queries import query, query_text
from cmdb.runs import Run
from evaluator.errors import PolicyError
from evaluator.policy import Policy
from evaluator.registry import Registered, register

SQL = "evaluator.sql"

#: Up to so many changed stages are named to the server one by one; beyond, all are judged again.
_NAMED = 50_000

_COUNTED = (("account_region_id", "int4"), ("condition_key", "int4"), ("stages", "int4"))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one policy's evaluation found: stages judged, records that opened or closed."""

    policy_id: str
    stages: int
    changed: int


@dataclass(frozen=True, slots=True)
class _Judged:
    stages: int
    counts: list[tuple[int, int, int]]
    """account_region_id, condition_key, stages."""
    changed: list[int]
    moved: list[int]


def evaluate(
    engine: Engine,
    policy: Policy,
    run: Run,
    *,
    max_staleness: timedelta,
    parameters: Mapping[str, Any],
) -> Evaluation:
    """Judge every stage under a policy as of the run, and write what changed.

    ``parameters`` override the policy's defaults. Raises ``PolicyError`` when the policy's SQL fails, or
    leaves out or doubles a stage; nothing is written then.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        registered = register(cursor, policy, parameters, run.as_of)
        values: dict[str, Any] = {
            "policy_key": registered.policy_key,
            "policy_version_id": registered.policy_version_id,
            "conditions": list(registered.condition_keys.values()),
            "max_staleness": max_staleness,
            "as_of": run.as_of,
        }
        last = cursor.execute(query("last_evaluation", SQL), values).fetchone()
        if last is not None and last[0] == run.as_of:
            _take_back(cursor, values)
        try:
            judged = _judge(cursor, policy, registered, values)
            _write(cursor, policy, registered, values, judged)
        except (psycopg.errors.DataError, psycopg.errors.SyntaxErrorOrAccessRuleViolation) as error:
            raise PolicyError(
                f"The logic.sql of policy {policy.id} fails on the inventory "
                f"({str(error).splitlines()[0]}): correct it and evaluate again."
            ) from error
        outcome = Evaluation(policy.id, judged.stages, len(judged.changed))
        cursor.execute(
            query("evaluation_store", SQL),
            {
                **values,
                "run_id": run.run_id,
                "mode": "full",
                "stages": outcome.stages,
                "changed": outcome.changed,
            },
        )
    return outcome


def _composed(name: str, policy: Policy, logic: str, restriction: str = "") -> sql.SQL:
    """Return one of our statements around the policy's checked SQL."""
    if not policy.has_recheck:
        logic = f"SELECT w.*, NULL::timestamptz AS recheck_at FROM ({logic}) AS w"
    text = (
        query_text(name, SQL)
        .replace("{relations}", query_text("relations_now", SQL))
        .replace("{logic}", logic)
        .replace("{restriction}", restriction)
    )
    return sql.SQL(text)


def _judge(cursor: Cursor, policy: Policy, registered: Registered, values: Mapping[str, Any]) -> _Judged:
    logic, bound = policy.bound_logic(registered.parameters)
    cursor.execute(_composed("judge", policy, logic), {**bound, **values})
    counts: list[tuple[int, int, int]] = []
    changed: list[int] = []
    moved: list[int] = []
    stages = 0
    for account_region_id, condition, count, differing, rechecked in cursor:
        stages += count
        counts.append((account_region_id, registered.condition_keys[condition], count))
        changed += differing or ()
        moved += rechecked or ()
    return _Judged(stages, counts, changed, moved)


def _write(
    cursor: Cursor, policy: Policy, registered: Registered, values: dict[str, Any], judged: _Judged
) -> None:
    if judged.changed:
        _require_all(cursor, policy, judged)
        _collect_verdicts(cursor, policy, registered, values, judged.changed)
        for step in ("episode_end", "record_close", "record_open"):
            cursor.execute(query(step, SQL), values)
        stage_rows(cursor, "counted", _COUNTED, judged.counts)
        for step in ("tally_close", "tally_open"):
            cursor.execute(query(step, SQL), values)
    if judged.moved:
        _collect_verdicts(cursor, policy, registered, values, judged.moved)
        cursor.execute(query("recheck_move", SQL), values)


def _collect_verdicts(
    cursor: Cursor,
    policy: Policy,
    registered: Registered,
    values: Mapping[str, Any],
    stages: Sequence[int],
) -> None:
    cursor.execute(query("verdict_table", SQL))
    cursor.execute("TRUNCATE pg_temp.verdict")
    logic, bound = policy.bound_logic(registered.parameters)
    restriction = "WHERE v.stage_id = ANY(%(stages)s)"
    if len(stages) > _NAMED:
        stage_rows(cursor, "differing", (("stage_id", "int8"),), ((stage,) for stage in stages))
        restriction = "JOIN pg_temp.differing AS d ON d.stage_id = v.stage_id"
    try:
        cursor.execute(
            _composed("verdicts", policy, logic, restriction), {**bound, **values, "stages": list(stages)}
        )
    except psycopg.errors.UniqueViolation as error:
        raise PolicyError(
            f"The logic.sql of policy {policy.id} returns a stage twice: every stage needs exactly one row, "
            "so look for a join that multiplies rows."
        ) from error


def _require_all(cursor: Cursor, policy: Policy, judged: _Judged) -> None:
    """Refuse a policy that leaves stages without a verdict."""
    row = cursor.execute("SELECT count(*) FROM cmdb.stage").fetchone()
    known = 0 if row is None else row[0]
    if judged.stages != known:
        raise PolicyError(
            f"The logic.sql of policy {policy.id} returns {judged.stages} rows for {known} stages: every "
            "stage needs exactly one row, so drop the WHERE or turn the inner join into a LEFT JOIN."
        )


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
