"""What an exception says: read from a file or the command line, checked, and ready to be entered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from cmdb.errors import shown
from evaluator.catalog.files import Model, Text
from gateledger.exceptions.patterns import as_like, as_policy_like, is_pattern, only_api
from gateledger.settings.values import ACCOUNT, REGION

LONGEST_TEXT = 2_000
"""Letters of a reason."""
ACCEPTED = ("INCOMPLIANT", "UNDETERMINED")
Accepted = Literal["INCOMPLIANT", "UNDETERMINED"]
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")

Short = Annotated[Text, StringConstraints(max_length=500)]


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(
            f"is {shown(value)}; write letters, digits and . _ : / -, at most 128, a letter or digit first"
        )
    return value


def _account(value: str) -> str:
    if not is_pattern(value) and not ACCOUNT.fullmatch(value):
        raise ValueError(f"is {value!r}; write the 12 digits of an account, or a pattern with *")
    return value


def _region(value: str) -> str:
    if not is_pattern(value) and not REGION.fullmatch(value):
        raise ValueError(f"is {value!r}; write a region such as eu-central-1, or a pattern with *")
    return value


def _arn(value: str) -> str:
    if not value.startswith(("arn:", "*")):
        raise ValueError(f"is {value!r}; begin it with arn: or with *")
    return value


def read_moment(value: str, *, is_end: bool) -> datetime:
    """Return the time that a text names; a day alone means the whole day, in UTC.

    Raises ``ValueError`` with the rest of a sentence.
    """
    text = value.strip()
    try:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            moment = datetime.fromisoformat(text)
        else:
            first = datetime.combine(day, time(), UTC)
            return first + timedelta(days=1) if is_end else first
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"is {value!r}, which is not a day or time; write for example 2027-03-31 or 2027-03-31T12:00+01:00"
        ) from None


def end_words(until: datetime) -> str:
    """Return an end for people: the last day where it is the end of one, else the time."""
    moment = until.astimezone(UTC)
    if moment.time() == time():
        return (moment - timedelta(days=1)).date().isoformat()
    return moment.strftime("%Y-%m-%d %H:%MZ")


def _start(value: str) -> str:
    read_moment(value, is_end=False)
    return value


def _end(value: str) -> str:
    read_moment(value, is_end=True)
    return value


def _incompliant() -> list[Accepted]:
    return ["INCOMPLIANT"]


class MatchGiven(Model):
    """Which items an exception or an owner is for: all that is given must hold."""

    account: Annotated[Short, AfterValidator(_account)] | None = None
    region: Annotated[Short, AfterValidator(_region)] | None = None
    arn: Annotated[Text, StringConstraints(max_length=2_000), AfterValidator(_arn)] | None = None
    api: Short | None = None
    tags: (
        Annotated[dict[Short, Annotated[str, StringConstraints(max_length=500)]], Field(min_length=1)] | None
    ) = None


class ExceptionGiven(Model):
    """An exception as a file gives it."""

    id: Annotated[str, AfterValidator(_id)]
    policies: Annotated[list[Short], Field(min_length=1, max_length=1_000)]
    match: MatchGiven
    statuses: Annotated[list[Accepted], Field(min_length=1)] = Field(default_factory=_incompliant)
    reason: Annotated[Text, StringConstraints(max_length=LONGEST_TEXT)]
    owner: Short
    ticket: Short | None = None
    start: Annotated[str, AfterValidator(_start)] | None = Field(None, alias="from")
    until: Annotated[str, AfterValidator(_end)]


def match_patterns(match: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a match looks for in items, as the database's columns; None: anything."""
    liked = {
        f"{name}_like": as_like(match[name]) if name in match else None
        for name in ("account", "region", "arn", "api")
    }
    tags = match.get("tags")
    return {
        **liked,
        "tags_like": None if tags is None else {key: as_like(value) for key, value in tags.items()},
        "rest_api_id": only_api(match["arn"]) if "arn" in match else None,
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """An exception to be entered. ``start`` None: from when it, or another ``until``, is entered."""

    exception_id: str
    policies: tuple[str, ...]
    match: Mapping[str, Any]
    statuses: tuple[str, ...]
    reason: str
    owner: str
    ticket: str | None
    start: datetime | None
    until: datetime
    line: int | None = None
    """Where it begins in its file."""

    @classmethod
    def of(cls, given: ExceptionGiven, line: int | None = None) -> Entry:
        """Make one of what a file or the command line gives."""
        return cls(
            exception_id=given.id,
            policies=tuple(dict.fromkeys(given.policies)),
            match=given.match.model_dump(exclude_none=True),
            statuses=tuple(status for status in ACCEPTED if status in given.statuses),
            reason=given.reason,
            owner=given.owner,
            ticket=given.ticket,
            start=None if given.start is None else read_moment(given.start, is_end=False),
            until=read_moment(given.until, is_end=True),
            line=line,
        )

    def patterns(self) -> dict[str, Any]:
        """Return what items and policies are matched with, as the database's columns."""
        return {
            **match_patterns(self.match),
            "policies_like": [as_policy_like(pattern) for pattern in self.policies],
        }
