"""Findings grouped by the change that closes them, the change that closes most first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from cmdb.items import item_type
from evaluator.catalog.fixes import IDENTITY, ONCE, Fix
from evaluator.catalog.policy import Policy
from gateledger.plan import commands, terraform
from gateledger.plan.filling import CannotBeFilled, Values
from gateledger.queries.emptiness import warn_unless_evaluated
from gateledger.queries.reading import Connection, records

Row = Mapping[str, Any]
_SEVERITIES = ("critical", "high", "medium", "low", "informational")


@dataclass(frozen=True, slots=True)
class Target:
    """An item that a change puts right: what to run for it, how to go back, and the same in Terraform."""

    finding: Row
    commands: Sequence[str]
    undo: Sequence[str]
    terraform: Sequence[str]


@dataclass(slots=True)
class Change:
    """One fix for the items of an account-region that need it."""

    policy: Policy
    name: str
    fix: Fix
    once: Values
    """The fields that all its items share: account, region, partition."""
    account_name: str | None
    targets: list[Target] = field(default_factory=list)

    @property
    def account_id(self) -> str:
        """The account."""
        return str(self.once["account_id"])

    @property
    def region(self) -> str:
        """The region."""
        return str(self.once["region"])

    @property
    def label(self) -> str:
        """What Terraform resources of it are called."""
        return terraform.label(self.name, self.account_id, self.region)


@dataclass(slots=True)
class Unfixed:
    """Findings that no mechanical fix closes, and why."""

    policy_id: str
    condition: str
    reason: str
    findings: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, and what is left to people."""

    changes: Sequence[Change]
    unfixed: Sequence[Unfixed]
    evaluated_at: datetime | None
    """The oldest evaluation that the findings are of; None: there are none."""


def read_plan(connection: Connection, policies: Iterable[Policy], chosen: Mapping[str, Any]) -> Plan:
    """Return the plan for the findings that ``chosen`` selects (parameters of ``plan_findings.sql``)."""
    known = {policy.id: policy for policy in policies}
    rows = records(connection, "plan_findings", chosen)
    if not rows:
        warn_unless_evaluated(connection)
    return plan_of(rows, known, _fields(connection, rows, known))


def plan_of(
    rows: Sequence[Row], policies: Mapping[str, Policy], fields: Mapping[tuple[str, int], Values]
) -> Plan:
    """Return the plan for findings; ``fields``: those of items that fixes need, by item type and ``item_id``."""
    changes: dict[tuple[str, ...], Change] = {}
    unfixed: dict[tuple[str, str, str], Unfixed] = {}
    for row in rows:
        try:
            policy, name, fix = _fix(row, policies)
            key = (policy.id, name, *(row[one] for one in ONCE))
            change = changes.get(key) or Change(
                policy, name, fix, {one: row[one] for one in ONCE}, row["account_name"]
            )
            values = {
                **fields.get((row["item_type"], row["item_id"]), {}),
                **{one: row[one] for one in IDENTITY},
            }
            change.targets.append(_target(row, change, values))
            changes[key] = change
        except CannotBeFilled as reason:
            found = (row["policy_id"], row["condition"], str(reason))
            unfixed.setdefault(found, Unfixed(*found)).findings.append(row)
    return Plan(
        sorted(changes.values(), key=_order),
        sorted(unfixed.values(), key=lambda one: (-len(one.findings), one.policy_id, one.condition)),
        min((row["evaluated_at"] for row in rows), default=None),
    )


def _fix(row: Row, policies: Mapping[str, Policy]) -> tuple[Policy, str, Fix]:
    policy = policies.get(row["policy_id"])
    found = None if policy is None else policy.fix_of(row["condition"])
    if policy is None or found is None:
        raise CannotBeFilled("it has no mechanical fix")
    return policy, *found


def _target(row: Row, change: Change, values: Values) -> Target:
    fix = change.fix
    return Target(
        row,
        commands.commands_of(fix, values),
        commands.undo_of(fix, values),
        terraform.resources_of(fix, change.label, len(change.targets) + 1, values),
    )


def _order(change: Change) -> tuple[Any, ...]:
    oldest = min(target.finding["since"] for target in change.targets)
    severity = _SEVERITIES.index(change.policy.severity)
    return -len(change.targets), severity, oldest, change.account_id, change.region, change.policy.id


def _fields(
    connection: Connection, rows: Sequence[Row], policies: Mapping[str, Policy]
) -> dict[tuple[str, int], Values]:
    """Return the fields of items that the fixes of their findings name."""
    wanted: dict[str, tuple[set[str], set[int]]] = {}
    for row in rows:
        policy = policies.get(row["policy_id"])
        found = None if policy is None else policy.fix_of(row["condition"])
        if found is not None:
            names, ids = wanted.setdefault(row["item_type"], (set(), set()))
            names |= found[1].fields() - set(IDENTITY)
            ids.add(row["item_id"])
    return {
        (kind, row["item_id"]): row
        for kind, (names, ids) in wanted.items()
        for row in _of_type(connection, kind, sorted(names | _keys(kind)), sorted(ids))
    }


def _keys(kind: str) -> set[str]:
    """Return the keys by which a call names an item: its own and its parent's."""
    declared = item_type(kind)
    owners = [declared, *([] if declared.parent is None else [item_type(declared.parent)])]
    return {one.key.name for one in owners if one.key is not None}


def _of_type(
    connection: Connection, kind: str, names: Sequence[str], ids: Sequence[int]
) -> list[dict[str, Any]]:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in ["item_id", *names])
    query = sql.SQL("SELECT {} FROM {} WHERE item_id = ANY (%s)").format(
        columns, sql.Identifier("report", kind)
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [list(ids)]).fetchall()
