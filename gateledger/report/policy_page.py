"""A policy's page: what it asks, how the stages stand, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from evaluator.catalog.policy import Policy
from gateledger.queries.reading import Connection
from gateledger.report.charts import Chart, status_series, told
from gateledger.report.overview import movements, postures
from gateledger.report.queries import Record, ask, grouped
from gateledger.report.site import PolicyEntry, Site
from gateledger.settings.durations import format_duration

SHOWN_STAGES = 15
SHOWN_ACCOUNTS = 10
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition with how many live stages it holds for now."""

    name: str
    status: str
    message: str | None
    remediation: str | None
    stages: int


@dataclass(frozen=True, slots=True)
class Remediation:
    """How long remediation takes over all accounts; None where nothing was remediated or is open."""

    remediated: int
    mean_days: Decimal | None
    still_open: int
    oldest_open_days: Decimal | None


def write_policies(site: Site, connection: Connection, framework_pages: Mapping[str, str]) -> None:
    """Write the page of every policy."""
    longest = grouped(ask(connection, "longest", limit=SHOWN_STAGES), "policy_id")
    for posture in postures(site):
        entry = posture.entry
        worst = site.facts.worst_accounts(entry.policy_id)
        site.write(
            entry.page,
            "policy.html",
            title=entry.name,
            section="policies",
            entry=entry,
            posture=posture,
            policy=entry.policy,
            parameters=_parameters(entry.policy),
            chart=_chart(site, entry),
            movements=movements(site.facts, entry.policy_id),
            conditions=_conditions(site, entry),
            frameworks=_frameworks(site, entry),
            framework_pages=framework_pages,
            times=remediation_of(site.facts.times.get(entry.policy_id, [])),
            longest=longest.get(entry.policy_id, []),
            worst=worst[:SHOWN_ACCOUNTS],
            more_worst=max(0, len(worst) - SHOWN_ACCOUNTS),
        )


def _conditions(site: Site, entry: PolicyEntry) -> list[ConditionRow]:
    counts = dict(site.facts.conditions.get(entry.policy_id, {}))
    rows = [
        ConditionRow(
            condition.name,
            str(condition.status),
            condition.message,
            condition.remediation,
            counts.pop(condition.name, 0),
        )
        for condition in (entry.policy.conditions if entry.policy else ())
    ]
    # What the policy's last evaluation found under conditions that its folder no longer declares.
    return [*rows, *(ConditionRow(name, "", None, None, stages) for name, stages in sorted(counts.items()))]


def _parameters(policy: Policy | None) -> list[dict[str, Any]]:
    if policy is None:
        return []
    values = policy.values()
    return [
        {
            "name": name,
            "value": _shown(values[name]),
            "default": parameter.default,
            "description": parameter.description,
        }
        for name, parameter in policy.parameters.items()
    ]


def _shown(value: object) -> object:
    return format_duration(value) if isinstance(value, timedelta) else value


def _frameworks(site: Site, entry: PolicyEntry) -> dict[str, list[Record]]:
    """Return the sections that this policy serves, by framework, each as it stands over all its policies."""
    groups: dict[str, list[Record]] = {}
    for row in site.facts.frameworks:
        if entry.policy_id in row["policy_ids"]:
            groups.setdefault(row["framework"], []).append(row)
    return groups


def _chart(site: Site, entry: PolicyEntry) -> Chart | None:
    days = site.facts.days
    if entry.policy_id not in days.policies:
        return None
    lines = status_series(days.series(entry.policy_id))
    return Chart(
        "trend-status",
        f"{entry.judged[:1].upper()}{entry.judged[1:]} by status",
        " ".join(told(line.label, line.values, "") for line in lines),
        days.days,
        lines,
        kind="stacked",
    )


def remediation_of(rows: list[Record]) -> Remediation:
    """Return the times of several accounts as one: the mean weighted by what each remediated."""
    remediated = sum(row["remediated"] for row in rows)
    total = sum((row["mean_days"] * row["remediated"] for row in rows if row["remediated"]), Decimal(0))
    open_days = [row["oldest_open_days"] for row in rows if row["oldest_open_days"] is not None]
    return Remediation(
        remediated=remediated,
        mean_days=(total / remediated).quantize(_CENT, ROUND_HALF_UP) if remediated else None,
        still_open=sum(row["still_open"] for row in rows),
        oldest_open_days=max(open_days, default=None),
    )
