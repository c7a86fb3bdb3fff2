"""The scheduler: runs the nightly job when its time comes, until it is stopped.

Times come from APScheduler; each night runs in a process of its own (``gateledger.nightly.night``), which
decides from the database whether there is anything to do. A night that fails is tried again, after a minute
at first, then after twice as long each time, until it succeeds or the next one is due.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler

from cmdb.errors import DatabaseUnreachable, GateledgerError
from gateledger.nightly.exit_status import NightEnd, Occasion
from gateledger.nightly.heartbeat import Heartbeat
from gateledger.nightly.night_process import NightProcess
from gateledger.nightly.notify import check_targets
from gateledger.settings.app import App
from gateledger.settings.cron import Trigger, last_time, next_time, read_schedule
from gateledger.settings.model import Settings
from gateledger.terminal.signals import woken_by_signals

log = logging.getLogger("gateledger.schedule")

#: How late a night may begin when the machine was asleep or busy at its time; later, the next one comes. (A
#: night that was missed because no scheduler was up has no such limit.)
GRACE = timedelta(hours=20)
BEAT = timedelta(seconds=60)
_FIRST_RETRY = timedelta(minutes=1)
_LAST_RETRY = timedelta(hours=1)
_DONE = frozenset({NightEnd.DONE, NightEnd.INCOMPLETE, NightEnd.ALREADY, NightEnd.FIRST_AHEAD})


def serve(app: App, *, run_now: bool = False) -> None:
    """Keep the schedule until SIGTERM or SIGINT; a night in progress is then stopped within 30 seconds.

    The embedded server, where it is used, stays up meanwhile. Raises ``GateledgerError`` for whatever is
    wrong at the start, except a database that does not answer: that is waited for.
    """
    settings = app.settings
    settings.check_collection()
    check_targets(settings)
    with _until_told_to_stop() as wait, app.address():
        _check_database(app)
        scheduler = Scheduler(app, settings)
        scheduler.start(Occasion.WANTED if run_now else Occasion.STARTED)
        try:
            wait()
        finally:
            scheduler.stop()


def retry_delay(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    doubled: timedelta = _FIRST_RETRY * 2 ** min(failures - 1, 10)
    return min(doubled, _LAST_RETRY)


class Scheduler:
    """One scheduler: a job for the nights, and one for the heartbeat."""

    def __init__(self, app: App, settings: Settings) -> None:
        """Prepare the schedule of the settings; nothing runs yet."""
        self._app = app
        self._schedule = (settings.schedule, settings.timezone)
        self._trigger: Trigger = read_schedule(settings.schedule, settings.zone)
        self._night = NightProcess(app.config, app.level)
        self._heartbeat = Heartbeat(app)
        self._occasion: Occasion = Occasion.SCHEDULED
        self._failures = 0
        self._is_working = False
        self._jobs = BackgroundScheduler(
            timezone=UTC,
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": int(GRACE.total_seconds()),
            },
        )
        self._jobs.add_listener(_tell_skipped, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def start(self, occasion: Occasion) -> None:
        """Begin: look at once whether a night was missed (or run one, when it is wanted)."""
        self._occasion = occasion
        self._jobs.add_job(self._run_night, self._trigger, id="night", next_run_time=datetime.now(UTC))
        self._jobs.add_job(
            self._beat, "interval", seconds=int(BEAT.total_seconds()), id="beat", next_run_time=None
        )
        self._jobs.start()
        log.info(
            "scheduler started: '%s' in %s, next night %s",
            *self._schedule,
            self._next_text(),
            extra={"event": "schedule.started", "schedule": self._schedule[0], "zone": self._schedule[1]},
        )

    def stop(self) -> None:
        """End: no further night begins, and one in progress is stopped."""
        log.info("scheduler stops", extra={"event": "schedule.stopping"})
        if self._jobs.running:
            self._jobs.shutdown(wait=False)
        self._night.stop()
        self._heartbeat.end()
        log.info("scheduler stopped", extra={"event": "schedule.stopped"})

    def _run_night(self) -> None:
        now = datetime.now(UTC)
        occasion, self._occasion = self._occasion, Occasion.SCHEDULED
        due = last_time(self._trigger, now) or now
        log.info(
            "night begins (%s)",
            occasion,
            extra={"event": "schedule.night", "due": due.isoformat(), "occasion": str(occasion)},
        )
        self._is_working = True
        self._beat_soon()
        end = self._night.run(due, occasion)
        self._is_working = False
        if end in _DONE:
            self._failures = 0
        elif end is NightEnd.FAILED:
            self._failures += 1
            self._try_again(occasion)
        if end is not NightEnd.STOPPED:
            self._heartbeat.ended(end)
            self._beat_soon()

    def _try_again(self, occasion: Occasion) -> None:
        now = datetime.now(UTC)
        again = now + retry_delay(self._failures)
        following = next_time(self._trigger, now)
        if following is not None and following <= again:
            return  # the regular time comes first
        self._occasion = occasion
        self._modify("night", again)
        log.warning(
            "the night is tried again at %s",
            again.isoformat(timespec="seconds"),
            extra={"event": "schedule.retry", "at": again.isoformat(), "failures": self._failures},
        )

    def _beat_soon(self) -> None:
        self._modify("beat", datetime.now(UTC))

    def _modify(self, job: str, moment: datetime) -> None:
        # The job is gone when the scheduler is being stopped.
        if self._jobs.running and self._jobs.get_job(job) is not None:
            self._jobs.modify_job(job, next_run_time=moment)

    def _beat(self) -> None:
        """Show that the scheduler is running, and take on what changed in the settings."""
        try:
            settings = App(config=self._app.config, level=self._app.level).settings
            self._take_on(settings)
        except GateledgerError as error:
            log.warning(
                "the settings cannot be read, the schedule stays as it was: %s",
                error,
                extra={"event": "schedule.settings_wrong"},
            )
        self._heartbeat.beat(
            *self._schedule,
            next_night=next_time(self._trigger, datetime.now(UTC)),
            is_working=self._is_working,
        )

    def _take_on(self, settings: Settings) -> None:
        wanted = (settings.schedule, settings.timezone)
        if wanted == self._schedule:
            return
        self._trigger, self._schedule = read_schedule(settings.schedule, settings.zone), wanted
        self._jobs.reschedule_job("night", trigger=self._trigger)
        log.info(
            "schedule changed: '%s' in %s, next night %s",
            *wanted,
            self._next_text(),
            extra={"event": "schedule.changed", "schedule": wanted[0], "zone": wanted[1]},
        )

    def _next_text(self) -> str:
        found = next_time(self._trigger, datetime.now(UTC))
        return "never" if found is None else found.isoformat(timespec="seconds")


def _check_database(app: App) -> None:
    """Raise when the database is there and will not do; one that does not answer may come back."""
    try:
        with app.database(upgrade_embedded=True):
            pass
    except DatabaseUnreachable as error:
        log.warning("%s", error, extra={"event": "schedule.database_away"})


def _tell_skipped(event: JobEvent) -> None:
    if event.job_id == "night":
        missed = event.code == EVENT_JOB_MISSED
        log.warning(
            "a night was left out: %s",
            "its time is too long past" if missed else "the one before is still in progress",
            extra={"event": "schedule.night_skipped", "reason": "late" if missed else "busy"},
        )


@contextmanager
def _until_told_to_stop() -> Iterator[Callable[[], None]]:
    """Yield a function that waits until SIGTERM or SIGINT has come."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)
    }
    # Its own lines would say the same once more; what matters is logged by the listener.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    try:
        with woken_by_signals() as wait:

            def wait_for_either() -> None:
                while not stop.is_set():
                    wait()

            yield wait_for_either
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
