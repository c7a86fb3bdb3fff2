"""Dropping history past a limit, at a person's word."""

from __future__ import annotations

from cmdb.runs import runs
from cmdb.server.database import transaction
from cmdb.storage.prune import prune
from gateledger.settings.app import App
from gateledger.settings.durations import parse_duration
from gateledger.terminal.console import Column, Format, emit
from gateledger.terminal.exits import ExitCode

_KEYS = ("table", "rows")
_TABLE = (Column("table", "dropped from"), Column("rows", "rows", right=True))


def prune_now(app: App, keep: str, keep_counts: str | None, form: Format) -> ExitCode:
    """Drop what ended longer ago than ``keep``, counts by ``keep_counts``; write what went to stdout."""
    app.log(job=True)
    with app.database() as engine, runs.run_lock(engine):
        with transaction(engine) as connection, connection.cursor() as cursor:
            clock, last = runs.clock_and_last_run(cursor)
        now = last or clock
        counts = None if keep_counts is None else now - parse_duration(keep_counts)
        pruned = prune(engine, now - parse_duration(keep), counts)
    rows = [{"table": table, "rows": count} for table, count in pruned.rows.items()]
    emit(rows, form, keys=_KEYS, table=_TABLE)
    return ExitCode.DONE
