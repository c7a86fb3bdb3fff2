"""Entering and ending exceptions: one transaction each, all or nothing; what was entered before stays as history."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from cmdb.errors import AsOfTooEarly, GateledgerError
from cmdb.queries import query
from cmdb.runs.runs import iso
from cmdb.server.database import Cursor, transaction
from gateledger.exceptions.entry import Entry, end_words
from gateledger.exceptions.file import ExceptionsWrong
from gateledger.exceptions.matching import SQL, lock, match_entered
from gateledger.settings.durations import format_duration

FILE, COMMAND = "file", "command"
ADDED, CHANGED, UNCHANGED, ENDED = "added", "changed", "unchanged", "ended"


class ExceptionUnknown(GateledgerError):
    """There is no such exception; `gateledger exceptions list` shows those that there are."""


class ExceptionThere(GateledgerError):
    """There is such an exception already; choose another id, or end it first."""


@dataclass(frozen=True, slots=True)
class Change:
    """What entering did with an exception: ``added``, ``changed``, ``unchanged`` or ``ended``."""

    exception_id: str
    change: str
    valid_from: datetime
    valid_until: datetime
    entered_late: bool
    matches: int
    """Findings of its policies and items, whatever their status; 0 when it is not in force."""
    covers: int
    """Findings that have a status that it accepts; 0 when it is not in force."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for entering: who, when (None: now), and how long an exception may be in force."""

    by: str
    longest: timedelta
    as_of: datetime | None = None


def whoever() -> str:
    """Return the user and host of this process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def apply(engine: Engine, entries: Sequence[Entry], terms: Terms, *, dry_run: bool = False) -> list[Change]:
    """Make the exceptions of the file those that are entered; end those that a file had and this one has not.

    Raises ``ExceptionsWrong`` with all that is wrong, ``AsOfTooEarly``; nothing is written then, nor with
    ``dry_run``.
    """
    with _changing(engine, terms, dry_run=dry_run) as own:
        held = _held(own.cursor)
        wanted = {entry.exception_id for entry in entries}
        gone = sorted(name for name, row in held.items() if row["source"] == FILE and name not in wanted)
        own.changes += _enter(own.cursor, entries, held, own.at, terms, FILE)
        own.changes += [(name, ENDED) for name in gone]
        _end(own.cursor, gone, own.at, terms.by)
    return own.told


def add(engine: Engine, entry: Entry, terms: Terms) -> list[Change]:
    """Enter one exception. Raises ``ExceptionThere``, and what ``apply`` raises."""
    with _changing(engine, terms) as own:
        held = _held(own.cursor)
        if entry.exception_id in held:
            raise ExceptionThere(
                f"There is an exception {entry.exception_id!r} already: choose another id, or end it first with "
                f"`gateledger exceptions end {entry.exception_id}`."
            )
        own.changes += _enter(own.cursor, [entry], held, own.at, terms, COMMAND)
    return own.told


def end(engine: Engine, exception_id: str, terms: Terms) -> list[Change]:
    """End an exception. Raises ``ExceptionUnknown``."""
    with _changing(engine, terms) as own:
        if exception_id not in _held(own.cursor):
            raise ExceptionUnknown(
                f"No exception {exception_id!r} is entered: `gateledger exceptions list` shows those that are."
            )
        own.changes.append((exception_id, ENDED))
        _end(own.cursor, [exception_id], own.at, terms.by)
    return own.told


@dataclass(slots=True)
class _Changing:
    """A transaction that changes exceptions at a time: ids and what becomes of them, and how they are then."""

    cursor: Cursor
    at: datetime
    changes: list[tuple[str, str]] = field(default_factory=list)
    told: list[Change] = field(default_factory=list)


@contextmanager
def _changing(engine: Engine, terms: Terms, *, dry_run: bool = False) -> Iterator[_Changing]:
    with transaction(engine) as connection, connection.cursor() as cursor:
        lock(cursor)
        changing = _Changing(cursor, _moment(cursor, terms.as_of))
        yield changing
        changing.told = _read(cursor, changing.changes)
        if dry_run:
            connection.rollback()


def _moment(cursor: Cursor, given: datetime | None) -> datetime:
    """Return the time of entering: never before what is known already, so that no past changes."""
    ((clock, last),) = cursor.execute(query("moment", SQL)).fetchall()
    if given is None:
        now: datetime = clock if last is None else max(clock, last)
        return now
    if last is not None and given < last:
        raise AsOfTooEarly(
            f"--as-of {iso(given)} lies before the last evaluation or change of exceptions at {iso(last)}: "
            "history is only written forward; give that time or a later one."
        )
    return given


def _held(cursor: Cursor) -> dict[str, dict[str, Any]]:
    with cursor.connection.cursor(row_factory=dict_row) as own:
        return {row["exception_id"]: row for row in own.execute(query("entered", SQL)).fetchall()}


def _enter(
    cursor: Cursor,
    entries: Sequence[Entry],
    held: dict[str, dict[str, Any]],
    at: datetime,
    terms: Terms,
    source: str,
) -> list[tuple[str, str]]:
    changes: list[tuple[str, str]] = []
    rows: list[dict[str, Any]] = []
    mistakes: list[str] = []
    for entry in entries:
        old = held.get(entry.exception_id)
        start = _start(entry, old, at)
        wrong = _wrong(entry, old, start, at, terms.longest)
        if wrong:
            mistakes.append(wrong)
        row = _row(entry, start, source)
        if old is not None and all(old[name] == row[name] for name in old if name in row):
            changes.append((entry.exception_id, UNCHANGED))
            continue
        changes.append((entry.exception_id, ADDED if old is None else CHANGED))
        rows.append({**row, **_columns(entry), "match": Jsonb(row["match"]), "at": at, "by": terms.by})
    if mistakes:
        raise ExceptionsWrong(mistakes)
    _end(cursor, [row["exception_id"] for row in rows], at, terms.by)
    cursor.executemany(query("enter", SQL), rows)
    match_entered(cursor, [row["exception_id"] for row in rows], at)
    return changes


def _start(entry: Entry, old: dict[str, Any] | None, at: datetime) -> datetime:
    """Return from when an exception is meant to be in force: a new end without a start is a new decision."""
    if entry.start is not None:
        return entry.start
    if old is not None and old["valid_until"] == entry.until:
        before: datetime = old["valid_from"]
        return before
    return at


def _wrong(
    entry: Entry, old: dict[str, Any] | None, start: datetime, at: datetime, longest: timedelta
) -> str | None:
    place = f"Line {entry.line}, {entry.exception_id}" if entry.line else entry.exception_id
    if entry.until <= start:
        if entry.start is None:
            return _over(place, entry)
        return f"{place}: `until` is not later than `from`; give a later day."
    if entry.until <= at and (old is None or old["valid_until"] != entry.until):
        return _over(place, entry)
    if entry.until - start > longest:
        return (
            f"{place}: it is in force from {iso(start)} until {end_words(entry.until)}, longer than "
            f"{format_duration(longest)}; give an earlier `until`, or raise GATELEDGER_EXCEPTION_MAX."
        )
    return None


def _over(place: str, entry: Entry) -> str:
    return f"{place}: `until` is {end_words(entry.until)}, which is over; give a later day, or remove the exception."


def _row(entry: Entry, start: datetime, source: str) -> dict[str, Any]:
    return {
        "exception_id": entry.exception_id,
        "source": source,
        "valid_from": start,
        "valid_until": entry.until,
        "statuses": list(entry.statuses),
        "policies": list(entry.policies),
        "match": dict(entry.match),
        "reason": entry.reason,
        "owner": entry.owner,
        "ticket": entry.ticket,
    }


def _columns(entry: Entry) -> dict[str, Any]:
    patterns = entry.patterns()
    tags = patterns["tags_like"]
    return patterns | {"tags_like": None if tags is None else Jsonb(tags)}


def _end(cursor: Cursor, ids: Sequence[str], at: datetime, by: str) -> None:
    if ids:
        cursor.execute(query("end", SQL), {"ids": list(ids), "at": at, "by": by})


def _read(cursor: Cursor, changes: Sequence[tuple[str, str]]) -> list[Change]:
    ids = [name for name, _ in changes]
    rows = {row[0]: row for row in cursor.execute(query("told", SQL), {"ids": ids}).fetchall()}
    return [Change(name, change, *rows[name][1:]) for name, change in changes]
