"""What the ``exceptions`` commands do and show."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row
from pydantic import ValidationError
from sqlalchemy import Engine

from cmdb.queries import query_text
from evaluator.catalog.files import mistake_worded
from gateledger.exceptions import store
from gateledger.exceptions.entry import Entry, ExceptionGiven, end_words
from gateledger.exceptions.file import ExceptionsWrong, read_file
from gateledger.exceptions.listing import match_mistakes
from gateledger.exceptions.matching import SQL
from gateledger.exceptions.store import Change, ExceptionUnknown, Terms
from gateledger.queries.reading import Connection, reading
from gateledger.settings.app import App
from gateledger.terminal.console import Column, Format, emit, emit_object, say, short_time
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.logs import one_line

#: Covered findings that ``show`` lists at most.
MOST_COVERED = 10_000
LIST_KEYS = (
    "exception_id",
    "policies",
    "match",
    "statuses",
    "reason",
    "owner",
    "ticket",
    "valid_from",
    "valid_until",
    "entered_by",
    "entered_at",
    "ended_at",
    "covers",
    "state",
    "matches",
    "changed_by",
    "changed_at",
    "ended_by",
    "source",
    "entered_late",
)
_LIST_TABLE = (
    Column("exception_id", "exception"),
    Column("state", "state"),
    Column("valid_until", "until"),
    Column("covers", "covers", right=True),
    Column("owner", "owner"),
    Column("reason", "reason"),
)
_LIST_NARROW = (
    Column("exception_id", "exception / state", lines=(("exception_id",), ("state",))),
    Column("valid_until", "until / owner", lines=(("valid_until",), ("owner",))),
    Column("covers", "covers", right=True),
    Column("reason", "reason"),
)
_CHANGE_KEYS = ("exception_id", "change", "valid_from", "valid_until", "entered_late", "matches", "covers")
_CHANGE_TABLE = (
    Column("exception_id", "exception"),
    Column("change", "change"),
    Column("valid_until", "until"),
    Column("matches", "matches", right=True),
    Column("covers", "covers", right=True),
)
_COVERED_KEYS = (
    "policy_id",
    "resource_arn",
    "account_id",
    "region",
    "rest_api_id",
    "stage_name",
    "status",
    "covered_from",
    "covered_until",
)
_COVERED_TABLE = (
    Column("covered_from", "covered from"),
    Column("covered_until", "until"),
    Column("account_id", "account"),
    Column("resource_arn", "item"),
    Column("status", "status"),
    Column("policy_name", "policy"),
)
_VERSION_KEYS = (
    "entered_at",
    "entered_by",
    "ended_at",
    "ended_by",
    "source",
    "valid_from",
    "valid_until",
    "statuses",
    "policies",
    "match",
    "reason",
    "owner",
    "ticket",
)


def apply_file(
    app: App, path: Path, *, by: str | None, as_of: datetime | None, dry_run: bool, form: Format
) -> ExitCode:
    """Apply a file, or say all that is wrong with it, and return how the command ends."""
    terms = _terms(app, by, as_of)
    try:
        entries = read_file(path, app.settings.sensitive_tags)
        with app.database() as engine:
            changes = store.apply(engine, entries, terms, dry_run=dry_run)
    except ExceptionsWrong as error:
        return _refuse(error)
    _show(changes, form, dry_run=dry_run)
    return ExitCode.DONE


def add_one(
    app: App, given: dict[str, Any], *, by: str | None, as_of: datetime | None, form: Format
) -> ExitCode:
    """Enter one exception as the command line gives it, and return how the command ends."""
    terms = _terms(app, by, as_of)
    try:
        entry = _entry(given, app.settings.sensitive_tags)
        with app.database() as engine:
            changes = store.add(engine, entry, terms)
    except ExceptionsWrong as error:
        return _refuse(error)
    _show(changes, form)
    return ExitCode.DONE


def end_one(app: App, exception_id: str, *, by: str | None, as_of: datetime | None, form: Format) -> None:
    """End an exception. Raises ``ExceptionUnknown``."""
    with app.database() as engine:
        changes = store.end(engine, exception_id, _terms(app, by, as_of))
    _show(changes, form)


def list_exceptions(app: App, form: Format, *, everything: bool) -> None:
    """List exceptions: those in force and to come, or all that there ever were."""
    states = None if everything else ["in force", "to come"]
    with app.database() as engine:
        found = read_exceptions(engine, states=states)
    if form is Format.TABLE:
        found = [{**row, "valid_until": end_words(row["valid_until"])} for row in found]
    emit(found, form, keys=LIST_KEYS, table=_LIST_TABLE, narrow=_LIST_NARROW)


def show_exception(app: App, exception_id: str, form: Format) -> None:
    """Show one exception whole. CSV lists the findings that it covers and covered. Raises ``ExceptionUnknown``."""
    with app.database() as engine, reading(engine) as connection:
        found = _records(connection, "list", states=None, ids=[exception_id])
        if not found:
            raise ExceptionUnknown(
                f"There never was an exception {exception_id!r}: `gateledger exceptions list --all` shows all."
            )
        versions = _records(connection, "versions", exception_id=exception_id)
        covered = _records(connection, "covered", exception_id=exception_id, limit=MOST_COVERED)
    if form is Format.JSON:
        kept = [{key: row[key] for key in _VERSION_KEYS} for row in versions]
        emit_object({**{key: found[0][key] for key in LIST_KEYS}, "versions": kept, "covered": covered})
        return
    if form is Format.TABLE:
        _say_all(found[0], versions)
    for row in covered:
        row["policy_name"] = row["policy_id"].rsplit("/", 1)[-1]
    emit(covered, form, keys=_COVERED_KEYS, table=_COVERED_TABLE)


def read_exceptions(engine: Engine, *, states: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return exceptions in these states (None: all), by the columns of ``report.exception``."""
    with reading(engine) as connection:
        return _records(connection, "list", states=states, ids=None)


def _records(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query_text(name, SQL), values).fetchall()


def _terms(app: App, by: str | None, as_of: datetime | None) -> Terms:
    return Terms(by or store.whoever(), app.settings.exception_max, as_of)


def _entry(given: dict[str, Any], sensitive_tags: Sequence[str]) -> Entry:
    try:
        made = ExceptionGiven.model_validate(given)
    except ValidationError as error:
        words = [mistake_worded(mistake, ExceptionGiven) for mistake in error.errors(include_url=False)]
        raise ExceptionsWrong([f"The exception cannot be entered: {word}." for word in words]) from None
    wrong = [words for _, words in match_mistakes(made.match, sensitive_tags)]
    if wrong:
        raise ExceptionsWrong([f"The exception cannot be entered: {words}." for words in wrong])
    return Entry.of(made)


def _refuse(error: ExceptionsWrong) -> ExitCode:
    for mistake in error.mistakes:
        sys.stderr.write(f"gateledger: {one_line(mistake)}\n")
    return ExitCode.ERROR


def _show(changes: Sequence[Change], form: Format, *, dry_run: bool = False) -> None:
    if form is not Format.TABLE:
        emit(map(asdict, changes), form, keys=_CHANGE_KEYS, table=())
        return
    told = [
        {**asdict(one), "valid_until": end_words(one.valid_until)}
        for one in changes
        if one.change != store.UNCHANGED
    ]
    if told:
        emit(told, form, keys=(), table=_CHANGE_TABLE)
    counts = [
        f"{sum(one.change == kind for one in changes):,} {kind}"
        for kind in (store.ADDED, store.CHANGED, store.ENDED, store.UNCHANGED)
    ]
    say(("Would be: " if dry_run else "") + ", ".join(counts) + ".")
    for one in changes:
        if one.entered_late and one.change in {store.ADDED, store.CHANGED}:
            say(
                f"{one.exception_id} is entered late: it is meant from {short_time(one.valid_from)} on, and counts "
                "from now on; past days stay as they were."
            )


def _say_all(row: dict[str, Any], versions: Sequence[dict[str, Any]]) -> None:
    say(
        f"{row['exception_id']}: {row['state']}, {short_time(row['valid_from'])} until {end_words(row['valid_until'])}"
    )
    say(f"Reason: {one_line(row['reason'])}")
    say(f"Owner: {one_line(row['owner'])}" + (f", {one_line(row['ticket'])}" if row["ticket"] else ""))
    say(f"Policies: {', '.join(map(one_line, row['policies']))}; statuses: {', '.join(row['statuses'])}")
    say(f"Match: {one_line(_match(row['match']))}")
    say(f"Covers {row['covers']:,} of {row['matches']:,} findings that it matches now.")
    for version in versions:
        ended = (
            f", until {short_time(version['ended_at'])} ({version['ended_by']})"
            if version["ended_at"]
            else ""
        )
        late = ", entered late" if version["valid_from"].date() < version["entered_at"].date() else ""
        say(
            f"Entered {short_time(version['entered_at'])} by {one_line(version['entered_by'])}{ended}: "
            f"{short_time(version['valid_from'])} until {end_words(version['valid_until'])}{late}"
        )
    say("")


def _match(match: dict[str, Any]) -> str:
    parts = [f"{key}={value}" for key, value in match.items() if key != "tags"]
    parts += [f"tag {key}={value}" for key, value in match.get("tags", {}).items()]
    return ", ".join(parts)
