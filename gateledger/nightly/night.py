"""One night as a process of its own, started by ``gateledger schedule``.

A process, so that each night reads its settings anew, gives all its memory back, can be stopped whatever it
is doing, and takes nothing with it when it dies. It decides from the database whether the night is still to
be done. Its exit code is a ``NightEnd``.
"""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from gateledger.nightly.exit_status import NightEnd, Occasion
from gateledger.settings.app import App

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger("gateledger.schedule")

#: Session-level advisory lock that a scheduler's night holds (an arbitrary number of our own). Two schedulers
#: that fire together both see a night to be done; this lets only one look and act at a time.
NIGHT_LOCK = 7_205_759_403_792_003


class Stopped(BaseException):
    """The scheduler ends; unwinds the stack so that the run is closed and nothing is left running."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the night that the arguments describe and end the process."""
    # Start-up makes a hundred thousand objects that stay: looking for garbage among them costs a tenth of it.
    gc.set_threshold(50_000, 20, 20)
    end = NightEnd.STOPPED
    try:
        signal.signal(signal.SIGTERM, _stop)
        given = _read(arguments)
        end = run_night(App(config=given.config, level=given.level), given.due, given.occasion)
        # Whoever stops it now comes too late.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except Stopped:
        # Before the night began, or after all was done and logged.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(end)


def run_night(app: App, due: datetime, occasion: Occasion) -> NightEnd:
    """Run the nightly job unless it is done already; log how it ended. Raises nothing."""
    began = time.monotonic()
    try:
        end = _run(app, due, occasion)
    except Stopped:
        end = NightEnd.STOPPED
        log.warning(
            "the night was stopped before its end; what it had read is kept, the next run does the rest",
            extra={"event": "night.stopped"},
        )
    except Exception as error:
        end = _failed(error)
    log.info(
        "night ended: %s",
        end.name.lower().replace("_", " "),
        extra={
            "event": "night.ended",
            "end": end.name.lower(),
            "due": due.isoformat(),
            "seconds": round(time.monotonic() - began, 3),
        },
    )
    return end


def to_be_done(engine: Engine, due: datetime, occasion: Occasion, now: datetime) -> NightEnd | None:
    """Return, from the database, why the night that was due then needs no run, or None when it does.

    ``now`` is this machine's clock; the run's times are the database's, and the difference is allowed for.
    """
    if occasion is Occasion.WANTED:
        return None
    from gateledger.queries.reading import reading, rows

    with reading(engine) as connection:
        database_now, ever, last = rows(connection, "last_night")[0]
    if not ever:
        return NightEnd.FIRST_AHEAD if occasion is Occasion.STARTED else None
    return NightEnd.ALREADY if last is not None and last >= due + (database_now - now) else None


def _run(app: App, due: datetime, occasion: Occasion) -> NightEnd:
    from cmdb.runs.locks import session_lock
    from gateledger.nightly import job as nightly
    from gateledger.terminal.progress import progress_for

    settings = app.settings
    app.log(job=True)
    settings.check_collection()
    with app.database(upgrade_embedded=True) as engine, session_lock(engine, NIGHT_LOCK) as is_ours:
        if not is_ours:
            return NightEnd.ELSEWHERE
        needless = to_be_done(engine, due, occasion, datetime.now(UTC))
        if needless is not None:
            return needless
        with progress_for() as progress:
            summary = nightly.run(engine, settings, as_of=None, progress=progress)
    return NightEnd.INCOMPLETE if summary.scopes_failed else NightEnd.DONE


def _failed(error: Exception) -> NightEnd:
    from cmdb.errors import AlreadyRunning
    from gateledger.terminal.failures import sentence

    if isinstance(error, AlreadyRunning):
        return NightEnd.ELSEWHERE
    known = sentence(error)
    log.error(
        "the night failed: %s",
        known or f"an unexpected {type(error).__name__}",
        exc_info=error if known is None or log.isEnabledFor(logging.DEBUG) else None,
        extra={"event": "night.failed", "error": type(error).__name__},
    )
    return NightEnd.FAILED


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gateledger.night", description="Run one night (internal).")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--level", type=int)
    parser.add_argument("--due", type=datetime.fromisoformat, required=True)
    parser.add_argument("--occasion", type=Occasion, required=True)
    return parser.parse_args(arguments)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    main()
