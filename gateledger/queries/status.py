"""The state of the whole: database, last run, scopes, findings, next night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from cmdb.errors import DatabaseOutdated, GateledgerError
from cmdb.server.address import read_address
from cmdb.server.database import require_current
from gateledger.queries.causes import Cause, by_cause
from gateledger.queries.findings import Selection, count_findings
from gateledger.queries.quota import quota_line
from gateledger.queries.reading import reading, records, rows
from gateledger.queries.statuses import Status
from gateledger.settings.app import App
from gateledger.settings.durations import format_duration
from gateledger.terminal.console import Column, Format, cell, emit, emit_object, iso, say
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.logs import one_line

_SCOPE_KEYS = (
    "account_id",
    "region",
    "item_type",
    "status",
    "last_success_at",
    "last_attempt_at",
    "error",
    "failure_kind",
    "operation",
)
#: Kinds of scopes that are not read on purpose.
_ON_PURPOSE = frozenset({"excluded", "denied_accepted", "not_wanted"})
#: On a terminal scopes are grouped by cause; the other formats hold each.
_CAUSE_KEYS = ("where", "statuses", "last_success_at", "cause")
_CAUSE_TABLE = (
    Column("where", "scopes"),
    Column("statuses", "status"),
    Column("last_success_at", "oldest reading"),
    Column("cause", "cause"),
)
_CAUSE_NARROW = (
    Column("where", "scopes", lines=(("where",), ("statuses", "last_success_at"))),
    Column("cause", "cause"),
)

#: A scheduler that has been silent for longer is dead or cut off; a running one gives a sign each minute.
_SILENT_SECONDS = 180
#: Causes that are shown; `--scopes` shows all.
_SHOWN_CAUSES = 10


class DataTooOld(GateledgerError):
    """The last run that renewed the data is too long ago."""


def show_status(app: App, form: Format, *, max_age: timedelta | None = None) -> ExitCode:
    """Write the state to stdout; raises ``DataTooOld`` when nothing renewed it within ``max_age``."""
    state: dict[str, Any] = {
        "database": _database(app),
        "schema": "absent",
        "last_run": None,
        "last_good_run": None,
        "scopes": {},
        "not_read": [],
        "left_out": [],
        "findings": {},
        "past_nights": [],
        "next_night": next_night(app, datetime.now(UTC)),
        "schedulers": [],
        "advice": None,
    }
    if app.database_exists():
        with app.server() as engine:
            _ask(engine, state)
    else:
        state["advice"] = (
            "Nothing ran yet: `gateledger run` makes the database and collects for the first time."
        )
    causes = state.pop("causes", [])
    if form is Format.JSON:
        emit_object(state)
    elif form is Format.CSV:
        emit([_flat(state)], form, keys=tuple(_flat(state)), table=())
    else:
        _tell(state, app, causes)
    if max_age is not None:
        _require_recent(state, max_age)
    return ExitCode.DONE


def show_scopes(app: App, form: Format, *, max_age: timedelta | None = None) -> ExitCode:
    """List the scopes that the last attempt did not read completely; raises ``DataTooOld`` as the state does."""
    with app.database() as engine, reading(engine) as connection:
        found = records(connection, "scopes_not_complete")
        state = {"last_good_run": next(iter(records(connection, "last_good_run")), None)}
    if form is Format.TABLE:
        emit(_cause_rows(found), form, keys=_CAUSE_KEYS, table=_CAUSE_TABLE, narrow=_CAUSE_NARROW)
    else:
        emit(found, form, keys=_SCOPE_KEYS, table=())
    if max_age is not None:
        _require_recent(state, max_age)
    return ExitCode.DONE


def _not_read(scopes: list[dict[str, Any]]) -> tuple[list[Cause], list[Cause]]:
    """Return why scopes were not read although they should have been, and why others are left out."""
    wanted = [
        scope
        for scope in scopes
        if scope["status"] != "uncollected" and scope["failure_kind"] not in _ON_PURPOSE
    ]
    return by_cause(wanted), by_cause(scope for scope in scopes if scope["failure_kind"] in _ON_PURPOSE)


def _cause_rows(scopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each cause, with the reading that is the oldest of its scopes (None: never read)."""
    return [
        {
            "where": cause.where(),
            "statuses": cause.status(),
            "last_success_at": cause.oldest,
            "cause": cause.text(),
        }
        for cause in by_cause(scopes)
    ]


def next_night(app: App, after: datetime) -> datetime | None:
    """Return when the schedule's next night begins."""
    from gateledger.settings.cron import next_time, read_schedule

    return next_time(read_schedule(app.settings.schedule, app.settings.zone), after)


def _database(app: App) -> str:
    given = app.settings.given_database()
    if given is None:
        return f"embedded, in {app.settings.data_dir}"
    return str(read_address(given))


def _ask(engine: Engine, state: dict[str, Any]) -> None:
    try:
        require_current(engine)
    except DatabaseOutdated as error:
        state["schema"] = "behind"
        state["advice"] = str(error)
        return
    state["schema"] = "current"
    with reading(engine) as connection:
        state["last_run"] = next(iter(records(connection, "last_run")), None)
        state["last_good_run"] = next(iter(records(connection, "last_good_run")), None)
        state["schedulers"] = [
            {**each, "is_up": each["silent_seconds"] <= _SILENT_SECONDS}
            for each in records(connection, "schedulers")
        ]
        state["scopes"] = {status: number for status, number, _oldest in rows(connection, "scopes_by_status")}
        not_read, left_out = _not_read(records(connection, "scopes_not_complete"))
        state["not_read"] = [cause.as_object() for cause in not_read]
        state["left_out"] = [cause.as_object() for cause in left_out]
        state["causes"] = [
            *(f"Not read   {cause.line()}" for cause in not_read[:_SHOWN_CAUSES]),
            *(f"Left out   {cause.line()}" for cause in left_out[:_SHOWN_CAUSES]),
        ]
        state["findings"] = count_findings(connection, Selection())
        # Policies whose past nights are still to be judged.
        state["past_nights"] = records(connection, "backfilled", {"as_of": None})
    if state["last_run"] is None:
        state["advice"] = "Nothing ran yet: `gateledger run` collects for the first time."


def _tell_schedulers(schedulers: list[dict[str, Any]]) -> None:
    for each in schedulers:
        where = f"on {one_line(each['host'])} (process {each['process_id']})"
        if each["is_up"]:
            ended = f"; its last night ended as {one_line(each['last_end'])}" if each["last_end"] else ""
            say(
                f"Scheduler  up {where}, {'a night is in progress' if each['is_working'] else 'waiting'}, "
                f"next night {cell(each['next_night'])}{ended}"
            )
        else:
            say(f"Scheduler  silent {where}: no sign of life since {cell(each['beat_at'])}")


def _tell(state: dict[str, Any], app: App, causes: list[str]) -> None:
    say(f"Database   {one_line(state['database'])} (schema {state['schema']})")
    run = state["last_run"]
    if run is not None:
        ended = "still running" if run["finished_at"] is None else f"ended {cell(run['finished_at'])}"
        say(
            f"Last run   {run['run_id']} ({run['kind']}) as of {cell(run['as_of'])}: "
            f"{run['status']}, {ended}; "
            f"{run['scopes_ok']:,} scopes ok, {run['scopes_failed']:,} failed, "
            f"{run['items_changed']:,} items and {run['findings_changed']:,} findings changed"
        )
        if run["error"]:
            say(f"Error      {one_line(run['error'])}")
        if run["quota"] is not None:
            say(quota_line(run["quota"]).replace("Quota: ", "Quota      ", 1))
    if state["scopes"]:
        say("Scopes     " + ", ".join(f"{number:,} {status}" for status, number in state["scopes"].items()))
    for line in causes:
        say(line)
    if state["findings"]:
        counts = state["findings"]
        say("Findings   " + ", ".join(f"{counts[key]:,} {key}" for key in Status if counts.get(key)))
    if state["past_nights"]:
        number = len(state["past_nights"])
        under = one_line(state["past_nights"][0]["policy_id"]) if number == 1 else f"{number:,} policies"
        say(f"Past       nights are still to be judged under {under}, by the next `gateledger run`")
    night = state["next_night"]
    say(
        f"Next night {cell(night)} by the schedule '{app.settings.schedule}' ({app.settings.timezone}); "
        "`gateledger run` from any scheduler does as well"
    )
    _tell_schedulers(state["schedulers"])
    if state["advice"]:
        say(state["advice"])
    if state["scopes"].get("failed") or state["scopes"].get("partial"):
        say("Some scopes were not read completely: `gateledger status --scopes` says which and why.")


def _flat(state: dict[str, Any]) -> dict[str, Any]:
    run = state["last_run"] or {}
    return {
        "database": state["database"],
        "schema": state["schema"],
        "last_run_id": run.get("run_id"),
        "last_run_as_of": run.get("as_of"),
        "last_run_status": run.get("status"),
        "next_night": state["next_night"],
        "schedulers_up": sum(each["is_up"] for each in state["schedulers"]),
        **{
            f"scopes_{name}": state["scopes"].get(name, 0)
            for name in ("complete", "partial", "failed", "skipped")
        },
        **{f"findings_{name.lower()}": state["findings"].get(name, 0) for name in Status},
    }


def _require_recent(state: dict[str, Any], max_age: timedelta) -> None:
    run = state["last_good_run"]
    if run is None:
        raise DataTooOld("No run has collected anything yet: see the log of the last `gateledger run`.")
    age = datetime.now(UTC) - run["finished_at"]
    if age > max_age:
        raise DataTooOld(
            f"The last run that renewed the data ended at {iso(run['finished_at'])}, longer than "
            f"{format_duration(max_age)} ago: see the log of the last `gateledger run`."
        )
