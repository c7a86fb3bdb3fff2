"""Parameters of policies: their types, their values, and how they come into the SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from sqlglot.tokenizer_core import Token, TokenType

from cmdb.errors import shown
from evaluator.catalog.files import Model, Text
from evaluator.catalog.offered import AS_OF
from evaluator.errors import PolicyError

Value = bool | int | str | timedelta
"""A parameter's value: boolean, integer, text or duration."""


class ParameterType(StrEnum):
    """What a parameter holds."""

    DURATION = "duration"
    INTEGER = "integer"
    TEXT = "text"
    BOOLEAN = "boolean"


POSTGRES_TYPES: Final[Mapping[ParameterType, str]] = {
    ParameterType.DURATION: "interval",
    ParameterType.INTEGER: "integer",
    ParameterType.TEXT: "text",
    ParameterType.BOOLEAN: "boolean",
}
RESERVED: Final = frozenset(
    {
        AS_OF, "changed", "conditions", "max_staleness", "mode", "policy_key", "policy_version_id", "run_id",
        "items",
    }
)  # fmt: skip
"""Names that the statements around a policy's SQL use themselves."""
LONGEST = timedelta(days=36_500)
LARGEST_INTEGER = 2**31 - 1

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:\d{1,9}[wdhms])+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression ({error}); correct it") from None
    return value


class Parameter(Model):
    """A parameter as ``policy.yaml`` declares it; ``minimum`` and ``maximum`` bound an integer.

    ``each`` makes a text a comma-separated list: the regular expression that each value fits.
    """

    type: Annotated[ParameterType, Field(strict=False)]
    default: bool | int | str
    description: Text
    minimum: int | None = None
    maximum: int | None = None
    each: Annotated[Text, AfterValidator(_expression)] | None = None

    def written(self, given: object) -> Value:
        """Return what somebody wrote as a value; ``ValueError`` holds the rest of a sentence.

        The values of a list have to fit, and stand apart by a comma and a blank; without any is only a list of which
        the default has none.
        """
        value = self.value(given)
        if self.each is None or not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        for part in parts:
            if not re.fullmatch(self.each, part, re.ASCII):
                raise ValueError(
                    f"holds {shown(part)}; each value has to look like {self.each.removeprefix('(?i)')}"
                )
        if not parts and str(self.default).strip():
            raise ValueError(f"holds no value; write for example {shown(self.default)}")
        return ", ".join(parts)

    def value(self, given: object) -> Value:
        """Return ``given`` as a value of this parameter; ``ValueError`` holds the rest of a sentence."""
        value = _converted(self.type, given)
        if isinstance(value, int) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                raise ValueError(f"is {value}; write {self.minimum} or more")
            if self.maximum is not None and value > self.maximum:
                raise ValueError(f"is {value}; write {self.maximum} or less")
        return value


def _converted(kind: ParameterType, given: object) -> Value:
    if kind is ParameterType.DURATION:
        if isinstance(given, timedelta):
            return _sensible(given)
        if isinstance(given, str):
            return parse_duration(given)
        raise ValueError(f"is {shown(given)}; write a duration such as 72h or 30d")
    if kind is ParameterType.INTEGER:
        if not isinstance(given, int) or isinstance(given, bool) or abs(given) > LARGEST_INTEGER:
            raise ValueError(f"is {shown(given)}; write a whole number below {LARGEST_INTEGER}")
        return given
    if kind is ParameterType.BOOLEAN:
        if not isinstance(given, bool):
            raise ValueError(f"is {shown(given)}; write true or false")
        return given
    if not isinstance(given, str) or "\0" in given:
        raise ValueError(f"is {shown(given)}; write a text in quotes")
    return given


def parse_duration(text: str) -> timedelta:
    """Return what ``72h``, ``30d`` or ``1d12h`` names; ``ValueError`` holds the rest of a sentence."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"is {shown(text)}; write a duration such as 72h or 30d")
    total = timedelta()
    for number, unit in _DURATION_PART.findall(text):
        try:
            total += timedelta(**{_UNITS[unit]: int(number)})
        except OverflowError:
            raise ValueError(f"is {shown(text)}; write a hundred years or less") from None
    return _sensible(total)


def _sensible(duration: timedelta) -> timedelta:
    if not timedelta() < duration <= LONGEST:
        raise ValueError(f"is {duration}; write a duration above zero and up to a hundred years")
    return duration


def effective(
    source: str, declared: Mapping[str, Parameter], given: Mapping[str, object], *, is_written: bool = False
) -> dict[str, Value]:
    """Return every declared parameter's value: the given one, else its default.

    ``source`` names the file or policy in the sentence of the ``PolicyError`` that an unknown name or an
    unfit value raises. ``is_written``: somebody wrote them just now; what was kept once is not looked at so closely.
    """
    for name in given:
        if name not in declared:
            known = ", ".join(declared) or "it has none"
            raise PolicyError(
                f"{source}: there is no parameter {shown(name)} (known: {known}); correct the name."
            )
    values = {}
    for name, parameter in declared.items():
        try:
            value = given.get(name, parameter.default)
            values[name] = parameter.written(value) if is_written else parameter.value(value)
        except ValueError as error:
            raise PolicyError(f"{source}: parameter {shown(name)} {error}.") from None
    return values


def placeholders(tokens: Sequence[Token]) -> list[tuple[Token, str]]:
    """Return each ``:name`` of the SQL: the token of its colon, and the name."""
    return [
        (colon, name.text)
        for colon, name in pairwise(tokens)
        if colon.token_type is TokenType.COLON
        and name.start == colon.end + 1
        and re.fullmatch(r"[A-Za-z_]\w*", name.text, re.ASCII)
        and name.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
    ]


def bound(
    text: str,
    tokens: Sequence[Token],
    source: str,
    declared: Mapping[str, Parameter],
    values: Mapping[str, Value],
    as_of: datetime | None,
) -> tuple[str, dict[str, Any]]:
    """Return SQL for psycopg: ``:name`` as ``%(name)s::type``, a literal ``%`` doubled, no semicolon.

    The values come with it. ``as_of`` is among them when given; else whoever runs the SQL adds it.
    """
    if as_of is not None and as_of.tzinfo is None:
        raise PolicyError(f"{source}: the time `as_of` has no time zone; give it one.")
    parts, position = [], 0
    for colon, name in placeholders(tokens):
        kind = "timestamptz" if name == AS_OF else POSTGRES_TYPES[declared[name].type]
        parts += [text[position : colon.start].replace("%", "%%"), f"%({name})s::{kind}"]
        position = colon.end + 1 + len(name)
    end = tokens[-1].start if tokens[-1].token_type is TokenType.SEMICOLON else len(text)
    parts.append(text[position:end].replace("%", "%%"))
    binds: dict[str, Any] = {name: _bind(value) for name, value in values.items()}
    if as_of is not None:
        binds[AS_OF] = as_of
    return "".join(parts).rstrip() + "\n", binds


def _bind(value: Value) -> bool | int | str:
    # In seconds, so that a duration is never read as calendar days, whose length a time zone decides.
    return f"{value.total_seconds():.6f} seconds" if isinstance(value, timedelta) else value
