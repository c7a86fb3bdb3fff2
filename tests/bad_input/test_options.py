"""Every option of every command, wrong in each way that its type knows: nothing is tried, code 2.

Every row is tried where options are read, in the command's own parser, and its error is shown as the command
shows it; a whole command is run once for each signature and for each command.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

from gateledger.cli.entry import command_tree
from gateledger.terminal.exits import ExitCode
from tests.bad_input.calls import NEEDED
from tests.bad_input.option_rows import ELSEWHERE, FREE, LONG, NAMES, OPTIONS, STEERING, Rows
from tests.support.command_line import CommandLine, Ended, ended_with
from tests.support.command_tree import commands, is_flag, signature
from tests.support.refusals import assert_refused, snapshot

Call = tuple[str, ...]
#: Commands that take any options, and any number of words.
OPTIONS_OF_PSQL: set[Call] = {("db", "psql")}
ANY_WORDS: set[Call] = {("policies", "test"), ("db", "psql")}


def parameters() -> Iterator[tuple[Call, Any, str]]:
    """Yield every parameter with its command (none for the global ones) and the key of its rows."""
    for parameter in command_tree().params:
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


def _wrong(table: dict[str, Rows]) -> list[Any]:
    return [
        pytest.param(path, parameter, table[key], id=f"{' '.join(path)} {key}")
        for path, parameter, key in parameters()
        if key in table
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


def refused(path: Call, arguments: Call) -> Ended:
    """Read the arguments of a command, which must fail, and return how the command ends that does so."""
    with pytest.raises(TyperException) as caught:
        _read(path, arguments)
    return ended_with(caught.value)


def _read(path: Call, arguments: Call) -> None:
    context, command, name = None, command_tree(), "gateledger"
    for word in path:
        context = typer.Context(command, parent=context, info_name=name)
        command, name = command.commands[word], word
    command.make_context(name, list(arguments[len(path) :]), parent=context)


@pytest.mark.parametrize(("path", "parameter", "rows"), _wrong(OPTIONS))
def test_a_wrong_value(path: Call, parameter: Any, rows: Rows, subtests: pytest.Subtests) -> None:
    for value, hint in rows:
        with subtests.test(ascii(value)[:30]):
            ended = refused(path, called(path, parameter, value))
            assert_refused(ended, ExitCode.USAGE, hint, "--help`")


@pytest.mark.parametrize("key", OPTIONS)
def test_a_wrong_value_ends_the_command(key: str, run: CommandLine, place: Path) -> None:
    path, parameter, _ = next(each for each in parameters() if each[2] == key)
    value, hint = OPTIONS[key][-1]
    assert_refused(run(*called(path, parameter, value)), ExitCode.USAGE, hint, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize(("path", "parameter", "rows"), _wrong(NAMES))
def test_a_wrong_name(
    path: Call, parameter: Any, rows: Rows, run: CommandLine, place: Path, subtests: pytest.Subtests
) -> None:
    for value, hint in rows:
        with subtests.test(ascii(value)[:30]):
            arguments = [word for word in called(path, parameter, value) if word != "--apply"]
            assert_refused(run(*arguments), ExitCode.ERROR, hint)
    assert snapshot(place) == {}


@pytest.mark.parametrize(("path", "parameter"), _with_value())
def test_an_option_without_its_value(path: Call, parameter: Any) -> None:
    arguments = called(path, parameter) if path else (parameter.opts[0],)
    assert_refused(refused(path, arguments), ExitCode.USAGE, parameter.opts[0], "--help`")


@pytest.mark.parametrize(("path", "parameter"), _flags())
def test_a_flag_with_a_value(path: Call, parameter: Any) -> None:
    flag = next(name for name in parameter.opts if name.startswith("--"))
    arguments = (*path, *NEEDED.get(path, ()), f"{flag}=yes") if path else (f"{flag}=yes", "status")
    assert_refused(refused(path, arguments), ExitCode.USAGE, flag, "--help`")


@pytest.mark.parametrize("path", _taking_no(OPTIONS_OF_PSQL), ids=" ".join)
def test_an_unknown_option(path: Call, run: CommandLine, place: Path, subtests: pytest.Subtests) -> None:
    for option in ("--nothing", "--nothing=1", f"--{STEERING}", f"--{LONG}", "-Z"):
        with subtests.test(_shown(option)):
            arguments = (*path, *NEEDED.get(path, ()), option)
            assert_refused(refused(path, arguments), ExitCode.USAGE, "--help`")
    assert_refused(run(*arguments), ExitCode.USAGE, "--help`")
    assert snapshot(place) == {}


@pytest.mark.parametrize("path", _taking_no(ANY_WORDS), ids=" ".join)
def test_a_word_too_many(path: Call, subtests: pytest.Subtests) -> None:
    for word in ("more", "", STEERING, LONG):
        with subtests.test(_shown(word)):
            ended = refused(path, (*path, *NEEDED.get(path, ()), word))
            assert_refused(ended, ExitCode.USAGE, "--help`")


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
        (("findings", "--owner", "x", "--unowned"), "leave out --unowned"),
        (("items", "show", "stage", "--sql", "--format", "json"), "leave out --format"),
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
