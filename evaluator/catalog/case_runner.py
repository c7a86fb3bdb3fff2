"""Running a policy's cases on PostgreSQL: the real SQL over relations made of values; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from evaluator.catalog.cases import Case, Row
from evaluator.catalog.offered import AS_OF, RECHECK, SUBJECTS, offered
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
        verdict = _verdict(connection, policy, case)
        condition = verdict.condition
        status = policy.status_of(condition)
        problems = _differences(policy, case, verdict, status)
        if not problems and case.over is not None:
            problems = _precedence(policy, case.over, verdict)
    except (psycopg.Error, PolicyError) as error:
        problems = [f"{error}".strip().splitlines()[0]]
    return CaseResult(policy.id, case.name, case.condition, case.status, condition, status, tuple(problems))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a policy says of a case's item."""

    condition: str
    recheck_at: datetime | None
    subjects: tuple[str, ...] | None
    evidence: tuple[int, ...]
    held: tuple[bool, ...]
    """Of each branch of the CASE, whether what it asks holds."""


def _differences(policy: Policy, case: Case, verdict: _Verdict, status: str) -> list[str]:
    problems = []
    if (verdict.condition, status) != (case.condition, case.status):
        problems.append(
            f"Expected {case.condition} ({case.status}), but {verdict.condition} ({status}) came."
        )
    if case.evidence is not None:
        names = [one.declared.name for one in policy.logic.composition.joined]
        came = frozenset(
            name
            for name in names
            if {row["version_id"] for row in case.relations[name]} & set(verdict.evidence)
        )
        if came != case.evidence:
            problems.append(
                f"Expected the evidence {_listed(case.evidence, names)}, but {_listed(came, names)} came as evidence."
            )
    if case.subjects is not None and verdict.subjects != case.subjects:
        problems.append(f"Expected the subjects {list(case.subjects)}, but {verdict.subjects} came.")
    if case.recheck_at is not None and verdict.recheck_at != case.recheck_at:
        came_at = "none" if verdict.recheck_at is None else verdict.recheck_at.isoformat()
        problems.append(f"Expected recheck_at {case.recheck_at.isoformat()}, but {came_at} came.")
    return problems


def _precedence(policy: Policy, over: str, verdict: _Verdict) -> list[str]:
    """See that ``over`` would hold were nothing asked before it: else the case shows no precedence."""
    names = policy.logic.composition.conditions
    first = names.index(over)
    for name, holds in zip(names[first:], [*verdict.held[first:], True], strict=True):
        if holds:
            came = name
            break
    if came == over:
        return []
    return [f"The case says that {over} holds as well, but asked first {came} came."]


def _listed(names: frozenset[str], order: list[str]) -> str:
    return ", ".join([name for name in order if name in names] + sorted(names - set(order))) or "nothing"


def _verdict(connection: psycopg.Connection[Any], policy: Policy, case: Case) -> _Verdict:
    composition = policy.logic.composition
    keys = {name: number for number, name in enumerate(dict.fromkeys(composition.conditions))}
    asked = [f"({asks}) IS TRUE" for _, asks in composition.asked]
    logic, values = policy.bind(
        composition.select(keys, with_evidence=True, extra=f"ARRAY[{', '.join(asked)}]::boolean[] AS held"),
        {**case.parameters, AS_OF: case.as_of},
    )
    relations = [
        _relation(name, columns, case.relations[name], values)
        for name, columns in composition.relations.items()
    ]
    recheck = RECHECK[0] if policy.has_recheck else "NULL"
    subjects = composition.subjects("v", keys) if policy.logic.has_subjects else "NULL"
    text = (
        f"WITH {', '.join(relations)} SELECT v.item_id, v.condition_key, {recheck}::{RECHECK[1]}, "
        f"({subjects})::{SUBJECTS[1]}, {composition.evidence('v')}, v.held FROM ({logic}) AS v"
    )
    # A savepoint of its own, so that a case that fails in the database leaves the others their turn.
    with connection.transaction(), connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        found = cursor.execute(sql.SQL(text), values).fetchall()
    judged = case.relations[composition.item.declared.name]
    if sorted(row[0] for row in found) != sorted(row["item_id"] for row in judged):
        raise PolicyError(
            f"The logic gives {len(found)} rows for {len(judged)} items; each item needs exactly one."
        )
    row = next(row for row in found if row[0] == judged[0]["item_id"])
    names = {number: name for name, number in keys.items()}
    return _Verdict(
        names[row[1]], row[2], None if row[3] is None else tuple(row[3]), tuple(row[4]), tuple(row[5])
    )


def _relation(name: str, needed: frozenset[str], rows: tuple[Row, ...], values: dict[str, Any]) -> str:
    """Return the relation as a common table expression and put its values among those to bind."""
    columns = [(column, kind) for column, kind in offered()[name] if column in needed]
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
