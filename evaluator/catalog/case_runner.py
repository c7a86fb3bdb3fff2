"""Running a policy's cases on PostgreSQL: the real SQL over relations made of values; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from evaluator.catalog.cases import EVIDENCE, Case, Row
from evaluator.catalog.offered import AS_OF, OFFERED, RECHECK, VERDICT
from evaluator.catalog.policy import Policy
from evaluator.errors import PolicyError

TIMEOUT = "30s"
"""How long one case may take."""

_SETTINGS = (
    "SET TRANSACTION READ ONLY",
    # Only PostgreSQL's own functions are found, whatever a database adds; zones never come from the server.
    "SET LOCAL search_path TO pg_catalog",
    "SET LOCAL TimeZone TO 'UTC'",
    f"SET LOCAL statement_timeout TO '{TIMEOUT}'",
)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case."""

    policy_id: str
    case: str
    expected_condition: str
    expected_status: str
    condition: str | None
    """The condition that came; None: none did."""
    status: str | None
    problems: tuple[str, ...]
    """What is wrong, each as a sentence; none: the case passed."""

    @property
    def passed(self) -> bool:
        """Whether all came as the case expects."""
        return not self.problems


def run_cases(connection: psycopg.Connection[Any], policy: Policy) -> list[CaseResult]:
    """Run all cases of a policy in a transaction that can only read and is rolled back."""
    with connection.transaction(force_rollback=True):
        for setting in _SETTINGS:
            connection.execute(setting)
        return [_run(connection, policy, case) for case in policy.cases]


def _run(connection: psycopg.Connection[Any], policy: Policy, case: Case) -> CaseResult:
    condition: str | None = None
    status: str | None = None
    try:
        verdict = _verdict(connection, policy, case, policy.logic_sql)
        condition = verdict["condition"]
        status = policy.status_of(str(condition))
        problems = _differences(case, verdict, status)
        if not problems and case.over is not None:
            problems = _precedence(connection, policy, case, case.over)
    except (psycopg.Error, PolicyError) as error:
        problems = [f"{error}".strip().splitlines()[0]]
    return CaseResult(policy.id, case.name, case.condition, case.status, condition, status, tuple(problems))


def _differences(case: Case, verdict: Mapping[str, Any], status: str) -> list[str]:
    problems = []
    if (verdict["condition"], status) != (case.condition, case.status):
        problems.append(
            f"Expected {case.condition} ({case.status}), but {verdict['condition']} ({status}) came."
        )
    expected = _versions(case)
    if case.evidence is not None:
        came = frozenset(name for name in EVIDENCE if verdict[f"{name}_version"] is not None)
        if came != case.evidence:
            problems.append(
                f"Expected the evidence {_listed(case.evidence)}, but {_listed(came)} came as evidence."
            )
    for name in EVIDENCE:
        version = verdict[f"{name}_version"]
        if version is not None and version not in expected[name]:
            problems.append(f"The evidence {name}_version is {version}, which is no version of a {name}.")
    recheck_at: datetime | None = verdict[RECHECK[0]]
    if case.recheck_at is not None and recheck_at != case.recheck_at:
        came_at = "none" if recheck_at is None else recheck_at.isoformat()
        problems.append(f"Expected recheck_at {case.recheck_at.isoformat()}, but {came_at} came.")
    return problems


def _precedence(connection: psycopg.Connection[Any], policy: Policy, case: Case, over: str) -> list[str]:
    """See that ``over`` would hold were nothing asked before it: else the case shows no precedence."""
    came = _verdict(connection, policy, case, policy.logic.beginning_with(over))["condition"]
    if came == over:
        return []
    return [f"The case says that {over} holds as well, but asked first {came} came."]


def _versions(case: Case) -> dict[str, set[int]]:
    return {name: {row["version_id"] for row in case.relations[name]} for name in EVIDENCE}


def _listed(names: frozenset[str]) -> str:
    return ", ".join(name for name in EVIDENCE if name in names) or "nothing"


def _verdict(
    connection: psycopg.Connection[Any], policy: Policy, case: Case, logic_sql: str
) -> dict[str, Any]:
    logic, values = policy.bind(logic_sql, {**case.parameters, AS_OF: case.as_of})
    relations = [_relation(name, rows, values) for name, rows in case.relations.items()]
    recheck = RECHECK[0] if policy.has_recheck else "NULL"
    outputs = [*(f"verdict.{name}::{kind}" for name, kind in VERDICT), f"{recheck}::{RECHECK[1]}"]
    text = f"WITH {', '.join(relations)} SELECT {', '.join(outputs)} FROM ({logic}) AS verdict"
    # A savepoint of its own, so that a case that fails in the database leaves the others their turn.
    with connection.transaction(), connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        found = cursor.execute(sql.SQL(text), values).fetchall()
    names = [*(name for name, _ in VERDICT), RECHECK[0]]
    verdicts = [dict(zip(names, row, strict=True)) for row in found]
    wanted = sorted(row["stage_id"] for row in case.relations["stage"])
    if sorted(verdict["stage_id"] for verdict in verdicts) != wanted:
        raise PolicyError(
            f"The logic gives {len(verdicts)} rows for {len(wanted)} stages; each stage needs exactly one."
        )
    first = case.relations["stage"][0]["stage_id"]
    return next(verdict for verdict in verdicts if verdict["stage_id"] == first)


def _relation(name: str, rows: tuple[Row, ...], values: dict[str, Any]) -> str:
    """Return the relation as a common table expression and put its values among those to bind."""
    columns = OFFERED[name]
    lines = []
    for number, row in enumerate(rows):
        cells = []
        for column, kind in columns:
            # No parameter of a policy begins with an underscore.
            bind = f"_{name}_{number}_{column}"
            values[bind] = row[column]
            cells.append(f"%({bind})s::{kind}")
        lines.append(f"({', '.join(cells)})")
    if lines:
        body = f"VALUES {', '.join(lines)}"
    else:
        body = f"SELECT {', '.join(f'NULL::{kind}' for _, kind in columns)} WHERE false"
    return f"{name} ({', '.join(column for column, _ in columns)}) AS ({body})"
