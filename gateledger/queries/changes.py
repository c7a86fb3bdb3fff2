"""What one change closes: findings that the same condition holds for, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmdb.items import item_types

if TYPE_CHECKING:
    from evaluator.catalog.policy import Policy


@dataclass(frozen=True, slots=True)
class Change:
    """A change that closes findings of one policy and condition."""

    policy_id: str
    condition: str
    severity: str
    findings: int
    accounts: int
    text: str
    """What to do, in one sentence without its full stop."""

    def sentence(self, of: int) -> str:
        """Return what to do and what it closes of so many findings."""
        closes = "all" if self.findings == of else f"{self.findings:,} of {of:,}"
        closed = "the one incompliant finding" if of == 1 else f"{closes} incompliant findings"
        where = f" in {self.accounts:,} accounts" if self.accounts > 1 else ""
        return f"{self.text}{where}: closes {closed}."


def change_of(row: Mapping[str, Any], policies: Mapping[str, Policy]) -> Change:
    """Return the change that a row of ``findings_changes.sql`` is about, in the words of its policy.

    A policy that has no words for it, or has left the catalog, is named with its condition.
    """
    from evaluator.catalog.policy import ITEMS

    count = int(row["findings"])
    items = f"{count:,} {_noun(row['item_type'], count)}"
    policy = policies.get(row["policy_id"])
    words = None
    if policy is not None:
        words = next((one.change for one in policy.conditions if one.name == row["condition"]), None)
    if words is None:
        name = row["policy_id"].rsplit("/", 1)[-1] if policy is None else policy.contextual_name
        words = f"Correct {row['condition'].replace('_', ' ')} ({name}) on {ITEMS}"
    return Change(
        row["policy_id"],
        row["condition"],
        row["severity"],
        count,
        int(row["accounts"]),
        words.rstrip(".").replace(ITEMS, items),
    )


def by_id(policies: Sequence[Policy]) -> dict[str, Policy]:
    """Return policies by their ids."""
    return {policy.id: policy for policy in policies}


def _noun(name: str, count: int) -> str:
    title = next((declared.title for declared in item_types() if declared.name == name), "item")
    noun = title.rsplit(" ", 1)[-1] if name == "stage" else title
    return noun if count == 1 or noun.endswith("s") else f"{noun}s"
