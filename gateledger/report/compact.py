"""Findings as compact data for the page's script: every distinct value once, rows as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateledger.exceptions.entry import end_words
from gateledger.queries.served import listed
from gateledger.report.queries import Record
from gateledger.report.rendering import called, iso, kind

#: What a text of a finding may name, in the order in which the script puts it back.
NAMED = ("account_id", "region", "rest_api_id", "rest_api_name", "name", "client_certificate_id")
#: Where a text names something: characters that no policy's text holds.
_SIGNS = tuple(chr(0xE000 + number) for number in range(len(NAMED)))


class Values:
    """Distinct values in the order in which they first came."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.listed: list[Any] = []
        self._places: dict[Any, int] = {}

    def place(self, value: Any) -> int:
        """Return a value's place; -1 for None."""
        if value is None:
            return -1
        at = self._places.get(value)
        if at is None:
            at = self._places[value] = len(self.listed)
            self.listed.append(value)
        return at


def filled_in(template: str, names: Sequence[str | None]) -> str:
    """Return a template's text; the script does the same."""
    return "".join((names[_SIGNS.index(part)] or "") if part in _SIGNS else part for part in _split(template))


def template_of(text: str | None, names: Sequence[str | None]) -> str | None:
    """Return a text with what it names replaced by signs, so that many texts become one.

    A text that would not come back exactly (it holds a sign itself) is None here and kept as it is by
    the caller.
    """
    if text is None or any(sign in text for sign in _SIGNS):
        return None
    template = text
    longest_first = sorted(range(len(names)), key=lambda at: -len(names[at] or ""))
    for at in longest_first:
        name = names[at]
        if name:
            template = template.replace(name, _SIGNS[at])
    return template if filled_in(template, names) == text else None


def _split(template: str) -> list[str]:
    parts = [""]
    for character in template:
        if character in _SIGNS:
            parts += [character, ""]
        else:
            parts[-1] += character
    return parts


def _exception(finding: Record) -> tuple[str, str] | None:
    """Return the exception that covers a finding, and its last day or end."""
    if finding["exception_id"] is None:
        return None
    return finding["exception_id"], end_words(finding["exception_until"])


class Findings:
    """Rows of findings with their timelines, as the script reads them."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.values = {
            name: Values()
            for name in (
                *(
                    "policies",
                    "accounts",
                    "regions",
                    "apis",
                    "names",
                    "certificates",
                    "statuses",
                    "conditions",
                ),
                *("texts", "times", "changed", "kinds", "owners", "exceptions", "served"),
            )
        }
        self.rows: list[list[int]] = []
        self.timelines: dict[tuple[int, str], list[int]] = {}
        self.changes: dict[int, list[tuple[int, list[int], int]]] = {}
        self._keys: list[tuple[int, str]] = []

    def add(self, finding: Record) -> None:
        """Add a row."""
        put = self.values
        finding = {**finding, "name": finding["stage_name"] or called(finding)}
        names = [finding[name] for name in NAMED]
        self._keys.append((finding["item_id"], finding["policy_id"]))
        self.rows.append(
            [
                put["statuses"].place(finding["status"]),
                put["policies"].place(finding["policy_id"]),
                put["accounts"].place((finding["account_id"], finding["account_name"])),
                put["regions"].place(finding["region"]),
                put["apis"].place((finding["rest_api_id"], finding["rest_api_name"])),
                put["names"].place(finding["name"]),
                put["certificates"].place(finding["client_certificate_id"]),
                put["conditions"].place(finding["condition"]),
                put["times"].place(iso(finding["since"])),
                put["times"].place(None if finding["evidence_at"] is None else iso(finding["evidence_at"])),
                *(self._text(finding[key], names) for key in ("resource_arn", "message", "remediation")),
                put["kinds"].place((finding["item_type"], kind(finding["item_type"]))),
                put["owners"].place(finding["owner"]),
                put["exceptions"].place(_exception(finding)),
                put["served"].place(listed(finding["served_changes"]) if finding["served_changes"] else None),
            ]
        )

    def add_record(self, record: Record, limit: int) -> None:
        """Add an interval to a finding's timeline; the latest ``limit`` of them are kept."""
        put = self.values
        line = self.timelines.setdefault((record["item_id"], record["policy_id"]), [])
        line += [
            put["times"].place(iso(record["valid_from"])),
            put["times"].place(None if record["valid_to"] is None else iso(record["valid_to"])),
            put["statuses"].place(record["status"]),
            put["conditions"].place(record["condition"]),
        ]
        del line[: max(0, len(line) - 4 * limit)]

    def add_change(self, change: Record, limit: int) -> None:
        """Add what changed on a stage itself; the latest ``limit`` changes are kept."""
        put = self.values
        changes = self.changes.setdefault(change["item_id"], [])
        changes.append(
            (
                put["times"].place(iso(change["valid_from"])),
                [put["changed"].place(part) for part in change["changed"]],
                put["certificates"].place(change["client_certificate_id"]),
            )
        )
        del changes[: max(0, len(changes) - limit)]

    def _text(self, text: str | None, names: Sequence[str | None]) -> int:
        template = template_of(text, names)
        return self.values["texts"].place(text if template is None else template)

    def data(self) -> dict[str, Any]:
        """Return everything for the script; a row's timeline and changes stand at the row's place."""
        return {
            **{name: values.listed for name, values in self.values.items()},
            "rows": self.rows,
            "timelines": [self.timelines.get(key, []) for key in self._keys],
            "changes": [self.changes.get(item_id, []) for item_id, _ in self._keys],
        }
