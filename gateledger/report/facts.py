"""What the whole report builds on: the estate as it stands, its days, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateledger.queries.emptiness import NothingEvaluated
from gateledger.queries.reading import Connection
from gateledger.queries.statuses import Status
from gateledger.report.queries import Record, ask, grouped, stream
from gateledger.report.tallies import Tally

#: Days of history that the report looks back at.
DAYS = 365
#: Days over which the overview compares.
SPAN = 30
#: Points of an account's chart.
POINTS = 30
#: Up to so many accounts, their pages show how they went; with more, the site would grow too large.
ACCOUNT_CHARTS = 100
#: Accounts with a page of their own; the accounts with the most to do when there are more.
ACCOUNT_PAGES = 2_000
#: Owners with a page of their own; the owners with the most to do when there are more.
OWNER_PAGES = 500


@dataclass(slots=True)
class Account:
    """An account: its findings by policy and by region, and when its oldest open incompliant episode began."""

    account_id: str
    name: str | None
    policies: dict[str, Tally] = field(default_factory=dict)
    regions: dict[str, dict[str, Tally]] = field(default_factory=dict)
    conditions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    oldest: datetime | None = None
    total: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Owner:
    """An owner (None: of what nobody owns that is known): its findings by policy, and how old the oldest is."""

    name: str | None
    policies: dict[str, Tally] = field(default_factory=dict)
    oldest: datetime | None = None
    total: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Changes:
    """What stands otherwise than at a time: by policy, counts of (status then, status now)."""

    then: datetime
    moves: dict[str, dict[tuple[str | None, str | None], int]]

    def count(
        self, policy_id: str | None, *, before: Iterable[str | None], after: Iterable[str | None]
    ) -> int:
        """Return how many findings moved from one of these statuses to one of those."""
        was, now = set(before), set(after)
        return sum(
            number
            for policy, moves in self.moves.items()
            if policy_id in {None, policy}
            for (old, new), number in moves.items()
            if old in was and new in now
        )


@dataclass(slots=True)
class Days:
    """Tallies at the end of each day: of policies every day, of accounts at fewer points."""

    days: list[date] = field(default_factory=list)
    policies: dict[str, dict[date, Tally]] = field(default_factory=dict)
    points: list[date] = field(default_factory=list)
    accounts: dict[str, dict[str, dict[date, Tally]]] = field(default_factory=dict)

    def series(self, policy_id: str) -> list[Tally | None]:
        """Return a policy's tallies day by day; None before it was first evaluated."""
        held = self.policies.get(policy_id, {})
        return [held.get(day) for day in self.days]


@dataclass(slots=True)
class Facts:
    """The estate as of the last evaluation."""

    as_of: datetime
    run: Record
    accounts: dict[str, Account]
    policies: dict[str, Tally]
    conditions: dict[str, dict[str, int]]
    days: Days
    last_night: Changes | None
    span: Changes | None
    latest: list[Record]
    scopes: dict[str, int]
    unread: list[Record]
    frameworks: list[Record]
    times: Mapping[str, list[Record]]
    owners: dict[str | None, Owner]
    """Owners that are known, and what nobody owns; empty where no item has an owner."""

    @property
    def findings(self) -> int:
        """Findings of all policies."""
        return sum(tally.total for tally in self.policies.values())

    def worst_accounts(self, policy_id: str | None = None) -> list[Account]:
        """Return accounts with incompliant findings, most of them first."""

        def tally(account: Account) -> Tally:
            return account.total if policy_id is None else account.policies.get(policy_id, Tally())

        bad = [account for account in self.accounts.values() if tally(account).incompliant]
        return sorted(bad, key=lambda account: (-tally(account).incompliant, account.account_id))

    def paged_owners(self) -> list[str]:
        """Return the owners that have a page of their own, those with the most to do first."""
        named = [owner for owner in self.owners.values() if owner.name is not None]
        named.sort(key=lambda owner: (-owner.total.incompliant, -owner.total.undetermined, owner.name or ""))
        return [owner.name or "" for owner in named[:OWNER_PAGES]]

    def paged_accounts(self) -> set[str]:
        """Return the accounts that have a page of their own."""
        ordered = sorted(
            self.accounts.values(),
            key=lambda account: (-account.total.incompliant, -account.total.undetermined, account.account_id),
        )
        return {account.account_id for account in ordered[:ACCOUNT_PAGES]}


def read_facts(connection: Connection, *, changed_limit: int) -> Facts:
    """Read them; raises ``NothingEvaluated``."""
    runs = ask(connection, "last_run")
    if not runs:
        raise NothingEvaluated
    run = runs[0]
    as_of: datetime = run["as_of"]
    accounts, policies, conditions = _counts(connection)
    owners = _owners(connection)
    _count_excepted(connection, accounts, policies, owners)
    times = ask(connection, "remediation_times")
    for row in times:
        account = accounts.get(row["account_id"])
        began = row["oldest_open_since"]
        if account is not None and began is not None:
            account.oldest = began if account.oldest is None else min(account.oldest, began)
    days = _days(connection, as_of, accounts=len(accounts) <= ACCOUNT_CHARTS)
    then = max(as_of - timedelta(days=SPAN), run["first"])
    return Facts(
        as_of=as_of,
        run=run,
        accounts=accounts,
        policies=policies,
        conditions=conditions,
        days=days,
        last_night=None if run["before"] is None else _changes(connection, run["before"]),
        span=None if then == as_of else _changes(connection, then),
        latest=ask(
            connection,
            "changed_last",
            as_of=as_of,
            order=[str(status) for status in Status],
            limit=changed_limit,
        ),
        scopes={row["status"]: row["scopes"] for row in ask(connection, "scope_states")},
        unread=ask(connection, "scopes_unread"),
        frameworks=ask(connection, "frameworks"),
        times=grouped(times, "policy_id"),
        owners=owners,
    )


def _counts(
    connection: Connection,
) -> tuple[dict[str, Account], dict[str, Tally], dict[str, dict[str, int]]]:
    accounts: dict[str, Account] = {}
    policies: dict[str, Tally] = {}
    conditions: dict[str, dict[str, int]] = {}
    for account_id, name, region, policy_id, status, condition, findings in stream(connection, "counts"):
        account = accounts.setdefault(account_id, Account(account_id, name))
        account.name = account.name or name
        account.policies.setdefault(policy_id, Tally()).add(status, findings)
        account.regions.setdefault(region, {}).setdefault(policy_id, Tally()).add(status, findings)
        account.total.add(status, findings)
        policies.setdefault(policy_id, Tally()).add(status, findings)
        held = conditions.setdefault(policy_id, {})
        held[condition] = held.get(condition, 0) + findings
    return accounts, policies, conditions


def _owners(connection: Connection) -> dict[str | None, Owner]:
    owners: dict[str | None, Owner] = {}
    for row in ask(connection, "owner_counts"):
        owner = owners.setdefault(row["owner"], Owner(row["owner"]))
        owner.policies.setdefault(row["policy_id"], Tally()).add(row["status"], row["findings"])
        owner.total.add(row["status"], row["findings"])
        if row["status"] == Status.INCOMPLIANT:
            owner.oldest = row["oldest"] if owner.oldest is None else min(owner.oldest, row["oldest"])
    return owners


def _count_excepted(
    connection: Connection,
    accounts: Mapping[str, Account],
    policies: Mapping[str, Tally],
    owners: Mapping[str | None, Owner],
) -> None:
    """Note in the tallies how many of the incompliant findings exceptions cover."""
    for row in ask(connection, "excepted_counts"):
        if row["status"] != Status.INCOMPLIANT:
            continue
        policy_id, account, owner = (
            row["policy_id"],
            accounts.get(row["account_id"]),
            owners.get(row["owner"]),
        )
        tallies = [policies.get(policy_id)]
        if account is not None:
            tallies += [account.total, account.policies.get(policy_id)]
        if owner is not None:
            tallies += [owner.total, owner.policies.get(policy_id)]
        for tally in tallies:
            if tally is not None:
                tally.excepted += row["findings"]


def _days(connection: Connection, as_of: datetime, *, accounts: bool) -> Days:
    last = as_of.astimezone(UTC).date()
    days = Days()
    for day, policy_id, *counts in stream(connection, "daily", first_day=last - timedelta(days=DAYS - 1)):
        if not days.days:  # the first row is of the first day that anything is known of
            known = (last - day).days + 1
            days.days = [day + timedelta(days=number) for number in range(known)]
            days.points = days.days[:: -max(1, -(-known // POINTS))][::-1]
        days.policies.setdefault(policy_id, {})[day] = _tally(counts)
    if not accounts:
        return days
    ends = [datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) for day in days.points]
    for day, policy_id, account_id, *counts in stream(
        connection, "daily_accounts", days=days.points, ends=ends
    ):
        days.accounts.setdefault(account_id, {}).setdefault(policy_id, {})[day] = _tally(counts)
    return days


def _tally(counts: Sequence[Any]) -> Tally:
    compliant, incompliant, inapplicable, undetermined = counts
    return Tally(
        incompliant=incompliant, undetermined=undetermined, compliant=compliant, inapplicable=inapplicable
    )


def _changes(connection: Connection, then: datetime) -> Changes:
    changes = Changes(then, {})
    for row in ask(connection, "changes", then=then):
        changes.moves.setdefault(row["policy_id"], {})[row["before"], row["after"]] = row["findings"]
    return changes
