"""Writing a plan: a script to review, HCL, or JSON. UTF-8 whatever the locale, so that a name is never changed."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine

from gateledger.plan import terraform
from gateledger.plan.changes import Change, Plan, Unfixed, read_plan
from gateledger.plan.commands import preamble
from gateledger.queries.findings import Selection
from gateledger.queries.policy_ids import catalog_of
from gateledger.queries.reading import reading
from gateledger.settings.model import Settings
from gateledger.terminal.console import emit_object, iso
from gateledger.terminal.shell import comment, prose, quoted
from gateledger.terminal.streams import data_on_stdout


class PlanFormat(StrEnum):
    """Forms of a plan."""

    COMMANDS = "commands"
    TERRAFORM = "terraform"
    JSON = "json"


def write_plan(
    engine: Engine, settings: Settings, selection: Selection, form: PlanFormat, *, include_excepted: bool
) -> None:
    """Write what would put the selected incompliant findings right to stdout; change nothing."""
    chosen = {**selection.parameters(), "include_excepted": include_excepted}
    with reading(engine) as connection:
        plan = read_plan(connection, catalog_of(settings).policies, chosen)
    if form is PlanFormat.JSON:
        emit_object(as_object(plan))
        return
    with data_on_stdout() as out:
        for line in as_commands(plan) if form is PlanFormat.COMMANDS else as_terraform(plan):
            out.write(line + "\n")


def as_commands(plan: Plan) -> Iterator[str]:
    """Yield a script of bash, each change in a subshell that stops at the first failure."""
    yield "#!/usr/bin/env bash"
    yield comment(_summary(plan))
    if plan.changes:
        yield comment(
            "Read it before you run it; credentials are those of the account that each block names."
        )
    for number, change in enumerate(plan.changes, start=1):
        yield ""
        yield from (comment(line) for line in _heading(number, change))
        yield "("
        yield from preamble(change.fix, change.account_id, change.once)
        for target in change.targets:
            yield comment(quoted(target.finding["resource_arn"]))
            yield from target.commands
        yield ")"
        yield comment("To go back, in the same account:")
        for target in change.targets:
            yield from (comment(" ", line) for line in target.undo)
    if plan.unfixed:
        yield ""
    yield from (comment(line) for line in _rest(plan))


def as_terraform(plan: Plan) -> Iterator[str]:
    """Yield HCL: arguments for resources that are there already, and resources that are to be added."""
    yield comment(_summary(plan))
    if plan.changes:
        yield comment("To go back, take the arguments and resources out again and apply.")
    for number, change in enumerate(plan.changes, start=1):
        yield ""
        yield from (comment(line) for line in _heading(number, change))
        yield from terraform.declarations(change.fix, change.label, change.once)
        for target in change.targets:
            yield comment(quoted(target.finding["resource_arn"]))
            yield from target.terraform
    if plan.unfixed:
        yield ""
    yield from (comment(line) for line in _rest(plan))


def as_object(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values; commands and Terraform are the lines of the other forms."""
    return {
        "evaluated_at": plan.evaluated_at,
        "changes": [
            {
                "title": change.fix.title,
                "policy_id": change.policy.id,
                "fix": change.name,
                "severity": change.policy.severity,
                "account_id": change.account_id,
                "account_name": change.account_name,
                "region": change.region,
                "findings": len(change.targets),
                "check": list(change.fix.check),
                "inputs": {name: one.meaning for name, one in change.fix.inputs.items()},
                "before": preamble(change.fix, change.account_id, change.once),
                "terraform": terraform.declarations(change.fix, change.label, change.once),
                "items": [
                    {
                        "resource_arn": target.finding["resource_arn"],
                        "condition": target.finding["condition"],
                        "since": target.finding["since"],
                        "exception_id": target.finding["exception_id"],
                        "commands": list(target.commands),
                        "undo": list(target.undo),
                        "terraform": list(target.terraform),
                    }
                    for target in change.targets
                ],
            }
            for change in plan.changes
        ],
        "without_fix": [
            {
                "policy_id": one.policy_id,
                "condition": one.condition,
                "reason": one.reason,
                "findings": len(one.findings),
                "items": [
                    {"resource_arn": row["resource_arn"], "remediation": row["remediation"]}
                    for row in one.findings
                ],
            }
            for one in plan.unfixed
        ],
    }


def _summary(plan: Plan) -> str:
    fixed = sum(len(change.targets) for change in plan.changes)
    total = fixed + sum(len(one.findings) for one in plan.unfixed)
    if plan.evaluated_at is None:
        return "No finding that was chosen is incompliant."
    return (
        f"{_count(len(plan.changes), 'change')} would close {fixed:,} of {_count(total, 'finding')}, as of the "
        f"evaluation of {iso(plan.evaluated_at)}. Nothing was changed."
    )


def _heading(number: int, change: Change) -> Iterator[str]:
    name = "" if change.account_name is None else f" {quoted(change.account_name)}"
    policy = change.policy.id.rsplit("/", 1)[-1]
    yield (
        f"{number}. {prose(change.fix.title)}: closes {_count(len(change.targets), 'finding')} "
        f"({policy}, {change.policy.severity})"
    )
    yield f"   account {change.account_id}{name}, {change.region}"
    yield "   Check first:"
    yield from (f"   - {prose(line)}" for line in change.fix.check)


def _rest(plan: Plan) -> Iterator[str]:
    yield from ["Left to people:"] if plan.unfixed else []
    for one in plan.unfixed:
        yield (
            f"- {_count(len(one.findings), 'finding')} of {one.policy_id.rsplit('/', 1)[-1]} ({one.condition}): "
            f"{one.reason}; see: gateledger policies show {quoted(one.policy_id)}"
        )
        yield from _named(one)


def _named(one: Unfixed) -> Iterator[str]:
    """Yield the items, the first few of them."""
    for row in one.findings[:5]:
        yield f"    {quoted(row['resource_arn'])}"
    if len(one.findings) > 5:
        yield f"    and {len(one.findings) - 5:,} more (--format json lists all)"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
