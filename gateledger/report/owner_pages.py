"""The list of owners, and a page for each: what is theirs, how it went, and what to do first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from evaluator.catalog.policy import Policy
from gateledger.queries.changes import by_id, change_of
from gateledger.queries.reading import Connection
from gateledger.report.charts import Chart, told
from gateledger.report.facts import Owner
from gateledger.report.overview import COMPLIANCE, compliance_lines
from gateledger.report.queries import Record, ask, grouped, stream
from gateledger.report.site import Site
from gateledger.report.tallies import Tally

#: Findings listed over all owners' pages together, and on one page at most: the site stays small.
ROWS_IN_ALL = 2_000
ROWS_PER_PAGE = 200
ROWS_AT_LEAST = 5
#: Changes that a page names.
CHANGES = 5
#: Up to so many owners, their pages show how they went; with more, the site would grow too large.
CHARTS = 100
_KEYS = (
    "owner", "policy_id", "account_id", "account_name", "region", "rest_api_id", "rest_api_name", "stage_name",
    "status", "condition", "message", "severity", "since", "is_public", "has_web_acl", "open_methods",
    "resource_arn", "item_type",
)  # fmt: skip
_Days = Mapping[str, Mapping[str, Mapping[date, Tally]]]


def write_owners(site: Site, connection: Connection, policies: Sequence[Policy]) -> None:
    """Write the list and the pages, where any item has an owner."""
    facts = site.facts
    if not site.owners:
        return
    named = [facts.owners[name] for name in site.owners]
    site.write(
        "owners/index.html",
        "owners.html",
        title="Owners",
        section="owners",
        owners=named,
        unowned=facts.owners.get(None),
        more=sum(name is not None for name in facts.owners) - len(named),
    )
    names = sorted(site.owners)
    limit = max(ROWS_AT_LEAST, min(ROWS_PER_PAGE, ROWS_IN_ALL // len(names)))
    changes = grouped(ask(connection, "owner_changes", owners=names, limit=CHANGES), "owner")
    times = grouped(ask(connection, "owner_times", owners=names), "owner")
    days = _days(site, connection, names)
    rows = dict(_listed(connection, names, limit))
    known = by_id(policies)
    for owner in named:
        name = owner.name or ""
        listed = rows.get(name, [])
        open_now = owner.total.incompliant - owner.total.excepted
        site.write(
            site.owners[name],
            "owner.html",
            title=f"Owner {name}",
            section="owners",
            owner=owner,
            rows_of_policies=site.by_need(owner.policies),
            changes=[change_of(row, known).sentence(open_now) for row in changes.get(name, [])],
            rows=listed,
            more=owner.total.incompliant - owner.total.excepted + owner.total.undetermined - len(listed),
            times={row["policy_id"]: row for row in times.get(name, [])},
            chart=_chart(site, owner, days),
        )


def exposure_words(row: Mapping[str, Any]) -> str:
    """Return who can reach an item, as far as that is known."""
    if row["is_public"] is None:
        return "not known"
    if not row["is_public"]:
        return "private"
    words = ["public"]
    if row["stage_name"] is not None:
        words.append("WAF" if row["has_web_acl"] else "no WAF")
    if row["open_methods"]:
        count = row["open_methods"]
        words.append(f"{count:,} method{'' if count == 1 else 's'} without authorization")
    return ", ".join(words)


def _listed(connection: Connection, names: Sequence[str], limit: int) -> Iterator[tuple[str, list[Record]]]:
    """Yield owners with the findings to act on first."""
    rows = stream(connection, "owner_findings", owners=names, limit=limit)
    for owner, group in groupby(rows, key=lambda row: str(row[0])):
        found = [dict(zip(_KEYS, row, strict=True)) for row in group]
        for row in found:
            row["reach"] = exposure_words(row)
        yield owner, found


def _days(site: Site, connection: Connection, names: Sequence[str]) -> _Days:
    if len(names) > CHARTS:
        return {}
    days: dict[str, dict[str, dict[date, Tally]]] = {}
    points = site.facts.days.points
    for day, policy_id, owner, compliant, incompliant, inapplicable, undetermined in stream(
        connection, "daily_owners", days=points, owners=names
    ):
        tally = Tally(incompliant, undetermined, compliant, inapplicable)
        days.setdefault(owner, {}).setdefault(policy_id, {})[day] = tally
    return days


def _chart(site: Site, owner: Owner, days: _Days) -> Chart | None:
    held = days.get(owner.name or "", {})
    known = {day for tallies in held.values() for day in tallies}
    points = [day for day in site.facts.days.points if day in known]
    if len(points) < 2:
        return None
    lines = compliance_lines(site, held, points)
    if not lines:
        return None
    return Chart(
        "trend-percent",
        COMPLIANCE,
        " ".join(told(line.label, line.values, "%") for line in lines),
        points,
        lines,
        unit="%",
    )
