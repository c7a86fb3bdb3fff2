"""Every command in every encoding: data is UTF-8, tables and plots use what the locale has, nothing fails."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateledger.terminal.streams import width_of
from simulated_aws import DEFAULT_ROLE
from tests.support.command_tree import command_paths, commands
from tests.support.encoded_streams import EncodedEnd, run_encoded
from tests.support.nights import ACCOUNT, MakeNights, Nights, StageKey

ROOT = Path(__file__).parents[2]
#: Letters of Latin-1, of Latin-2, wide ones, one beyond the basic plane, a mark that combines.
NAME = "Käufe ćč 日本 🙂 e\u0301"
Path_ = tuple[str, ...]
#: Arguments of each command; ARN and OUT stand for a stage and a directory of the test.
CALLS: dict[Path_, tuple[str, ...]] = {
    ("run",): ("--as-of", "AS_OF"),
    ("collect",): ("--as-of", "AS_OF"),
    ("evaluate",): ("--dry-run",),
    ("findings",): (),
    ("history",): ("ARN",),
    ("explain",): ("ARN",),
    ("trend",): ("--by", "account"),
    ("plan",): (),
    ("report",): ("--out", "OUT/report"),
    ("export",): (),
    ("status",): (),
    ("accounts", "list"): (),
    ("policies", "list"): (),
    ("policies", "show"): ("rest-api-stage-ssl-certificate",),
    ("policies", "test"): (),
    ("items", "list"): (),
    ("items", "show"): ("stage",),
    ("exceptions", "list"): (),
    ("iam-policy",): (),
    ("prune",): ("--keep", "4000d"),
    ("db", "upgrade"): (),
    ("db", "uri"): (),
    ("db", "roles"): ("--service", "gateledger_dienst"),
    ("db", "dump"): ("OUT/x.dump",),
}
#: What does not end on its own, takes long, hands the terminal over, or writes what ``run`` writes.
NOT_CALLED: dict[Path_, str] = {
    ("schedule",): "runs for ever, its log lines are those of run",
    ("worker",): "runs for ever, its log lines are those of run",
    ("demo",): "tests/acceptance/test_demo.py",
    ("accounts", "retire"): "writes one sentence, and cannot be done twice",
    ("db", "psql"): "psql writes",
    **dict.fromkeys(
        [("exceptions", verb) for verb in ("apply", "add", "end", "show")], "show what the list shows"
    ),
    ("db", "restore"): "replaces the database, writes one sentence",
}
#: Called once only: they write little but take long.
SLOW = {("run",), ("collect",), ("evaluate",), ("report",), ("policies", "test"), ("db", "dump")}
ENCODINGS = ("ascii", "iso-8859-1", "iso-8859-2", "cp1252", "cp437", "cp850", "euc-jp", "koi8-r", "utf-8")
FORMATS: dict[Path_, tuple[str, ...]] = {
    ("export",): ("ocsf", "asff", "csv", "json"),
    ("iam-policy",): ("json",),
    ("plan",): ("json",),
}


@dataclass(frozen=True)
class Calls:
    """An estate full of letters, two nights old, and the way to call commands on it."""

    nights: Nights
    stage: StageKey
    folder: Path

    def __call__(self, path: Path_, encoding: str, *options: str, terminal: bool = False) -> EncodedEnd:
        """Run a command with its arguments of ``CALLS``."""
        meant = {
            "ARN": self.stage.arn,
            "AS_OF": self.nights.as_of().isoformat(),
        }
        given = [
            meant.get(word, word.replace("OUT", str(self.folder / f"{encoding}-{terminal}-{len(options)}")))
            for word in CALLS[path]
        ]
        (self.folder / f"{encoding}-{terminal}-{len(options)}").mkdir(exist_ok=True)
        return run_encoded([*path, *given, *options], encoding, terminal=terminal)


@pytest.fixture
def calls(make_nights: MakeNights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm-256color")
    nights = make_nights(accounts="organization", role_name=DEFAULT_ROLE)
    nights.aws.estate.accounts[ACCOUNT].name = NAME
    place = nights.place()
    api = place.add_api(NAME)
    place.add_stage(api.id, "prod")
    nights.stage("dev", certificate=nights.certificate())
    nights.nights(2)
    return Calls(nights, StageKey(place, api.id, "prod"), tmp_path)


def takes(path: Path_, option: str) -> bool:
    return any(option in parameter.opts for parameter in dict(commands())[path].params)


def forms(path: Path_) -> tuple[str, ...]:
    if path in FORMATS:
        return FORMATS[path]
    return ("json", "csv") if takes(path, "--format") else ()


def test_every_command_is_called_in_the_matrix_or_has_a_reason_not_to_be() -> None:
    assert set(command_paths()) == set(CALLS) | set(NOT_CALLED)
    assert not set(CALLS) & set(NOT_CALLED)


def assert_readable(path: Path_, form: str, out: bytes) -> None:
    """What a command wrote for programs is UTF-8 and parses."""
    text = out.decode("utf-8")
    if form == "csv":
        header, *rows = csv.reader(io.StringIO(text))
        assert all(len(row) == len(header) for row in rows)
    elif path == ("export",):
        assert [json.loads(line) for line in text.splitlines()]
    else:
        json.loads(text)
    if path in {("findings",), ("export",)} and form != "asff":
        assert NAME in text


def check(calls: Calls, encoding: str, path: Path_, terminals: tuple[bool, ...]) -> None:
    for terminal in terminals:
        for form in forms(path)[: 1 if path in SLOW else None]:
            ended = calls(path, encoding, "--format", form, terminal=terminal)
            assert (ended.code, path) == (0, path), ended.err
            assert_readable(path, form, ended.out)
        if path in FORMATS:
            continue
        ended = calls(path, encoding, terminal=terminal)
        assert (ended.code, path) == (0, path), ended.err
        for told in (ended.out, ended.err):
            assert "Traceback" not in told.decode(encoding)
            assert "unexpected error" not in told.decode(encoding)


def test_commands_work_in_an_encoding_that_lacks_letters(calls: Calls) -> None:
    for path in (("run",), ("findings",), ("explain",), ("trend",), ("export",), ("status",)):
        check(calls, "iso-8859-1", path, terminals=(False,))


@pytest.mark.long
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("locale", ["", "C", "POSIX", "xx_XX.nothing"])
def test_every_command_works_in_every_encoding_and_locale(
    calls: Calls, encoding: str, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    for path in CALLS:
        check(calls, encoding, path, terminals=(False,) if path in SLOW else (False, True))


def test_tables_and_plots_fit_any_terminal(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    for width, term in (
        ("1", "xterm"), ("7", "vt100"), ("40", "dumb"), ("132", ""), ("1000", "xterm"), ("junk", "dumb"),
        ("0", "cygwin"),
    ):  # fmt: skip
        monkeypatch.setenv("COLUMNS", width)
        monkeypatch.setenv("TERM", term)
        for path in (("findings",), ("history",), ("trend",), ("accounts", "list")):
            ended = calls(path, "cp437", terminal=True)
            assert (ended.code, ended.err, path) == (0, b"", path)
            if term in {"dumb", ""}:
                assert b"\x1b" not in ended.out


def test_a_terminal_too_narrow_for_a_table_gets_lines(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    for width, is_laid_out in (("10", False), ("60", True)):
        monkeypatch.setenv("COLUMNS", width)
        told = calls(("accounts", "list"), "utf-8", terminal=True).out.decode()
        assert ("─" in told) == is_laid_out
        # whatever the width, what is to be said is there
        assert is_laid_out or (ACCOUNT in told and NAME in told)


def test_without_colour_nothing_steers_the_terminal(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = calls(("findings",), "utf-8", terminal=True).out
    assert b"\x1b[" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in calls(("findings",), "utf-8", terminal=True).out


def test_tables_and_plots_are_drawn_in_ascii_where_the_encoding_is_not_unicode(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    for encoding in ("ascii", "iso-8859-1", "cp1252", "cp437"):
        table = calls(("accounts", "list"), encoding, terminal=True).out.decode(encoding)
        assert NAME.encode(encoding, "replace").decode(encoding) in table
        assert "---" in table
        plot = calls(("trend",), encoding, terminal=True).out
        assert b"100|" in plot or b"100+" in plot
        assert b"+---" in plot
    assert "┤" in calls(("trend",), "utf-8", terminal=True).out.decode()


def test_columns_stay_aligned_under_wide_letters(calls: Calls) -> None:
    lines = calls(("accounts", "list"), "utf-8").out.decode().splitlines()
    named = next(line for line in lines if NAME in line)
    heading = lines[0]
    after = heading.index("name") + len("name")
    next_heading = after + len(heading[after:]) - len(heading[after:].lstrip())
    before = named[: named.index(NAME) + len(NAME)]
    assert width_of(before) == next_heading - 2


def processes(calls: Calls, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", "from gateledger.cli import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=calls.folder,
        capture_output=True,
        check=False,
    )


def german(folder: Path) -> dict[str, str]:
    """Make the locale of Latin-1 for German and return the environment that selects it."""
    made = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / "de_DE.ISO-8859-1")],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("localedef cannot make a locale here")
    return {"LC_ALL": "de_DE.ISO-8859-1", "LOCPATH": str(folder)}


@pytest.mark.skipif(not Path("/usr/bin/localedef").exists(), reason="localedef is not installed")
def test_a_process_in_a_latin_1_locale_writes_data_in_utf_8_and_tables_in_latin_1(
    calls: Calls, tmp_path: Path
) -> None:
    locale = german(tmp_path)
    data = processes(calls, "findings", "--format", "json", **locale)
    assert (data.returncode, data.stderr) == (0, b"")
    assert NAME in {row["rest_api_name"] for row in json.loads(data.stdout.decode())}
    table = processes(calls, "accounts", "list", **locale)
    assert (table.returncode, table.stderr) == (0, b"")
    assert NAME.encode("latin-1", "replace") in table.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "cp1252:strict"},
        pytest.param({"LC_ALL": "C"}, marks=pytest.mark.long),
        pytest.param({"LC_ALL": "POSIX"}, marks=pytest.mark.long),
        pytest.param({"LC_ALL": "C.UTF-8"}, marks=pytest.mark.long),
        pytest.param({"PYTHONIOENCODING": "cp1252:strict"}, marks=pytest.mark.long),
        pytest.param({"PYTHONIOENCODING": "iso-8859-1"}, marks=pytest.mark.long),
        pytest.param({"PYTHONIOENCODING": "utf-16"}, marks=pytest.mark.long),
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_a_process_in_a_foreign_locale_writes_data_in_utf_8(
    calls: Calls, environment: dict[str, str]
) -> None:
    data = processes(calls, "findings", "--format", "csv", **environment)
    assert (data.returncode, data.stderr) == (0, b"")
    assert NAME in data.stdout.decode("utf-8")
    log = processes(
        calls, "--log-level", "info", "run", "--as-of", calls.nights.as_of().isoformat(),
        GATELEDGER_LOG_FORMAT="json", **environment,
    )  # fmt: skip
    assert log.returncode == 0, log.stderr
    assert all(json.loads(line)["event"] for line in log.stderr.decode("utf-8").splitlines())


def test_in_the_locale_c_tables_are_ascii(calls: Calls) -> None:
    table = processes(calls, "accounts", "list", LC_ALL="C")
    assert (table.returncode, table.stderr) == (0, b"")
    assert NAME.encode("ascii", "replace") in table.stdout
