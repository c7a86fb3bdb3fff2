"""Reading a YAML file that is a list under one key: whole, with every mistake and its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import ValidationError

from cmdb.errors import shown
from evaluator.catalog.files import Model, load_yaml, mistake_worded, read_text
from evaluator.errors import PolicyError
from gateledger.exceptions.entry import MatchGiven

ModelT = TypeVar("ModelT", bound=Model)
EMPTY_MATCH = (
    "`match` is empty, which would cover everything; write account, region, arn, api or tags "
    '(account: "*" for all accounts)'
)
_Composer: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are in a file, by YAML's own nodes."""

    path: Path
    node: Any

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return int(self.node.start_mark.line) + 1

    def mistake(self, words: str) -> str:
        """Return a sentence that says what is wrong there."""
        return f"{self.path}, line {self.line}: {words}."

    def under(self, steps: Sequence[str | int]) -> Place:
        """Return the place of what lies under this one; where it is missing, the nearest that is there."""
        place = self
        for step in steps:
            found = place._step(step)
            if found is None:
                break
            place = found
        return place

    def _step(self, step: str | int) -> Place | None:
        node = self.node
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            return Place(self.path, node.value[step])
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    return Place(self.path, value if value.value else key)
        return None


@dataclass(frozen=True, slots=True)
class Listed(Generic[ModelT]):
    """Entries of a file with their places, and sentences for what is wrong in the others."""

    entries: Sequence[tuple[ModelT, Place]]
    mistakes: Sequence[str]


def read_list(path: Path, key: str, model: type[ModelT], *, most: int, hint: str) -> Listed[ModelT]:
    """Return the entries of a file that is a list under one key; ``hint`` says how an entry begins."""
    try:
        content = load_yaml(path)
        top = Place(path, yaml.compose(read_text(path), Loader=_Composer))
    except PolicyError as error:
        return Listed((), [str(error)])
    if not isinstance(content, dict) or set(content) != {key} or not isinstance(content[key], list | None):
        return Listed(
            (),
            [
                f"{path}: the file is not a list under the one key `{key}`; write `{key}:` and entries below it."
            ],
        )
    given = content[key] or []
    if len(given) > most:
        return Listed(
            (), [f"{path}: the file holds {len(given):,} {key}; {most:,} are allowed, use patterns."]
        )
    entries: list[tuple[ModelT, Place]] = []
    mistakes: list[str] = []
    for number, one in enumerate(given):
        place = top.under((key, number))
        try:
            entries.append((model.model_validate(one), place))
        except ValidationError as error:
            mistakes += _mistakes(place, error, model, hint)
    return Listed(entries, mistakes)


def match_mistakes(match: MatchGiven, sensitive_tags: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what is wrong with a match beyond its single values: steps to the place, and words."""
    if not match.model_dump(exclude_none=True):
        yield ("match",), EMPTY_MATCH
    for key in match.tags or ():
        if any(fnmatchcase(key.lower(), pattern.lower()) for pattern in sensitive_tags):
            yield (
                ("match", "tags", key),
                f"the tag {shown(key)} is kept only as a hash (GATELEDGER_SENSITIVE_TAGS) and cannot be matched; use "
                "another tag",
            )


def _mistakes(place: Place, error: ValidationError, model: type[Model], hint: str) -> Iterator[str]:
    for mistake in error.errors(include_url=False):
        steps = [step for step in mistake["loc"] if not str(step).startswith(("dict[", "function-"))]
        if mistake["type"] == "model_type" and not steps:
            yield place.mistake(
                f"it is not a mapping of keys to values; write `{hint}: ...` and the other keys"
            )
            continue
        in_match = steps[:1] == ["match"] and mistake["type"] == "extra_forbidden"
        words = mistake_worded(mistake, model)
        if in_match:
            words = f"the key `{'.'.join(map(str, steps))}` is unknown (known in match: " + (
                f"{', '.join(MatchGiven.model_fields)}); remove or correct it"
            )
        yield place.under(steps).mistake(words.replace("start, until", "from, until"))
