"""The schedule: nights that were missed, schedulers side by side, stopping, databases that go away."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from cmdb.runs.locks import session_lock
from cmdb.runs.runs import run_lock
from gateledger.cli.entry import execute
from gateledger.nightly.exit_status import NightEnd, Occasion
from gateledger.nightly.night import NIGHT_LOCK, run_night
from gateledger.nightly.schedule import Scheduler
from gateledger.settings.app import App
from gateledger.terminal.exits import ExitCode
from simulated_aws import FaultKind
from tests.support.doses import at_length
from tests.support.nights import Nights

PATIENCE = 60


@pytest.fixture
def nights(make_nights: Callable[..., Nights], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Nights:
    """One account; its nights run under the settings of the environment, as the scheduler's do."""
    monkeypatch.chdir(tmp_path)
    return make_nights()


def runs(nights: Nights) -> list[str]:
    return [row["status"] for row in nights.rows("SELECT status FROM report.run ORDER BY run_id")]


def shift(nights: Nights, by: timedelta) -> None:
    """Let all runs have begun that much earlier."""
    nights.rows("UPDATE cmdb.run SET started_at = started_at - %s RETURNING 1", (by,))


def eventually(condition: Callable[[], Any]) -> Any:
    """Return what the condition gives once it is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return found


@contextmanager
def daemon(*options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """``gateledger schedule`` as a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", "from gateledger.cli import main; main()", "schedule", *options],
        env=os.environ | {"GATELEDGER_LOG_FORMAT": "json"} | environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def events(process: subprocess.Popen[str], until: str) -> list[dict[str, Any]]:
    """Return the log records up to the first with that event."""
    found: list[dict[str, Any]] = []
    assert process.stderr is not None
    for line in process.stderr:
        try:
            found.append(json.loads(line))
        except ValueError:
            raise AssertionError(f"no log record: {line}{process.stderr.read()}") from None
        if found[-1]["event"] == until:
            return found
    raise AssertionError(f"no {until} among {found}")


def test_a_daemon_runs_a_night_shows_itself_and_stops(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a scheduler that is to run at once
    nights.stage()
    with daemon("--run-now") as process:
        # then the night is run, in a process of its own, and both tell it as log lines
        told = events(process, "night.ended")
        assert told[-1]["end"] == "done"
        assert {"schedule.started", "schedule.night", "run.finished"} <= {each["event"] for each in told}
        assert runs(nights) == ["complete"]
        # and status shows the scheduler, waiting for the next night
        eventually(lambda: nights.rows("SELECT 1 FROM report.scheduler WHERE last_end = 'done'"))
        assert execute(["status", "--format", "json", "--max-age", "26h"]) == ExitCode.DONE
        state = json.loads(capsys.readouterr().out)
        [scheduler] = state["schedulers"]
        assert (scheduler["process_id"], scheduler["is_up"], scheduler["is_working"]) == (
            process.pid,
            True,
            False,
        )
        assert scheduler["next_night"] == state["next_night"]
        assert execute(["status"]) == ExitCode.DONE
        assert "Scheduler  up on " in capsys.readouterr().out
        # when it is told to stop
        process.terminate()
        told = events(process, "schedule.stopped")
        assert process.wait(PATIENCE) == ExitCode.DONE
    # then it takes its sign of life along
    assert nights.rows("SELECT 1 FROM report.scheduler") == []


@pytest.mark.parametrize(
    "number", at_length([signal.SIGTERM, signal.SIGINT], but=lambda number: number == signal.SIGTERM)
)
def test_a_night_in_progress_is_stopped_in_time(nights: Nights, number: signal.Signals) -> None:
    # given a night that AWS lets hang
    nights.stage()
    hanging = nights.aws.faults.add(FaultKind.TIMEOUT, operation="GetRestApis")
    with daemon("--run-now") as process:
        events(process, "phase.started")
        # when the scheduler is told to stop
        told_at = time.monotonic()
        process.send_signal(number)
        told = events(process, "schedule.stopped")
        # then it ends within 30 seconds, and so does the night
        assert process.wait(PATIENCE) == ExitCode.DONE
        assert time.monotonic() - told_at < 30
    assert {"night.stopped", "night.killed"} & {each["event"] for each in told}
    # and the next run finds nothing in its way
    nights.mend(hanging)
    assert run_night(App(), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.DONE
    assert runs(nights)[-1] == "complete"


def test_a_night_missed_while_nothing_was_up_is_caught_up_once(nights: Nights) -> None:
    # given a run two days ago and a night that was due since
    assert run_night(App(), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.DONE
    shift(nights, timedelta(days=2))
    due = datetime.now(UTC) - timedelta(hours=5)
    # when a scheduler starts, and starts once more
    assert run_night(App(), due, Occasion.STARTED) is NightEnd.DONE
    assert run_night(App(), due, Occasion.STARTED) is NightEnd.ALREADY
    # then it was run once
    assert runs(nights) == ["complete", "complete"]


def test_nothing_is_missed_where_nothing_ever_ran(nights: Nights) -> None:
    assert run_night(App(), datetime.now(UTC) - timedelta(hours=5), Occasion.STARTED) is NightEnd.FIRST_AHEAD
    assert runs(nights) == []
    # and the first night, when its time comes, is run
    assert run_night(App(), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.DONE


def test_a_night_that_failed_or_was_killed_still_is_to_be_done(nights: Nights) -> None:
    # given nights after the due time that failed, or were killed
    due = datetime.now(UTC) - timedelta(minutes=1)
    for status, finished in (("failed", "clock_timestamp()"), ("abandoned", "NULL")):
        nights.rows(
            "INSERT INTO cmdb.run (kind, as_of, started_at, finished_at, status) VALUES "
            f"('run', clock_timestamp(), clock_timestamp(), {finished}, %s) RETURNING 1",
            (status,),
        )
    # then a start catches the night up; a half of the job does not count for the whole
    nights.rows(
        "INSERT INTO cmdb.run (kind, as_of, started_at, finished_at, status) VALUES "
        "('evaluate', clock_timestamp(), clock_timestamp(), clock_timestamp(), 'complete') RETURNING 1"
    )
    assert run_night(App(), due, Occasion.STARTED) is NightEnd.DONE


def test_a_night_beside_another_run_or_scheduler_is_left_to_them(
    nights: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    with caplog.at_level(logging.INFO):
        with run_lock(nights.engine):
            assert run_night(App(), now, Occasion.SCHEDULED) is NightEnd.ELSEWHERE
        with session_lock(nights.engine, NIGHT_LOCK) as is_ours:
            assert is_ours
            assert run_night(App(), now, Occasion.SCHEDULED) is NightEnd.ELSEWHERE
    # then that is no error, and nothing ran
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    assert runs(nights) == []


def test_two_schedulers_that_fire_together_run_one_night(nights: Nights) -> None:
    # given a night that was missed
    assert run_night(App(), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.DONE
    shift(nights, timedelta(days=2))
    # when two schedulers start at the same time
    with daemon() as one, daemon() as two:
        ends = {events(each, "night.ended")[-1]["end"] for each in (one, two)}
        for each in (one, two):
            each.terminate()
            events(each, "schedule.stopped")
    # then one of them ran it
    assert "done" in ends
    assert ends <= {"done", "elsewhere", "already"}
    assert runs(nights) == ["complete", "complete"]


@pytest.mark.parametrize("attempt", at_length(range(5), but=lambda attempt: attempt == 0))
def test_a_night_that_is_stopped_when_it_has_ended_ends_quietly(nights: Nights, attempt: int) -> None:
    due = datetime.now(UTC).isoformat()
    with subprocess.Popen(
        [sys.executable, "-m", "gateledger.nightly.night", "--due", due, "--occasion", "scheduled"],
        env=os.environ | {"GATELEDGER_LOG_FORMAT": "json"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        events(process, "night.ended")
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_each_night_reads_settings_and_accounts_anew(
    nights: Nights, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # given a scheduler under a settings file
    file = tmp_path / "gateledger.toml"
    file.write_text('schedule = "0 2 * * *"\n')
    app = App(config=file, level=logging.INFO)
    scheduler = Scheduler(app, app.settings)
    with caplog.at_level(logging.INFO):
        # when the file changes
        file.write_text('schedule = "0 3 * * mon"\ntimezone = "Europe/Vienna"\n')
        scheduler._jobs.start(paused=True)
        scheduler._jobs.add_job(print, scheduler._trigger, id="night")
        scheduler._beat()
        # then the next night follows it
        beat = nights.rows("SELECT schedule, zone, next_night FROM report.scheduler")
        assert [(row["schedule"], row["zone"]) for row in beat] == [("0 3 * * mon", "Europe/Vienna")]
        assert beat[0]["next_night"].astimezone(UTC).isoweekday() == 1
        # when it is broken, the schedule stays as it was
        file.write_text("schedule = 7\n")
        scheduler._beat()
        scheduler._jobs.shutdown()
    told = [record.event for record in caplog.records if hasattr(record, "event")]
    assert [each for each in told if each.startswith("schedule.")] == [
        "schedule.changed",
        "schedule.settings_wrong",
    ]
    # and a night under broken settings is one that failed, not a scheduler that died
    assert run_night(app, datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.DONE
    assert run_night(App(config=file), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.FAILED


def test_a_database_that_is_away_does_not_end_the_daemon(nights: Nights, tmp_path: Path) -> None:
    # given a scheduler whose database does not answer
    away = make_url(os.environ["GATELEDGER_DATABASE_URL"]).set(query={"host": str(tmp_path), "port": "5432"})
    with daemon(GATELEDGER_DATABASE_URL=away.render_as_string(hide_password=False)) as process:
        # then it says so and tries again later
        told = events(process, "schedule.retry")
        assert {"schedule.database_away", "night.failed"} <= {each["event"] for each in told}
        assert told[-1]["failures"] == 1
        assert process.poll() is None
        process.terminate()
        events(process, "schedule.stopped")
        assert process.wait(PATIENCE) == ExitCode.DONE


def test_what_is_wrong_at_the_start_is_said_at_once(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELEDGER_SCHEDULE", "0 2 31 2 *")
    assert execute(["schedule"]) == ExitCode.ERROR
    assert capsys.readouterr().err.startswith(
        "gateledger: GATELEDGER_SCHEDULE (environment): '0 2 31 2 *' names a day"
    )
    monkeypatch.setenv("GATELEDGER_SCHEDULE", "0 2 * * *")
    monkeypatch.setenv("GATELEDGER_ACCOUNTS", "organization")
    assert execute(["schedule"]) == ExitCode.ERROR
    assert "GATELEDGER_ROLE_NAME is not set" in capsys.readouterr().err


def test_data_that_is_too_old_makes_the_health_check_fail(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["status", "--max-age", "26h"]) == ExitCode.ERROR
    # given a run that could not read a region
    denied = nights.aws.faults.add(FaultKind.DENIED, operation="GetRestApis")
    other = nights.aws.faults.add(FaultKind.DENIED, operation="GetClientCertificates")
    assert run_night(App(), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.INCOMPLETE
    nights.mend(other)
    # then a night that read something counts, one that read nothing does not
    capsys.readouterr()
    read = nights.rows("SELECT scopes_ok FROM report.run ORDER BY run_id DESC LIMIT 1")[0]["scopes_ok"]
    assert execute(["status", "--max-age", "26h"]) == (ExitCode.DONE if read else ExitCode.ERROR)
    nights.mend(denied)
    assert run_night(App(), datetime.now(UTC), Occasion.SCHEDULED) is NightEnd.DONE
    assert execute(["status", "--max-age", "26h"]) == ExitCode.DONE
    # and neither does one that was a day and three hours ago, nor half a job that renews nothing
    nights.rows("UPDATE cmdb.run SET finished_at = finished_at - interval '27 hours' RETURNING 1")
    assert execute(["evaluate"]) == ExitCode.DONE
    capsys.readouterr()
    assert execute(["status", "--max-age", "26h"]) == ExitCode.ERROR
    assert "longer than 1d2h ago" in capsys.readouterr().err
    assert execute(["status", "--scopes", "--max-age", "26h"]) == ExitCode.ERROR
