"""The page of exceptions: in force, ending soon, ended, matching nothing, no longer needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateledger.exceptions.entry import end_words
from gateledger.exceptions.notices import SOON
from gateledger.queries.reading import Connection
from gateledger.report.queries import Record, ask
from gateledger.report.site import Site

#: Exceptions that a part of the page lists.
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page."""

    name: str
    title: str
    meaning: str
    none: str
    rows: list[Record]
    more: int
    is_over: bool = False


def write_exceptions(site: Site, connection: Connection) -> None:
    """Write the page."""
    found = ask(connection, "exceptions", soon=SOON)
    for row in found:
        row["matched"] = matched(row["match"])
        row["until"] = end_words(row["valid_until"])
    in_force = [row for row in found if row["state"] == "in force"]
    parts = [
        _part(
            "soon",
            f"Ending within {SOON.days} days",
            "What they cover counts again after that day, unless they are renewed.",
            f"None ends within {SOON.days} days.",
            [row for row in in_force if row["ends_soon"]],
        ),
        _part(
            "unmatched",
            "Matching nothing",
            "No finding of their policies and items is there: a pattern is wrong, or the items are gone.",
            "Every exception in force matches something.",
            [row for row in in_force if row["matches"] == 0],
        ),
        _part(
            "unneeded",
            "No longer needed",
            "Nothing that they match has a status that they accept any more: they can be ended.",
            "Every exception in force that matches something covers something.",
            [row for row in in_force if row["matches"] and not row["covers"]],
        ),
        _part(
            "in-force",
            "In force",
            "The findings that they cover keep their status and are counted both with and without.",
            "No exception is in force.",
            in_force,
        ),
        _part(
            "to-come",
            "To come",
            "They are entered and begin later.",
            "None is to come.",
            [row for row in found if row["state"] == "to come"],
        ),
        _part(
            "ended",
            "Ended",
            "By their date, by hand, or because they left their file; the latest first. Nothing is deleted.",
            "None has ended.",
            [row for row in found if row["state"] == "ended"],
            is_over=True,
        ),
    ]
    site.write(
        "exceptions.html",
        "exceptions.html",
        title="Exceptions",
        section="exceptions",
        parts_of_page=parts,
        in_force=len(in_force),
        covered={row["status"]: row["findings"] for row in ask(connection, "excepted")},
    )


def matched(match: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return which items an exception covers as pairs of what is looked at and the pattern."""
    pairs = [(key, str(value)) for key, value in match.items() if key != "tags"]
    return pairs + [(f"tag {key}", value) for key, value in match.get("tags", {}).items()]


def _part(
    name: str, title: str, meaning: str, none: str, rows: list[Record], *, is_over: bool = False
) -> Part:
    return Part(name, title, meaning, none, rows[:SHOWN], max(0, len(rows) - SHOWN), is_over)
