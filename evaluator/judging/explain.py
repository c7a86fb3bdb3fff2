"""Explain a verdict: the branches of the policy's CASE one by one, and the versions that are the evidence.

The policy's own SQL is asked, over the same relations as the evaluation: each branch of its CASE becomes a
column of its own, and so does every value that a branch reads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import sqlglot
from psycopg import sql
from psycopg.rows import dict_row
from sqlglot import exp

from cmdb.items import ItemType
from cmdb.queries import query_text
from evaluator.catalog.composition import Composition
from evaluator.catalog.loading import Catalog
from evaluator.catalog.logic import check_logic
from evaluator.catalog.parameters import ParameterType
from evaluator.catalog.policy import Policy
from evaluator.catalog.reading import Joined, sql_text
from evaluator.errors import PolicyError
from evaluator.judging.former import is_former, of_today
from evaluator.judging.relations import relations_as_of, version_statement

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
    """What one policy said of one item at a time, and why."""

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
    unjoined: frozenset[str] = frozenset()
    """Item types that it reads beside what it joins: no evidence shows what changed in them."""
    subjects: Sequence[str] | None = None
    """What within the item is at fault, the first twenty. None: the policy does not say."""
    subject_count: int | None = None
    missing: str | None = None
    """Why there are no steps and no evidence; None when there are."""


def explain(
    connection: Connection,
    catalog: Catalog,
    item_id: int,
    *,
    as_of: datetime | None = None,
    policies: Sequence[str] | None = None,
) -> Iterator[Explanation]:
    """Yield what each policy said of an item at a time (None: now), by policy id.

    The inventory is asked as the last evaluation by then saw it, with the policy's content of that time.
    """
    values = {
        "item_id": item_id,
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
        case = _Case(policy, parameters, item_id, verdict["evaluated_at"], max_staleness)
        steps, versions = case.steps(connection)
        yield Explanation(
            **common,
            steps=steps,
            evidence=[case.version(connection, one, version) for one, version in versions],
            relations=policy.logic.relations,
            unjoined=policy.logic.composition.unjoined,
        )


def last_read(
    connection: Connection, declared: ItemType, version_id: int, before: datetime
) -> datetime | None:
    """Return when a version was last read by a run before ``before``; None: it is not known."""
    as_of = before - timedelta(microseconds=1)
    values = {"version_id": version_id, "as_of": as_of, "max_staleness": timedelta()}
    (row,) = _rows(connection, version_statement(declared, ()), values)
    read_at: datetime | None = row["read_at"]
    return read_at


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
    if definition["logic"] != today.logic.whole:
        text = of_today(definition["logic"]) if is_former(definition["logic"]) else definition["logic"]
        logic = check_logic(f"policy {policy_id}, as it was", text, declared, today.logic.item_type)
        today = dataclasses.replace(today, logic=logic, parameters=declared)
    for name, parameter in declared.items():
        if parameter.type is ParameterType.DURATION:
            parameters[name] = timedelta(seconds=float(str(parameters[name]).removesuffix(" seconds")))
    return today, parameters


@dataclass(frozen=True, slots=True)
class _Case:
    """One policy's CASE for one item as of one time."""

    policy: Policy
    parameters: Mapping[str, Any]
    item_id: int
    as_of: datetime
    max_staleness: timedelta

    @property
    def composition(self) -> Composition:
        return self.policy.logic.composition

    def steps(self, connection: Connection) -> tuple[list[Step], list[tuple[Joined, int]]]:
        """Return the branches one by one, and the versions of what was looked at on the way down."""
        composition = self.composition
        tree = sqlglot.parse_one(composition.text, dialect="postgres", into=exp.Select)
        questions = [sqlglot.parse_one(asks, dialect="postgres") for _, asks in composition.asked]
        reads = [_columns(asked, tree) for asked in questions]
        read = {name: column for columns in reads for name, column in columns.items()}
        given: dict[str, Any] = {**self.policy.values(self.parameters), "as_of": self.as_of}
        names_of = {name: f"value_{at}" for at, name in enumerate(read)}
        looked_at = [one for one in composition.joined if one.alias in composition.looked_at]
        tree.set(
            "expressions",
            [
                *(exp.alias_(asked.copy(), f"branch_{at}") for at, asked in enumerate(questions)),
                *(exp.alias_(column.copy(), names_of[name]) for name, column in read.items()),
                *(
                    exp.alias_(exp.column("version_id", table=one.alias), f"version_{one.alias}")
                    for one in looked_at
                ),
            ],
        )
        only = exp.EQ(
            this=exp.column("item_id", table=composition.item.alias), expression=exp.convert(self.item_id)
        )
        (row,) = self._ask(connection, sql_text(tree.where(only)))
        steps = []
        held_at: int | None = None
        for at, ((name, _), asked) in enumerate(zip(composition.asked, questions, strict=True)):
            if held_at is not None:
                steps.append(Step(name, sql_text(asked), None, {}))
                continue
            held = bool(row[f"branch_{at}"])
            held_at = at if held else None
            saw = {column: row[names_of[column]] for column in reads[at]}
            saw |= {
                f":{asked_for.name}": given[asked_for.name] for asked_for in asked.find_all(exp.Placeholder)
            }
            steps.append(Step(name, sql_text(asked), held, saw))
        steps.append(Step(composition.conditions[-1], "otherwise", True if held_at is None else None, {}))
        last = len(questions) if held_at is None else held_at
        versions = [
            (one, row[f"version_{one.alias}"])
            for one in looked_at
            if composition.looked_at[one.alias] <= last + 1 and row[f"version_{one.alias}"] is not None
        ]
        # A stage and its canary may serve the same deployment: that is one piece of evidence.
        return steps, list({version: (one, version) for one, version in versions}.values())

    def version(self, connection: Connection, one: Joined, version_id: int) -> Evidence:
        """Return one version that a verdict rests on: when it held, when it was last read, and what it says."""
        declared = one.declared
        facts = [field.name for field in declared.stored if not field.noted]
        facts += [
            field.name
            for field in declared.unstored
            if field.name in self.composition.relations[declared.name]
        ]
        values = {"version_id": version_id, "as_of": self.as_of, "max_staleness": self.max_staleness}
        (row,) = _rows(connection, version_statement(declared, facts), values)
        if "gone_at" in row:
            facts.append(declared.gone_column)
            row[declared.gone_column] = row["gone_at"]
        return Evidence(
            item=declared.name,
            item_id=row["known_as"],
            version_id=version_id,
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            read_at=row["read_at"],
            run_id=row["run_id"],
            facts={name: row[name] for name in facts},
        )

    def _ask(self, connection: Connection, logic: str) -> list[dict[str, Any]]:
        bound, values = self.policy.bind(logic, {**self.parameters, "as_of": self.as_of})
        relations = relations_as_of(self.composition.relations, self.composition.item.declared.name)
        # As a subquery: a policy's SQL may begin with a WITH of its own.
        composed = f"WITH {relations}\nSELECT w.* FROM (\n{bound}\n) AS w"
        return _rows(connection, composed, {**values, "max_staleness": self.max_staleness})


def _columns(asked: exp.Expr, tree: exp.Expr) -> dict[str, exp.Column]:
    """Return the columns that a query reads from the outermost SELECT, by the name people know."""
    return {
        column.sql(): column
        for column in asked.find_all(exp.Column)
        if column.find_ancestor(exp.Select) in (None, tree)
    }


def _rows(connection: Connection, text: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.SQL(text), values).fetchall()
