"""Names, links and navigation that all pages of one report share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cmdb.items import item_types
from evaluator.catalog.policy import Policy
from gateledger.queries.statuses import Status
from gateledger.report.facts import Account, Facts
from gateledger.report.rendering import days_between, file_name, render
from gateledger.report.tallies import Tally

#: The templates' own indentation; values hold no markup, so a line of theirs never begins with a tag.
_INDENTED = re.compile(r"\n\s+<")


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A policy of the report: of the catalog, or one that left it and still has findings."""

    policy_id: str
    name: str
    page: str
    policy: Policy | None

    @property
    def short(self) -> str:
        """The last part of its id."""
        return self.policy_id.rsplit("/", 1)[-1]

    @property
    def judged(self) -> str:
        """What it judges, in the plural: ``stages``, ``REST APIs``."""
        if self.policy is None:
            return "items"
        return next(
            plural(declared.title)
            for declared in item_types()
            if declared.resource_type == self.policy.resource_type
        )


def plural(title: str) -> str:
    """Return the plural of an item type's title."""
    return title if title.endswith("s") else f"{title}s"


@dataclass(slots=True)
class Site:
    """A report in the making: its facts, its pages' names, and the directory it is written to."""

    folder: Path
    facts: Facts
    policies: Sequence[PolicyEntry]
    accounts: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    """Pages of owners by their names."""
    rows_limit: int = 0

    @classmethod
    def of(cls, folder: Path, facts: Facts, catalog: Sequence[Policy], rows_limit: int) -> Site:
        """Name the pages of all policies, accounts and owners."""
        taken: set[str] = set()
        known = {policy.id: policy for policy in catalog}
        entries = [
            PolicyEntry(
                policy_id,
                known[policy_id].contextual_name if policy_id in known else policy_id,
                f"policies/{file_name(policy_id.rsplit('/', 1)[-1], taken)}.html",
                known.get(policy_id),
            )
            for policy_id in sorted({*known, *facts.policies})
        ]
        names: set[str] = {"index"}
        paged = facts.paged_accounts()
        accounts = {
            account_id: f"accounts/{file_name(account_id, names)}.html"
            for account_id in facts.accounts
            if account_id in paged
        }
        owner_names: set[str] = {"index"}
        owners = {name: f"owners/{file_name(name, owner_names)}.html" for name in facts.paged_owners()}
        return cls(folder, facts, entries, accounts, owners, rows_limit)

    def write(self, page: str, template: str, **values: Any) -> None:
        """Render a page and write it."""
        target = self.folder / page
        target.parent.mkdir(exist_ok=True)
        html = render(
            template,
            site=self,
            facts=self.facts,
            page=page,
            root="../" * page.count("/"),
            **values,
        )
        target.write_text(_INDENTED.sub("\n<", html), encoding="utf-8", newline="\n")

    def tally(self, policy_id: str) -> Tally:
        """Return how all stages stand under a policy."""
        return self.facts.policies.get(policy_id) or Tally()

    def by_need(self, tallies: Mapping[str, Tally]) -> list[tuple[PolicyEntry, Tally]]:
        """Return the policies that these tallies are of, most incompliant findings first."""
        rows = [(entry, tallies[entry.policy_id]) for entry in self.policies if entry.policy_id in tallies]
        return sorted(rows, key=lambda row: (-row[1].incompliant, -row[1].undetermined, row[0].name))

    @property
    def judged(self) -> list[tuple[str, int]]:
        """How many items of each kind are judged, most first: every policy has a finding for each of its kind."""
        most: dict[str, int] = {}
        for entry in self.policies:
            most[entry.judged] = max(most.get(entry.judged, 0), self.tally(entry.policy_id).total)
        return sorted(((kind, number) for kind, number in most.items() if number), key=lambda one: -one[1])

    def account(self, account_id: str) -> Account | None:
        """Return an account that has findings."""
        return self.facts.accounts.get(account_id)

    def findings(self, **filters: str) -> str:
        """Return a link to the findings' table that shows what these filters let through."""
        return "findings.html" + ("#" + urlencode(filters) if filters else "")

    def age(self, since: datetime) -> int:
        """Return for how many days something has been so."""
        return max(0, days_between(since, self.facts.as_of))

    @property
    def tone(self) -> Mapping[str, str]:
        """Class names of statuses."""
        return {str(status): str(status).lower() for status in Status}
