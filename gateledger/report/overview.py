"""The overview and the list of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from gateledger.queries.reading import Connection
from gateledger.queries.statuses import Status
from gateledger.report.charts import Chart, Series, percent_series, status_series, told
from gateledger.report.facts import Changes, Facts
from gateledger.report.frameworks_page import FrameworkRow
from gateledger.report.heat import heat_of
from gateledger.report.queries import ask
from gateledger.report.site import PolicyEntry, Site
from gateledger.report.tallies import Tally, total_of

#: Certificates that expire within so many days are listed.
EXPIRY_DAYS = 90
SHOWN_CERTIFICATES = 15
SHOWN_CHANGES = 10
SHOWN_ACCOUNTS = 10
SHOWN_SCOPES = 50
#: Policies with a line of their own in a chart: those whose percentage moved most.
MOVED = 5
COMPLIANCE = "Compliance: all policies, and those that moved most"
_LIVE = (Status.INCOMPLIANT, Status.UNDETERMINED, Status.COMPLIANT, Status.INAPPLICABLE)
_ABSENT = (None, Status.DISAPPEARED)
_Statuses = Sequence[str | None]


def _not(status: Status) -> tuple[Status, ...]:
    return tuple(other for other in _LIVE if other is not status)


#: Label, meaning, tone, and between which statuses a finding moved.
_MOVES: tuple[tuple[str, str, str, _Statuses, _Statuses], ...] = (
    (
        "Newly incompliant",
        "were not incompliant before",
        "incompliant",
        (*_not(Status.INCOMPLIANT), *_ABSENT),
        (Status.INCOMPLIANT,),
    ),
    (
        "Resolved",
        "were incompliant and are compliant now",
        "compliant",
        (Status.INCOMPLIANT,),
        (Status.COMPLIANT,),
    ),
    (
        "No longer known",
        "could be judged before and cannot now",
        "undetermined",
        _not(Status.UNDETERMINED),
        (Status.UNDETERMINED,),
    ),
    (
        "Known again",
        "could not be judged before and can now",
        "neutral",
        (Status.UNDETERMINED,),
        _not(Status.UNDETERMINED),
    ),
    ("New items", "were not there before", "neutral", _ABSENT, _LIVE),
    ("Gone items", "are not there any longer", "neutral", _LIVE, (Status.DISAPPEARED,)),
)


@dataclass(frozen=True, slots=True)
class Posture:
    """How a policy stands now, and how it stood when the comparison begins."""

    entry: PolicyEntry
    tally: Tally
    before: Tally | None

    @property
    def difference(self) -> Decimal | None:
        """Percentage points gained since then."""
        if self.before is None or self.before.percent is None or self.tally.percent is None:
            return None
        return self.tally.percent - self.before.percent


@dataclass(frozen=True, slots=True)
class Movement:
    """What changed since a time, in the words of the page."""

    label: str
    meaning: str
    tone: str
    night: int | None
    span: int | None


def postures(site: Site) -> list[Posture]:
    """Return how each policy stands."""
    days = site.facts.days
    then = None
    if site.facts.span is not None:
        then = site.facts.span.then.date()
    return [
        Posture(
            entry,
            site.tally(entry.policy_id),
            None if then is None else days.policies.get(entry.policy_id, {}).get(then),
        )
        for entry in site.policies
    ]


def movements(facts: Facts, policy_id: str | None = None) -> list[Movement]:
    """Return what changed since the last night and over the longer span."""

    def count(changes: Changes | None, before: _Statuses, after: _Statuses) -> int | None:
        return None if changes is None else changes.count(policy_id, before=before, after=after)

    return [
        Movement(
            label, meaning, tone, count(facts.last_night, before, after), count(facts.span, before, after)
        )
        for label, meaning, tone, before, after in _MOVES
    ]


def compliance_lines(
    site: Site, held: Mapping[str, Mapping[date, Tally]], days: Sequence[date]
) -> list[Series]:
    """Return the percentage of all policies together, and of those that moved most, by day."""
    totals: list[Tally | None] = []
    for day in days:
        total = Tally()
        for tallies in held.values():
            if day in tallies:
                total.include(tallies[day])
        totals.append(total)
    lines = [
        percent_series(entry.short, "", [held[entry.policy_id].get(day) for day in days])
        for entry in site.policies
        if entry.policy_id in held
    ]
    lines = [line for line in lines if any(value is not None for value in line.values)]
    moved = [line for line in sorted(lines, key=lambda line: -_span(line)) if _span(line)][:MOVED]
    chosen = [line for line in lines if line in moved or len(lines) == 1]
    if len(lines) > 1:
        chosen.insert(0, percent_series("all policies", "", totals))
    return [replace(line, tone=f"line-{number % 6 + 1}") for number, line in enumerate(chosen)]


def _span(line: Series) -> float:
    known = [value for value in line.values if value is not None]
    return max(known) - min(known)


def trend_charts(site: Site) -> list[Chart]:
    """Return the estate's charts: percentages of the policies, and what needs action."""
    days = site.facts.days
    if not days.days:
        return []
    lines = compliance_lines(site, days.policies, days.days)
    sums: list[Tally | None] = []
    for at in range(len(days.days)):
        total = Tally()
        for policy_id in days.policies:
            held = days.policies[policy_id].get(days.days[at])
            if held is not None:
                total.include(held)
        sums.append(total)
    counts = [line for line in status_series(sums) if line.tone in {"incompliant", "undetermined"}]
    return [
        Chart(
            "trend-percent",
            COMPLIANCE,
            " ".join(told(line.label, line.values, "%") for line in lines),
            days.days,
            lines,
            unit="%",
        ),
        Chart(
            "trend-open",
            "Findings to act on, all policies",
            " ".join(told(line.label, line.values, "") for line in counts),
            days.days,
            counts,
        ),
    ]


def write_overview(site: Site, connection: Connection, frameworks: Sequence[FrameworkRow]) -> None:
    """Write ``index.html``."""
    facts = site.facts
    certificates = ask(connection, "certificates", days=EXPIRY_DAYS, limit=SHOWN_CERTIFICATES)
    worst = facts.worst_accounts()
    site.write(
        "index.html",
        "overview.html",
        title="Overview",
        section="overview",
        heat=heat_of(site),
        total=total_of(facts.policies),
        frameworks=frameworks,
        charts=trend_charts(site),
        movements=movements(facts),
        latest=facts.latest[:SHOWN_CHANGES],
        more_latest=len(facts.latest) > SHOWN_CHANGES,
        worst=worst[:SHOWN_ACCOUNTS],
        more_worst=max(0, len(worst) - SHOWN_ACCOUNTS),
        certificates=certificates,
        expiry_days=EXPIRY_DAYS,
        unread=facts.unread[:SHOWN_SCOPES],
        more_unread=max(0, len(facts.unread) - SHOWN_SCOPES),
        soon=timedelta(days=30).days,
    )


def write_accounts(site: Site) -> None:
    """Write the list of accounts."""
    ordered = sorted(
        site.facts.accounts.values(),
        key=lambda account: (-account.total.incompliant, -account.total.undetermined, account.account_id),
    )
    listed = [account for account in ordered if account.account_id in site.accounts]
    site.write(
        "accounts/index.html",
        "accounts.html",
        title="Accounts",
        section="accounts",
        accounts=listed,
        more=len(ordered) - len(listed),
    )
