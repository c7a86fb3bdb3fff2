"""Reading a file of exceptions: whole, with every mistake and its line, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cmdb.errors import GateledgerError
from evaluator.catalog.files import load_yaml, mistake_worded, read_text
from evaluator.errors import PolicyError
from gateledger.exceptions.entry import Entry, ExceptionGiven, MatchGiven

MOST = 10_000
"""Exceptions that a file may hold."""
_KEY = "exceptions"


class ExceptionsWrong(GateledgerError):
    """Exceptions that cannot be entered; ``mistakes`` are sentences, one for each thing to correct."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        """Keep the mistakes; the first and the number of the others are the sentence."""
        self.mistakes = tuple(mistakes)
        super().__init__(" ".join(mistakes))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where things are in a file, by YAML's own nodes."""

    path: Path
    node: Any

    def mistake(self, words: str) -> str:
        return f"{self.path}, line {self.node.start_mark.line + 1}: {words}."

    def under(self, steps: Sequence[str | int]) -> _Place:
        """Return the place of what lies under this one; where it is missing, the nearest that is there."""
        place = self
        for step in steps:
            found = place.step(step)
            if found is None:
                break
            place = found
        return place

    def step(self, step: str | int) -> _Place | None:
        node = self.node
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            return _Place(self.path, node.value[step])
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    return _Place(self.path, value if value.value else key)
        return None


def read_file(path: Path) -> list[Entry]:
    """Return the exceptions of a YAML file; raises ``ExceptionsWrong`` with all mistakes that are in it."""
    try:
        content = load_yaml(path)
        top = _Place(path, yaml.compose(read_text(path), Loader=_Composer))
    except PolicyError as error:
        raise ExceptionsWrong([str(error)]) from None
    if not isinstance(content, dict) or set(content) != {_KEY} or not isinstance(content[_KEY], list | None):
        raise ExceptionsWrong(
            [
                f"{path}: the file is not a list under the one key `{_KEY}`; write `{_KEY}:` and entries below it."
            ]
        )
    given = content[_KEY] or []
    if len(given) > MOST:
        raise ExceptionsWrong(
            [f"{path}: the file holds {len(given):,} exceptions; {MOST:,} are allowed, use patterns."]
        )
    mistakes: list[str] = []
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    for number, one in enumerate(given):
        place = top.under((_KEY, number))
        line = place.node.start_mark.line + 1
        try:
            made = ExceptionGiven.model_validate(one)
        except ValidationError as error:
            mistakes += _mistakes(place, error)
            continue
        if not made.match.model_dump(exclude_none=True):
            mistakes.append(place.under(("match",)).mistake(EMPTY_MATCH))
        if made.id in lines:
            words = f"the id {made.id!r} is that of line {lines[made.id]} too; give each exception its own"
            mistakes.append(place.under(("id",)).mistake(words))
        lines.setdefault(made.id, line)
        entries.append(Entry.of(made, line))
    if mistakes:
        raise ExceptionsWrong(mistakes)
    return entries


EMPTY_MATCH = (
    "`match` is empty, which would cover everything; write account, region, arn, api or tags "
    '(account: "*" for all accounts)'
)
_Composer: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _mistakes(place: _Place, error: ValidationError) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        steps = [step for step in mistake["loc"] if not str(step).startswith(("dict[", "function-"))]
        if mistake["type"] == "model_type" and not steps:
            yield place.mistake("it is not a mapping of keys to values; write `id: ...` and the other keys")
            continue
        model = (
            MatchGiven if steps[:1] == ["match"] and mistake["type"] == "extra_forbidden" else ExceptionGiven
        )
        words = mistake_worded(mistake, model)
        if model is MatchGiven:
            words = f"the key `{'.'.join(map(str, steps))}` is unknown (known in match: " + (
                f"{', '.join(MatchGiven.model_fields)}); remove or correct it"
            )
        yield place.under(steps).mistake(words.replace("start, until", "from, until"))
