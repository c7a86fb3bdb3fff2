"""What goes out: listings in their forms, log lines, progress, and the summary of a run."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from collectors.progress import RegionDone
from gateledger.nightly.jobs import exit_code
from gateledger.nightly.summary import FailedScope, RunSummary, write_summary
from gateledger.terminal.console import LAID_OUT, Column, Format, emit
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.logs import JsonFormatter, TextFormatter, configure_logging, one_line
from gateledger.terminal.progress import LogProgress, Progress, progress_for

ROOT = Path(__file__).resolve().parents[2]
NIGHT = datetime(2026, 11, 1, 3, 0, tzinfo=timezone(timedelta(hours=1)))
HOSTILE = '\x1b[31m=HYPERLINK("x"),\n\u202eé🙂<img>[red]'
KEYS = ("name", "at", "count", "parts", "nothing")
ROW = {"name": HOSTILE, "at": NIGHT, "count": 3, "parts": ["a", "b"], "nothing": None}
COLUMNS = (Column("name", "name"), Column("at", "at"), Column("count", "count", right=True))


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def test_json_is_an_array_of_objects_with_exact_values_and_utc_times(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert emit([ROW, ROW], Format.JSON, keys=KEYS, table=()) == 2
    assert json.loads(capsys.readouterr().out) == [{**ROW, "at": "2026-11-01T02:00:00Z"}] * 2


def test_json_of_nothing_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    assert emit([], Format.JSON, keys=KEYS, table=()) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_json_holds_numbers_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    emit(
        [{"a": Decimal("2.50"), "b": Decimal(4), "c": timedelta(minutes=2)}],
        Format.JSON,
        keys="abc",
        table=(),
    )
    assert json.loads(capsys.readouterr().out) == [{"a": 2.5, "b": 4, "c": 120.0}]


def test_csv_has_a_header_and_exact_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert emit([ROW], Format.CSV, keys=KEYS, table=()) == 1
    lines = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert lines == [list(KEYS), [HOSTILE, "2026-11-01T02:00:00Z", "3", '["a", "b"]', ""]]


def test_a_table_that_is_piped_is_plain_whole_and_cannot_steer_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = {**ROW, "name": "x" * 300}
    assert emit([ROW, long], Format.TABLE, keys=(), table=COLUMNS) == 2
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "at", "count"]
    assert "\x1b" not in first
    assert "\u202e" not in first
    assert "é🙂<img>[red]" in first
    assert second.startswith("x" * 300 + "  2026-11-01 02:00Z")


def on_a_terminal(width: int) -> str:
    """Return what a listing looks like on a terminal of this width."""
    script = (
        "from gateledger.terminal.console import Column, Format, emit\n"
        "rows = [{'status': 'INCOMPLIANT', 'name': 'n' * 30, 'note': '[red]\\x1b[2J'}]\n"
        "wide = [Column('status', 'status'), Column('name', 'name'), Column('note', 'note')]\n"
        "narrow = [Column('status', 'all', lines=(('status', 'note'), ('name',)))]\n"
        "emit(rows, Format.TABLE, keys=(), table=wide, narrow=narrow)\n"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], stdout=theirs, env=environment, check=True)
    os.close(theirs)
    told = b""
    # The other end being closed, the system reports the end of the output as an error.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65_536):
            told += part
    os.close(ours)
    return told.decode()


def test_on_a_wide_terminal_a_table_has_colours_and_no_foreign_escapes() -> None:
    heading, _rule, line = on_a_terminal(120).splitlines()
    assert "status" in heading
    assert "\x1b[1;31mINCOMPLIANT\x1b[0m" in line
    assert "n" * 30 in line
    assert "[red]\\x1b[2J" in line


def test_on_a_narrow_terminal_values_are_stacked_and_none_is_lost() -> None:
    told = on_a_terminal(40).splitlines()
    assert len(told) == 4
    assert "INCOMPLIANT" in told[2]
    assert "[red]\\x1b[2J" in told[2]
    assert told[3].strip() == "n" * 30


def test_a_long_table_streams(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ({**ROW, "name": str(number)} for number in range(LAID_OUT * 3))
    assert emit(rows, Format.TABLE, keys=(), table=COLUMNS) == LAID_OUT * 3
    assert len(capsys.readouterr().out.splitlines()) == LAID_OUT * 3 + 1


def test_text_is_shown_on_one_line_with_escapes() -> None:
    assert one_line("plain é") == "plain é"
    assert one_line("a\nb\x1b\u2028\u202e") == "a\\nb\\x1b\\u2028\\u202e"


def record(message: str = "read\n%s", **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("gateledger.x", logging.INFO, __file__, 1, message, ("all",), None)
    made.created = 1_793_498_400.25
    vars(made).update(extra)
    return made


def test_a_text_line_has_time_level_event_and_message() -> None:
    line = TextFormatter().format(record(event="scope.collected"))
    assert line == "2026-11-01T02:00:00.250Z INFO scope.collected: read\\nall"


def test_a_json_line_carries_the_records_own_fields() -> None:
    line = JsonFormatter().format(record(event="scope.collected", items=3, at=NIGHT))
    assert json.loads(line) == {
        "time": "2026-11-01T02:00:00.250Z",
        "level": "info",
        "event": "scope.collected",
        "logger": "gateledger.x",
        "message": "read\nall",
        "items": 3,
        "at": str(NIGHT),
    }


@pytest.mark.usefixtures("own_logging")
def test_libraries_that_could_log_what_they_send_stay_quiet_even_when_debugging(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(logging.DEBUG, "text")
    logging.getLogger("botocore.endpoint").debug("Authorization: c4nary")
    logging.getLogger("gateledger.x").debug("told", extra={"event": "x"})
    told = capsys.readouterr().err
    assert "c4nary" not in told
    assert "told" in told


@pytest.mark.usefixtures("own_logging")
def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(logging.INFO, "text")
    configure_logging(logging.INFO, "json")
    logging.getLogger("gateledger.x").info("once", extra={"event": "x"})
    assert capsys.readouterr().err.count("once") == 1


def work(progress: Progress) -> None:
    progress.phase("collect")
    progress.started(None)
    progress.started(2)
    progress.account_region_done(
        RegionDone("111122223333", "eu-central-1", 10, 2, failed=False, calls=30, throttles=1)
    )
    progress.account_region_done(RegionDone("111122223333", "us-east-1", 0, 0, failed=True))
    progress.finished()
    progress.phase("evaluate")
    progress.started(1)
    progress.policy_done("/a/b", 10, 2)
    progress.finished()


def test_without_a_terminal_progress_is_one_log_line_per_step(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), progress_for(terminal=False) as progress:
        assert isinstance(progress, LogProgress)
        work(progress)
    assert [(vars(line)["event"], line.levelname) for line in caplog.records] == [
        ("phase.started", "INFO"),
        ("account_region.done", "INFO"),
        ("account_region.done", "WARNING"),
        ("phase.finished", "INFO"),
        ("phase.started", "INFO"),
        ("policy.done", "INFO"),
        ("phase.finished", "INFO"),
    ]
    first, second = caplog.records[1:3]
    assert "1 of 2, " in first.getMessage()
    assert "calls/s, 1 throttled, about " in first.getMessage()
    assert (vars(second)["done"], vars(second)["total"], vars(second)["seconds_left"]) == (2, 2, 0)
    assert vars(caplog.records[1])["items"] == 10


def test_on_a_terminal_progress_shows_sums(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_for(terminal=True) as progress:
        work(progress)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "10 items, 2 changes, 1 incomplete, " in " ".join(captured.err.split())
    assert "10 verdicts, 2 changes" in " ".join(captured.err.split())


SUMMARY = RunSummary(
    run_id=7,
    kind="run",
    as_of=NIGHT,
    duration=timedelta(seconds=12.34),
    scopes_ok=9,
    scopes_failed=1,
    items_seen=1_200,
    items_changed=3,
    findings_changed=4,
    findings={"COMPLIANT": 5, "INCOMPLIANT": 2},
    before={"COMPLIANT": 6, "INCOMPLIANT": 1},
    new={"INCOMPLIANT": 1},
    failures=(FailedScope("111122223333", "us-east-1", "stage", "failed", "denied\x1b"),),
)


def test_a_summary_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    write_summary(SUMMARY, Format.TABLE)
    assert capsys.readouterr().out.splitlines() == [
        "Run 7 (run) as of 2026-11-01T02:00:00Z, 12.3 s.",
        "Scopes: 9 ok, 1 failed. Items: 1,200 read, 3 changed.",
        "Findings: 2 INCOMPLIANT, 5 COMPLIANT.",
        "New since the last night: 1 INCOMPLIANT.",
        "Not read: 111122223333 us-east-1 stage (failed): denied\\x1b",
    ]


def test_a_summary_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    write_summary(SUMMARY, Format.JSON)
    told = json.loads(capsys.readouterr().out)
    assert (told["run_id"], told["as_of"], told["duration_seconds"]) == (7, "2026-11-01T02:00:00Z", 12.34)
    assert told["findings"] == {"COMPLIANT": 5, "INCOMPLIANT": 2}
    assert told["failures"][0]["item_type"] == "stage"
    write_summary(SUMMARY, Format.CSV)
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["scopes_failed"], row["failures"]) == ("1", "1")


@pytest.mark.parametrize(
    ("failed", "fail_on", "code"),
    [
        (0, (), ExitCode.DONE),
        (1, (), ExitCode.INCOMPLETE),
        (0, ("INCOMPLIANT",), ExitCode.FINDINGS),
        (1, ("INCOMPLIANT",), ExitCode.FINDINGS),
        (1, ("UNDETERMINED",), ExitCode.INCOMPLETE),
        (0, ("UNDETERMINED",), ExitCode.DONE),
        (0, ("UNDETERMINED", "COMPLIANT"), ExitCode.FINDINGS),
    ],
)
def test_how_a_run_ends(failed: int, fail_on: tuple[str, ...], code: ExitCode) -> None:
    summary = RunSummary(
        1, "run", NIGHT.astimezone(UTC), timedelta(0), scopes_failed=failed, findings=SUMMARY.findings
    )
    assert exit_code(summary, fail_on) == code
