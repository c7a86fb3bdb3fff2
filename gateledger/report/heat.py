"""Policies by accounts at a glance: a cell for each, coloured by its percentage, beside it what is undetermined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gateledger.report.facts import Account
from gateledger.report.site import PolicyEntry, Site
from gateledger.report.tallies import Tally

#: Accounts with a column of their own, those with the most to do; the others share one.
COLUMNS = 10
#: Colours by percentage: below the bound, the class name; 100 has one of its own.
_TONES = ((50, "h0"), (80, "h1"), (95, "h2"), (100, "h3"))


@dataclass(frozen=True, slots=True)
class Cell:
    """How the items of an account stand under a policy; ``account_id`` is None for several accounts."""

    tally: Tally
    account_id: str | None = None

    @property
    def text(self) -> str:
        """The percentage without decimals, cut off so that only all of them are 100; a dash when there is none."""
        return "–" if self.tally.percent is None else f"{int(self.tally.percent)}%"

    @property
    def tone(self) -> str:
        """The class name of its colour."""
        percent = self.tally.percent
        if percent is None:
            return "none"
        return next((tone for bound, tone in _TONES if percent < bound), "h4")


@dataclass(frozen=True, slots=True)
class Row:
    """A policy: over all accounts, and by account."""

    entry: PolicyEntry
    whole: Cell
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Heat:
    """The table: its accounts, how many share the last column, and its rows by what they judge."""

    accounts: Sequence[Account]
    others: int
    groups: Sequence[tuple[str, Sequence[Row]]]


def heat_of(site: Site) -> Heat:
    """Return the table; of each kind of item, policies with the lowest percentage come first."""
    ordered = sorted(
        site.facts.accounts.values(),
        key=lambda account: (-account.total.incompliant, -account.total.undetermined, account.account_id),
    )
    # One more has a column rather than a column of "1 other".
    shown = ordered if len(ordered) <= COLUMNS + 1 else ordered[:COLUMNS]
    rest = ordered[len(shown) :]
    rows = [_row(site, entry, shown, rest) for entry in site.policies]
    rows.sort(key=lambda row: (row.entry.judged, _badness(row.whole.tally), row.entry.name))
    groups = [(judged, list(group)) for judged, group in groupby(rows, key=lambda row: row.entry.judged)]
    groups.sort(key=lambda group: -max(row.whole.tally.total for row in group[1]))
    return Heat(shown, len(rest), groups)


def _row(site: Site, entry: PolicyEntry, shown: Sequence[Account], rest: Sequence[Account]) -> Row:
    cells = [Cell(account.policies.get(entry.policy_id) or Tally(), account.account_id) for account in shown]
    if rest:
        together = Tally()
        for account in rest:
            held = account.policies.get(entry.policy_id)
            if held is not None:
                together.include(held)
        cells.append(Cell(together))
    return Row(entry, Cell(site.tally(entry.policy_id)), cells)


def _badness(tally: Tally) -> tuple[bool, float]:
    """Return what sorts the worst first and what has no percentage last."""
    percent = tally.percent
    return percent is None, 0.0 if percent is None else float(percent)
