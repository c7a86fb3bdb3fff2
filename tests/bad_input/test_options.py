"""Every option of every command, wrong in each way that its type knows: nothing is tried, code 2."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gateledger.cli.entry import cli
from gateledger.terminal.exits import ExitCode
from tests.bad_input.calls import NEEDED
from tests.bad_input.option_rows import ELSEWHERE, FREE, LONG, NAMES, OPTIONS, STEERING, Rows
from tests.support.command_line import CommandLine
from tests.support.command_tree import commands, is_flag, signature
from tests.support.refusals import assert_refused, snapshot

Call = tuple[str, ...]
#: Commands that take any options, and any number of words.
OPTIONS_OF_PSQL: set[Call] = {("db", "psql")}
ANY_WORDS: set[Call] = {("policies", "test"), ("db", "psql")}


def parameters() -> Iterator[tuple[Call, Any, str]]:
    """Yield every parameter with its command (none for the global ones) and the key of its rows."""
    for parameter in typer.main.get_command(cli).params:
        yield (), parameter, signature(parameter)
    for path, command in commands():
        for parameter in command.params:
            name = signature(parameter)
            yield path, parameter, name if name.startswith("-") else " ".join((*path, name))


def called(path: Call, parameter: Any, *value: str) -> tuple[str, ...]:
    """Return the call of a command with a parameter spoiled, all else being right."""
    option = parameter.opts[0]
    if not option.startswith("-"):
        return (*path, *value, *NEEDED.get(path, ("",))[1:])
    if not path:
        return (option, *value, "status")
    needed = NEEDED.get(path, ())
    kept = () if needed and needed[0] == option else needed
    return (*path, *kept, option, *value)


def _cases(table: dict[str, Rows]) -> list[Any]:
    return [
        pytest.param(called(path, parameter, value), hint, id=f"{' '.join(path)} {key} {ascii(value)[:30]}")
        for path, parameter, key in parameters()
        for value, hint in table.get(key, ())
    ]


def _with_value() -> list[Any]:
    return [
        pytest.param(path, parameter, id=f"{' '.join(path)} {parameter.opts[0]}")
        for path, parameter, _ in parameters()
        if parameter.opts[0].startswith("-") and not is_flag(parameter)
    ]


def _flags() -> list[Any]:
    return [
        pytest.param(path, parameter, id=f"{' '.join(path)} {parameter.opts[0]}")
        for path, parameter, _ in parameters()
        if is_flag(parameter) and parameter.name != "help"
    ]


def _taking_no(others: set[Call]) -> list[Call]:
    return [path for path, _ in commands() if path not in others]


def _shown(value: object) -> str:
    return ascii(value)[:40]


def test_every_parameter_has_rows() -> None:
    known = {*OPTIONS, *NAMES, *ELSEWHERE, *FREE}
    keys = {key for _, parameter, key in parameters() if not is_flag(parameter)}
    assert keys == known


@pytest.mark.parametrize(("arguments", "hint"), _cases(OPTIONS))
def test_a_wrong_value(arguments: tuple[str, ...], hint: str, run: CommandLine, place: Path) -> None:
    assert_refused(run(*arguments), ExitCode.USAGE, hint, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize(("arguments", "hint"), _cases(NAMES))
def test_a_wrong_name(arguments: tuple[str, ...], hint: str, run: CommandLine, place: Path) -> None:
    without_apply = tuple(word for word in arguments if word != "--apply")
    assert_refused(run(*without_apply), ExitCode.ERROR, hint)
    assert snapshot(place) == {}


@pytest.mark.parametrize(("path", "parameter"), _with_value())
def test_an_option_without_its_value(path: Call, parameter: Any, run: CommandLine, place: Path) -> None:
    arguments = called(path, parameter) if path else (parameter.opts[0],)
    assert_refused(run(*arguments), ExitCode.USAGE, parameter.opts[0], "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize(("path", "parameter"), _flags())
def test_a_flag_with_a_value(path: Call, parameter: Any, run: CommandLine, place: Path) -> None:
    flag = next(name for name in parameter.opts if name.startswith("--"))
    arguments = (*path, *NEEDED.get(path, ()), f"{flag}=yes") if path else (f"{flag}=yes", "status")
    assert_refused(run(*arguments), ExitCode.USAGE, flag, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize("path", _taking_no(OPTIONS_OF_PSQL), ids=" ".join)
@pytest.mark.parametrize(
    "option", ["--nothing", "--nothing=1", f"--{STEERING}", f"--{LONG}", "-Z"], ids=_shown
)
def test_an_unknown_option(path: Call, option: str, run: CommandLine, place: Path) -> None:
    assert_refused(run(*path, *NEEDED.get(path, ()), option), ExitCode.USAGE, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize("path", _taking_no(ANY_WORDS), ids=" ".join)
@pytest.mark.parametrize("word", ["more", "", STEERING, LONG], ids=_shown)
def test_a_word_too_many(path: Call, word: str, run: CommandLine, place: Path) -> None:
    assert_refused(run(*path, *NEEDED.get(path, ()), word), ExitCode.USAGE, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize("path", sorted(NEEDED), ids=" ".join)
def test_without_what_it_needs(path: Call, run: CommandLine, place: Path) -> None:
    assert_refused(run(*path), ExitCode.USAGE, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("finding",), "findings"),
        (("",), "--help`"),
        ((STEERING,), "--help`"),
        ((LONG,), "--help`"),
        (("policies", "lst"), "list"),
        (("db", "drop"), "--help`"),
        (("accounts", "retired"), "retire"),
        (("evaluate", "--dry-run", "--backfill"), "exclude each other"),
        (("evaluate", "--backfill"), "--policy"),
        (("accounts", "retire", "111122223333"), "--yes"),
        (("db", "roles"), "--service"),
    ],
    ids=_shown,
)
def test_wrong_as_a_whole(
    arguments: tuple[str, ...], hint: str, run: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert_refused(run(*arguments), ExitCode.USAGE, hint)
    assert snapshot(place) == {}
