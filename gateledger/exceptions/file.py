"""Reading a file of exceptions: whole, with every mistake and its line, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cmdb.errors import GateledgerError
from gateledger.exceptions.entry import Entry, ExceptionGiven
from gateledger.exceptions.listing import match_mistakes, read_list

MOST = 10_000
"""Exceptions that a file may hold."""


class ExceptionsWrong(GateledgerError):
    """Exceptions that cannot be entered; ``mistakes`` are sentences, one for each thing to correct."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        """Keep the mistakes; the first and the number of the others are the sentence."""
        self.mistakes = tuple(mistakes)
        super().__init__(" ".join(mistakes))


def read_file(path: Path, sensitive_tags: Sequence[str] = ()) -> list[Entry]:
    """Return the exceptions of a YAML file; raises ``ExceptionsWrong`` with all mistakes that are in it."""
    listed = read_list(path, "exceptions", ExceptionGiven, most=MOST, hint="id")
    mistakes = list(listed.mistakes)
    lines: dict[str, int] = {}
    for made, place in listed.entries:
        mistakes += [
            place.under(steps).mistake(words) for steps, words in match_mistakes(made.match, sensitive_tags)
        ]
        if made.id in lines:
            words = f"the id {made.id!r} is that of line {lines[made.id]} too; give each exception its own"
            mistakes.append(place.under(("id",)).mistake(words))
        lines.setdefault(made.id, place.line)
    if mistakes:
        raise ExceptionsWrong(mistakes)
    return [Entry.of(made, place.line) for made, place in listed.entries]
