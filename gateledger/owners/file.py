"""Reading the file that maps items to owners, and owners to the addresses of their messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from cmdb.errors import GateledgerError
from evaluator.catalog.files import Model, Text
from gateledger.exceptions.entry import MatchGiven
from gateledger.exceptions.listing import Place, match_mistakes, read_list

MOST = 10_000
"""Entries that the file may hold."""
_SAID = 10
LONGEST_NAME = 256
"""Letters of an owner's name, as many as a tag's value may have."""


_ADDRESSES: TypeAdapter[list[str]] = TypeAdapter(list[Text])
_MOST_ADDRESSES = 20


def _addresses(given: object) -> list[str]:
    """Return one address or several as a list; what is wrong is said without them, for they hold secrets."""
    listed = [given] if isinstance(given, str) else given
    example = "write one, or a list, such as json://hooks.example.com/search"
    if not given:
        raise ValueError(f"is empty; {example}")
    try:
        found = _ADDRESSES.validate_python(listed, strict=True)
    except ValidationError:
        raise ValueError(f"holds something other than addresses; {example}") from None
    if len(found) > _MOST_ADDRESSES:
        raise ValueError(f"has {len(found):,} addresses; {_MOST_ADDRESSES} are allowed")
    return found


class OwnersWrong(GateledgerError):
    """The mapping file cannot be used; ``mistakes`` are sentences, one for each thing to correct."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        """Keep the mistakes; the first of them are what is said."""
        self.mistakes = tuple(mistakes)
        more = len(mistakes) - _SAID
        super().__init__(" ".join(mistakes[:_SAID]) + (f" And {more:,} more." if more > 0 else ""))


class OwnerGiven(Model):
    """An entry of the file."""

    owner: Annotated[Text, StringConstraints(max_length=LONGEST_NAME)]
    match: MatchGiven | None = None
    notify: Annotated[list[str], BeforeValidator(_addresses)] = Field(default_factory=list, repr=False)
    """The addresses of its messages; they hold secrets."""


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """Items that match are the owner's, unless an earlier rule matches them."""

    owner: str
    match: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnerFile:
    """What the file says: rules in their order, and the owners' own addresses."""

    rules: tuple[OwnerRule, ...] = ()
    routes: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


def read_owner_file(path: Path, sensitive_tags: Sequence[str] = ()) -> OwnerFile:
    """Return what the file says; raises ``OwnersWrong`` with all mistakes that are in it."""
    listed = read_list(path, "owners", OwnerGiven, most=MOST, hint="owner")
    mistakes = list(listed.mistakes)
    routes: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    rules: list[OwnerRule] = []
    for given, place in listed.entries:
        mistakes += _mistakes(given, place, sensitive_tags)
        if given.notify:
            if given.owner in lines:
                words = (
                    f"`notify` of {given.owner!r} is given on line {lines[given.owner]} too; write all of an "
                    "owner's addresses as one list"
                )
                mistakes.append(place.under(("notify",)).mistake(words))
            lines.setdefault(given.owner, place.under(("notify",)).line)
            routes[given.owner] = tuple(given.notify)
        if given.match is not None:
            rules.append(OwnerRule(given.owner, given.match.model_dump(exclude_none=True)))
    if mistakes:
        raise OwnersWrong(mistakes)
    return OwnerFile(tuple(rules), routes)


def _mistakes(given: OwnerGiven, place: Place, sensitive_tags: Sequence[str]) -> Iterator[str]:
    if given.match is None:
        if not given.notify:
            yield place.mistake(
                "the entry has neither `match` nor `notify`; write which items are the owner's, or where its "
                "messages go"
            )
        return
    for steps, words in match_mistakes(given.match, sensitive_tags):
        yield place.under(steps).mistake(words)
