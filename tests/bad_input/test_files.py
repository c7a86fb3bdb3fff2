"""Files and directories that people name: each that is missing, of another kind, spoiled or too much."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cmdb.errors import SettingsError
from gateledger.settings.loading import load_settings
from gateledger.terminal.exits import ExitCode
from tests.support.command_line import CommandLine, ended_with
from tests.support.refusals import assert_refused, snapshot

Make = Callable[[Path], object]


def _content(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def _nothing(path: Path) -> None:
    assert not path.exists()


def _circle(path: Path) -> None:
    path.symlink_to(path)


def _nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


#: How a settings file is wrong, and what the sentence has to say.
SETTINGS_FILES: dict[str, tuple[Make, str]] = {
    "missing": (_nothing, "cannot be read"),
    "a folder": (Path.mkdir, "cannot be read"),
    "a circle of links": (_circle, "cannot be read"),
    "a link to nowhere": (_nowhere, "cannot be read"),
    "endless": (_endless, "larger than 1 MiB"),
    "too large": (_content(b"#" * (1024 * 1024 + 1)), "larger than 1 MiB"),
    "not UTF-8": (_content(b'role_name = "pr\xfcfer"'), "not UTF-8"),
    "UTF-16": (_content("threads = 4".encode("utf-16")), "not UTF-8"),
    "NUL": (_content(b"threads = 4\0"), "not valid TOML"),
    "a line left open": (_content(b"accounts = ["), "not valid TOML"),
    "words": (_content(b"sixteen threads, please"), "not valid TOML"),
    "YAML": (_content(b"threads: 16\n"), "not valid TOML"),
    "JSON": (_content(b'{"threads": 16}'), "not valid TOML"),
    "steering": (_content(b"\x1b[31m = 1"), "not valid TOML"),
    "a key twice": (_content(b"threads = 4\nthreads = 5"), "not valid TOML"),
    "a table twice": (_content(b"[policy_parameters.a]\n[policy_parameters.a]"), "not valid TOML"),
    "nested too deeply": (_content(b"accounts = " + b"[" * 100_000), "not valid TOML"),
    "a number of too many digits": (_content(b"threads = " + b"9" * 5000), "not valid TOML"),
    "a date that is none": (_content(b"keep = 2026-02-30"), "not valid TOML"),
    "an unknown key": (_content(b"colour = 'red'"), "not a setting"),
    "a key misspelt": (_content(b"max_stalness = '72h'"), "did you mean max_staleness?"),
    "a key of many letters": (_content(b"x" * 5000 + b" = 1"), "not a setting"),
    "a key that would steer": (_content(b'"\\u001b[31m" = 1'), "not a setting"),
    "an empty key": (_content(b'"" = 1'), "not a setting"),
    "an unknown table": (_content(b"[gateledger]\nthreads = 4"), "'gateledger'"),
}


@pytest.mark.parametrize(("make", "hint"), SETTINGS_FILES.values(), ids=SETTINGS_FILES)
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "found"])
def test_a_settings_file(make: Make, hint: str, is_named: bool, place: Path) -> None:
    if make is _nothing and not is_named:
        pytest.skip("no file need be there")
    file = place / ("wrong.toml" if is_named else "gateledger.toml")
    make(file)
    before = snapshot(place)
    with pytest.raises(SettingsError) as caught:
        load_settings(file if is_named else None)

    assert_refused(ended_with(caught.value), ExitCode.ERROR, file.name, hint)
    assert snapshot(place) == before


#: One of each kind of mistake, for a whole command.
KINDS = (
    "missing",
    "a circle of links",
    "endless",
    "not UTF-8",
    "steering",
    "nested too deeply",
    "an unknown key",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_settings_file_ends_the_command(kind: str, run: CommandLine, place: Path) -> None:
    make, hint = SETTINGS_FILES[kind]
    file = place / "wrong.toml"
    make(file)
    before = snapshot(place)

    assert_refused(run("--config", str(file), "iam-policy"), ExitCode.ERROR, file.name, hint)
    assert snapshot(place) == before


#: Where something is to be written, and cannot.
PLACES: dict[str, tuple[Make, str, str]] = {
    "a file": (_content(b"precious"), "", ""),
    "below a file": (_content(b"precious"), "below", ""),
    "a circle of links": (_circle, "", ""),
    "below a circle of links": (_circle, "below", ""),
    "a name too long": (Path.mkdir, "x" * 300, "too long"),
    "a path too long": (Path.mkdir, "/".join(["x" * 200] * 25), "too long"),
}


@pytest.mark.parametrize(("make", "below", "hint"), PLACES.values(), ids=PLACES)
def test_a_place_for_the_demo(make: Make, below: str, hint: str, run: CommandLine, place: Path) -> None:
    taken = place / "taken"
    make(taken)
    before = snapshot(place)

    ended = run("demo", "--nights", "1", "--keep", str(taken / below if below else taken))

    assert_refused(ended, ExitCode.ERROR, str(taken), hint)
    assert snapshot(place) == before


@pytest.mark.parametrize(("make", "below"), [row[:2] for row in PLACES.values()], ids=PLACES)
@pytest.mark.parametrize("command", [("run",), ("findings",), ("db", "upgrade"), ("worker",)], ids=" ".join)
def test_a_place_for_the_data(
    command: tuple[str, ...],
    make: Make,
    below: str,
    run: CommandLine,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = place / "taken"
    make(taken)
    before = snapshot(place)
    monkeypatch.delenv("GATELEDGER_DATABASE_URL")
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(taken / below if below else taken))

    ended = run(*command)

    assert_refused(ended, ExitCode.ERROR, str(taken))
    assert snapshot(place) == before
