"""Simple policies over fields of any declared type, and what they say of the model's items, in plain Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from cmdb.items import ItemType, item_type
from evaluator.catalog.loading import load_policy
from evaluator.catalog.policy import Policy
from tests.model.declared import Place
from tests.model.ledger import Ledger, State, Where, shown

MAX_STALENESS = timedelta(hours=72)

Records = dict[Where, list[tuple[str, datetime, datetime | None]]]
"""Compliance records of items, the latest last: condition, beginning, end."""

POLICY = """\
id: /tests/declared/{name}
name: Fields are given
contextual_name: Fields are not given
type: COMPLIANCE_POLICY
categories: [COST]
severity: low
resource_type: {resource_type}
conditions:
  first_missing: {{status: INCOMPLIANT, message: The first is missing., remediation: Give it.}}
  second_missing: {{status: INAPPLICABLE, message: The second is missing.}}
  all_given: {{status: COMPLIANT, message: All is given.}}
"""
LOGIC = """\
-- Are these fields given?
SELECT
    CASE
        WHEN {other}.{second} IS NULL THEN 'second_missing'
        WHEN {item}.{first} IS NULL THEN 'first_missing'
        WHEN {item}.item_id IS NOT NULL THEN 'all_given'
    END AS condition
FROM {item}{join}
"""
STATUS = {
    "first_missing": "INCOMPLIANT",
    "second_missing": "INAPPLICABLE",
    "all_given": "COMPLIANT",
    "inventory_stale": "UNDETERMINED",
}


@dataclass(frozen=True)
class Question:
    """A simple policy: is a field of an item given, and another one of it or of what it is joined with?

    ``joined``: its ``parent``, or what a field of it names; empty: nothing.
    """

    item: str
    first: str
    second: str
    joined: str

    @property
    def other(self) -> str:
        """The item type that the second field is of."""
        declared = item_type(self.item)
        if self.joined == "parent":
            assert declared.parent is not None
            return declared.parent
        named = [reference.item_type for reference in declared.references if reference.field == self.joined]
        return named[0] if named else self.item

    def _join(self) -> str:
        item, other = self.item, self.other
        if not self.joined:
            return ""
        if self.joined == "parent":
            return f"\nLEFT JOIN {other} ON {other}.item_id = {item}.parent_id"
        key = item_type(other).key
        assert key is not None
        within = "parent_id" if self._is_to_parent else "account_region_id"
        return (
            f"\nLEFT JOIN {other}\n    ON {other}.{within} = {item}.{within} "
            f"AND {other}.{key.name} = {item}.{self.joined}"
        )

    @property
    def _is_to_parent(self) -> bool:
        return any(one.to_parent for one in item_type(self.item).references if one.field == self.joined)

    def policy(self, folder: Path) -> Policy:
        """Return it as a policy."""
        declared = item_type(self.item)
        name = f"{self.item}-{self.first}-{self.second}-{self.joined or 'alone'}".replace("_", "-")
        logic = LOGIC.format(
            item=self.item, first=self.first, other=self.other, second=self.second, join=self._join()
        )
        made = folder / name
        if not made.exists():
            made.mkdir()
            texts = {
                "policy.yaml": POLICY.format(name=name, resource_type=declared.resource_type),
                "logic.sql": logic,
                "cases.yaml": self._cases(),
                "description.md": "Fields.\n",
                "remediation.md": "Give them.\n",
            }
            for file, text in texts.items():
                (made / file).write_text(text, encoding="utf-8")
        return load_policy(made, {})

    def _cases(self) -> str:
        """Return a case for each condition, which are not run here."""
        conditions = {**STATUS, f"{self.item}_disappeared": "DISAPPEARED"}
        cases = [
            {"name": name, self.item: {}, "status": status, "condition": name}
            for name, status in conditions.items()
        ]
        return json.dumps({"as_of": "2026-11-01T02:00:00Z", "cases": cases})

    def verdicts(self, state: State, as_of: datetime) -> dict[Where, str]:
        """Return what it says of every item after a night."""
        declared = item_type(self.item)
        found = {}
        for (region, place), row in shown(state, declared).items():
            other = self._other(state, region, place, row)
            read_at = row["read_at"]
            if row["disappeared_at"] is not None:
                found[region, place] = f"{self.item}_disappeared"
            elif read_at is None or as_of - read_at > MAX_STALENESS:
                found[region, place] = "inventory_stale"
            elif other.get(self.second) is None:
                found[region, place] = "second_missing"
            else:
                found[region, place] = "first_missing" if row[self.first] is None else "all_given"
        return found

    def _other(self, state: State, region: str, place: Place, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the item is joined with, as policies see it."""
        if not self.joined:
            return row
        if self.joined == "parent":
            assert place.parent is not None
            named = Place(self.other, None, place.parent)
        elif row[self.joined] is None:
            return {}
        else:
            named = Place(self.other, place.parent if self._is_to_parent else None, row[self.joined])
        return shown(state, item_type(self.other)).get((region, named), {})


def _nullable(declared: ItemType) -> list[str]:
    return [one.name for one in declared.fields if not one.noted and one.null != "Never."]


@st.composite
def questions(draw: st.DrawFn, name: str) -> Question:
    """Draw a policy over a type."""
    declared = item_type(name)
    first = draw(st.sampled_from(_nullable(declared) or [_any(declared)]))
    ways = ["", *(["parent"] if declared.parent else []), *(one.field for one in declared.references)]
    joined = draw(st.sampled_from(ways[-2:]))
    other = item_type(Question(name, first, first, joined).other)
    return Question(name, first, draw(st.sampled_from(_nullable(other) or [_any(other)])), joined)


def _any(declared: ItemType) -> str:
    return declared.fields[0].name


def expected_records(ledger: Ledger, question: Question) -> Records:
    """Return what judging every night gives."""
    found: dict[Where, list[Any]] = {}
    for as_of, state in sorted(ledger.states.items()):
        for where, condition in question.verdicts(state, as_of).items():
            held = found.setdefault(where, [])
            if held and held[-1][0] == condition:
                continue
            if held:
                held[-1] = (*held[-1][:2], as_of)
            held.append((condition, as_of, None))
    return found
