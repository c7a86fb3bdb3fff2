"""Explain a verdict: the branches of the policy's CASE one by one, and the versions that are the evidence.

The policy's own SQL is asked, over the same relations as the evaluation: each branch of its CASE becomes a
column of its own, and so does every value that a branch reads.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import sqlglot
from psycopg import sql
from psycopg.rows import dict_row
from sqlglot import exp

from cmdb.queries import query_text
from evaluator.catalog.loading import Catalog
from evaluator.catalog.logic import check_logic
from evaluator.catalog.parameters import ParameterType
from evaluator.catalog.policy import Policy
from evaluator.errors import PolicyError

SQL = "evaluator.judging.sql"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """A branch of the policy's CASE: what it asks, whether it held, and what it saw.

    ``held`` is None for a branch that was not looked at because one before it held. The last step, the
    ELSE, asks nothing and holds when it is reached.
    """

    condition: str
    asks: str
    held: bool | None
    saw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A version that the verdict rests on: of what, its time, and when (by which run) it was read last.

    ``valid_to`` None: the version is the latest. ``run_id`` None: the run is past retention.
    """

    item: str
    item_id: str
    version_id: int
    valid_from: datetime
    valid_to: datetime | None
    read_at: datetime | None
    run_id: int | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one policy said of one stage at a time, and why."""

    policy_id: str
    status: str
    condition: str
    message: str
    remediation: str | None
    valid_from: datetime
    """Since when this condition holds."""
    valid_to: datetime | None
    since: datetime
    """Since when the status holds."""
    episode_since: datetime | None
    evaluated_at: datetime
    policy_version: str
    """Content hash of the policy that judged."""
    steps: Sequence[Step]
    evidence: Sequence[Evidence]
    relations: frozenset[str]
    """Relations that the policy reads."""
    missing: str | None = None
    """Why there are no steps and no evidence; None when there are."""


def explain(
    connection: Connection,
    catalog: Catalog,
    stage_id: int,
    *,
    as_of: datetime | None = None,
    policies: Sequence[str] | None = None,
) -> Iterator[Explanation]:
    """Yield what each policy said of a stage at a time (None: now), by policy id.

    The inventory is asked as the last evaluation by then saw it, with the policy's content of that time.
    """
    values = {
        "stage_id": stage_id,
        "as_of": as_of,
        "policies": None if policies is None else list(policies),
    }
    for verdict in _rows(connection, query_text("explain_verdicts", SQL), values):
        definition = verdict.pop("definition")
        content_hash = verdict.pop("content_hash")
        max_staleness = verdict.pop("max_staleness")
        common = {**verdict, "since": verdict["status_since"], "policy_version": content_hash}
        del common["status_since"]
        try:
            policy, parameters = _policy_of(catalog, verdict["policy_id"], definition)
        except PolicyError as error:
            yield Explanation(**common, steps=(), evidence=(), relations=frozenset(), missing=str(error))
            continue
        case = _Case(policy, parameters, stage_id, verdict["evaluated_at"], max_staleness)
        yield Explanation(
            **common,
            steps=case.steps(connection),
            evidence=case.evidence(connection),
            relations=policy.logic.relations,
        )


def _policy_of(
    catalog: Catalog, policy_id: str, definition: Mapping[str, Any]
) -> tuple[Policy, Mapping[str, Any]]:
    """Return the policy with the content that judged, and its parameters' values then.

    Raises ``PolicyError`` when the catalog no longer knows the policy, or what its parameters mean.
    """
    known = {policy.id: policy for policy in catalog.policies}
    today = known.get(policy_id)
    if today is None:
        raise PolicyError("The policy has left the catalog, so its conditions cannot be gone through again.")
    parameters = dict(definition["parameters"])
    declared = {name: today.parameters[name] for name in parameters if name in today.parameters}
    if definition["logic"] != today.logic_sql:
        logic = check_logic(f"policy {policy_id}, as it was", definition["logic"], declared)
        today = dataclasses.replace(today, logic=logic, parameters=declared)
    for name, parameter in declared.items():
        if parameter.type is ParameterType.DURATION:
            parameters[name] = timedelta(seconds=float(str(parameters[name]).removesuffix(" seconds")))
    return today, parameters


@dataclass(frozen=True, slots=True)
class _Case:
    """One policy's CASE for one stage as of one time."""

    policy: Policy
    parameters: Mapping[str, Any]
    stage_id: int
    as_of: datetime
    max_staleness: timedelta

    def steps(self, connection: Connection) -> list[Step]:
        tree = sqlglot.parse_one(self.policy.logic_sql, dialect="postgres", into=exp.Select)
        case = next(item.unalias() for item in tree.expressions if item.alias_or_name == "condition")
        questions = [branch.this for branch in case.args["ifs"]]
        names = [branch.args["true"].name for branch in case.args["ifs"]]
        reads = [_columns(asked, tree) for asked in questions]
        read = {name: column for columns in reads for name, column in columns.items()}
        given: dict[str, Any] = {**self.policy.values(self.parameters), "as_of": self.as_of}
        names_of = {name: f"value_{at}" for at, name in enumerate(read)}
        tree.set(
            "expressions",
            [
                *(exp.alias_(asked.copy(), f"branch_{at}") for at, asked in enumerate(questions)),
                *(exp.alias_(column.copy(), names_of[name]) for name, column in read.items()),
            ],
        )
        origin = tree.args["from_"].this.alias_or_name
        only = exp.EQ(this=exp.column("stage_id", table=origin), expression=exp.convert(self.stage_id))
        (row,) = self._ask(connection, "WITH {relations}\n{logic}", _text(tree.where(only)))
        steps = []
        decided = False
        for at, (asked, name) in enumerate(zip(questions, names, strict=True)):
            if decided:
                steps.append(Step(name, _text(asked), None, {}))
                continue
            decided = bool(row[f"branch_{at}"])
            saw = {column: row[names_of[column]] for column in reads[at]}
            saw |= {
                f":{asked_for.name}": given[asked_for.name] for asked_for in asked.find_all(exp.Placeholder)
            }
            steps.append(Step(name, _text(asked), decided, saw))
        steps.append(Step(case.args["default"].name, "otherwise", None if decided else True, {}))
        return steps

    def evidence(self, connection: Connection) -> list[Evidence]:
        text = query_text("explain_evidence", SQL)
        rows = self._ask(connection, text, self.policy.logic_sql)
        return [Evidence(**{**row, "facts": _with_times(row["facts"])}) for row in rows]

    def _ask(self, connection: Connection, text: str, logic: str) -> list[dict[str, Any]]:
        bound, values = self.policy.bind(logic, {**self.parameters, "as_of": self.as_of})
        composed = text.replace("{relations}", query_text("relations_as_of", SQL)).replace("{logic}", bound)
        values |= {"max_staleness": self.max_staleness, "stage_id": self.stage_id}
        return _rows(connection, composed, values)


def _with_times(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with the times that JSON carries as text."""
    return {
        name: datetime.fromisoformat(value) if name.endswith(("_at", "_since")) and value else value
        for name, value in facts.items()
    }


def _columns(asked: exp.Expr, tree: exp.Expr) -> dict[str, exp.Column]:
    """Return the columns that a question reads from the outermost SELECT, by the name people know."""
    return {
        column.sql(): column
        for column in asked.find_all(exp.Column)
        if column.find_ancestor(exp.Select) is tree
    }


def _text(tree: exp.Expr) -> str:
    """Return SQL with parameters as policies write them; the generator writes them in the driver's form."""
    return re.sub(r"%\((\w+)\)s", r":\1", tree.sql(dialect="postgres", comments=False))


def _rows(connection: Connection, text: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        # Our own files around the policy's checked SQL.
        return cursor.execute(sql.SQL(text), values).fetchall()
