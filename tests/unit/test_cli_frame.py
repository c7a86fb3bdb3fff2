"""The command line's frame: help, usage, exit codes, one sentence for every error, quiet ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from cmdb.errors import AlreadyRunning
from gateledger.cli.entry import cli, command_tree, execute
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.failures import sentence
from tests.support.command_tree import commands

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "postgresql://user:c4nary@127.0.0.1:1/db"


@pytest.fixture(autouse=True)
def bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine; data would go to an empty directory."""
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def started(*arguments: str, **given: Any) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from gateledger.cli import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **given,
    )


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what went to stderr, which is a single line of the program, and check that stdout is empty."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gateledger: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_every_contracted_command_is_there() -> None:
    assert {" ".join(path) for path, _ in commands()} >= {
        "run",
        "collect",
        "evaluate",
        "findings",
        "history",
        "status",
        "policies list",
        "policies show",
        "policies test",
        "db upgrade",
        "db uri",
        "db psql",
        "demo",
    }


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_a_commands_help_explains_every_option_and_gives_examples(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    command = dict(commands())[path]
    assert [option.name for option in command.params if not option.help] == []
    assert execute([*path, "--help"]) == ExitCode.DONE
    captured = capsys.readouterr()
    assert captured.err == ""
    examples = captured.out.split("Examples:", 1)[1]
    assert f"gateledger {' '.join(path)}" in examples


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["--version"]) == ExitCode.DONE
    assert capsys.readouterr().out == "gateledger 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["finding"], "findings"),
        (["findings", "--nothing"], "--nothing"),
        (["findings", "--status", "FINE"], "incompliant"),
        (["findings", "--fail-on", "FINE"], "incompliant"),
        (["findings", "--format", "xml"], "json"),
        (["findings", "--account", "123"], "12 digits"),
        (["findings", "--region", "Frankfurt"], "eu-central-1"),
        (["findings", "--as-of", "yesterday"], "ISO 8601"),
        (["findings", "--as-of", "0001-01-01T00:00+23:59"], "ISO 8601"),
        (["run", "--as-of", "31.12.2026"], "ISO 8601"),
        (["status", "--max-age", "26"], "26h"),
        (["history"], "ARN"),
        (["demo", "--nights", "0"], "greater than or equal to 1"),
        (["--log-level", "loud", "status"], "debug"),
        (["policies", "show"], "ID"),
    ],
)
def test_wrong_usage_is_one_sentence_and_code_2(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert execute(arguments) == ExitCode.USAGE
    assert hint in one_sentence(capsys)
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_help_is_shown_and_the_code_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([]) == ExitCode.USAGE
    assert "findings" in capsys.readouterr().out


def test_a_wrong_setting_is_one_sentence_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELEDGER_MAX_STALENESS", "soon")
    assert execute(["status"]) == ExitCode.ERROR
    assert "GATELEDGER_MAX_STALENESS" in one_sentence(capsys)


def test_a_settings_file_that_is_missing_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["--config", "none.toml", "status"]) == ExitCode.ERROR
    assert "none.toml" in one_sentence(capsys)


@pytest.mark.parametrize(
    "arguments", [["findings"], ["run"], ["evaluate"], ["db", "upgrade"], ["status"], ["history", "arn:x"]]
)
def test_a_database_that_is_not_there_is_one_sentence_without_its_password(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", NOWHERE)
    assert execute(arguments) == ExitCode.ERROR
    told = one_sentence(capsys)
    assert "cannot be reached" in told
    assert "c4nary" not in told


def test_debugging_shows_where_an_error_arose_and_still_no_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", NOWHERE)
    assert execute(["--log-level", "debug", "findings"]) == ExitCode.ERROR
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "c4nary" not in told


def test_before_the_first_run_status_says_what_to_do_and_makes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert execute(["status"]) == ExitCode.DONE
    captured = capsys.readouterr()
    assert "gateledger run" in captured.out
    assert captured.err == ""
    assert not (tmp_path / "data").exists()


def test_before_the_first_run_the_health_check_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["status", "--max-age", "26h"]) == ExitCode.ERROR
    assert "No run has collected anything yet" in capsys.readouterr().err


def test_the_embedded_databases_url_is_told_without_starting_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert execute(["db", "uri"]) == ExitCode.DONE
    assert capsys.readouterr().out.startswith("postgresql://")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED, "gateledger: Interrupted.\n"),
        (signal.SIGTERM, ExitCode.TERMINATED, "gateledger: Ended by SIGTERM.\n"),
    ],
)
def test_a_signal_ends_a_command_with_one_line(
    number: signal.Signals, code: ExitCode, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", NOWHERE)
    with started("db", "uri", "--hold") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{NOWHERE}\n"
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(number)
        _out, err = process.communicate(timeout=30)
    assert err == said
    assert process.returncode == code


def test_a_reader_that_goes_away_ends_a_command_quietly() -> None:
    with started("status") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
    assert told == ""
    assert process.returncode == ExitCode.BROKEN_PIPE


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(closed: str) -> None:
    call = f"{sys.executable} -c 'from gateledger.cli import main; main()' status {closed}"
    ended = subprocess.run(
        ["sh", "-c", call],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (ExitCode.DONE, "")
    assert ("Next night" in ended.stdout) is (closed == "2>&-")


def test_an_unexpected_error_is_one_sentence_that_says_where_the_details_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("c4nary")

    cli.command("broken")(broken)
    command_tree.cache_clear()
    try:
        assert execute(["broken"]) == ExitCode.ERROR
        told = one_sentence(capsys)
        assert "ZeroDivisionError" in told
        assert "-v" in told
        assert "c4nary" not in told
        assert execute(["-v", "broken"]) == ExitCode.ERROR
        assert "Traceback" in capsys.readouterr().err
    finally:
        cli.registered_commands.pop()
        command_tree.cache_clear()


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (pg.InvalidPassword("FATAL: no"), "password"),
        (pg.InvalidAuthorizationSpecification("no"), "refuses this user"),
        (pg.InvalidCatalogName("no"), "does not exist"),
        (pg.InsufficientPrivilege("no"), "right"),
        (pg.DiskFull("could not extend file"), "disk is full"),
        (pg.OutOfMemory("no"), "memory"),
        (pg.TooManyConnections("no"), "max_connections"),
        (pg.ReadOnlySqlTransaction("no"), "read-only"),
        (pg.QueryCanceled("statement timeout"), "cancelled"),
        (pg.LockNotAvailable("no"), "lock"),
        (pg.DeadlockDetected("no"), "deadlock"),
        (pg.AdminShutdown("no"), "shut down"),
        (pg.CrashShutdown("no"), "crashed"),
        (pg.CannotConnectNow("no"), "starting"),
        (psycopg.OperationalError("server closed the connection unexpectedly\nmore"), "lost"),
        (pg.IoError("no"), "server's log"),
        (OSError(28, "No space left on device"), "disk is full"),
        (PermissionError(13, "Permission denied", "/x"), "/x"),
        (UnicodeEncodeError("utf-8", "caf\udce9", 3, 4, "surrogates not allowed"), "is not UTF-8"),
        (AlreadyRunning(), "already in progress"),
    ],
)
def test_expected_errors_become_one_sentence(error: Exception, hint: str) -> None:
    told = sentence(error)
    assert told is not None
    assert hint in told
    assert "\n" not in told


def test_a_cause_that_is_known_words_the_error_around_it() -> None:
    wrapped = RuntimeError("around")
    wrapped.__cause__ = AlreadyRunning("Another run is at work.")
    assert sentence(wrapped) == "Another run is at work."


def test_a_mistake_of_our_own_has_no_sentence() -> None:
    assert sentence(ZeroDivisionError()) is None
    assert sentence(pg.SyntaxError("no")) is None
