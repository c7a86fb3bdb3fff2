"""Every setting, wrong in each way that its type knows: through the environment and through the file.

Every row is tried where settings are read, and its error is shown as every command shows it; a whole command
is run once for each setting and way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cmdb.errors import SettingsError
from gateledger.settings.loading import load_settings
from gateledger.settings.model import environment_name, setting_names
from gateledger.terminal.exits import ExitCode
from tests.bad_input.calls import NEEDED
from tests.bad_input.settings_rows import SETTINGS, Wrong
from tests.support.command_line import CommandLine, Ended, ended_with
from tests.support.command_tree import command_paths
from tests.support.refusals import assert_refused, snapshot

#: Reads all settings and asks no database: what is wrong is told, or a policy is printed.
READS_SETTINGS = "iam-policy"
#: Told nowhere, right or wrong.
CANARY = "c4nary"
#: The demo has settings of its own.
READ_NO_SETTINGS = {("demo",), ("items", "list"), ("items", "show")}


def _in_environment(wrong: Wrong) -> bool:
    return isinstance(wrong.value, str) and wrong.value != "" and "\0" not in wrong.value


def _in_file(wrong: Wrong) -> bool:
    return not (isinstance(wrong.value, str) and "\udce9" in wrong.value)


def toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = {c: c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in value}
        return '"' + "".join(plain[c] for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(toml(part) for part in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(part)}" for key, part in value.items()) + "}"
    return str(value)


def test_every_setting_has_rows() -> None:
    assert set(SETTINGS) == set(setting_names())
    for name, rows in SETTINGS.items():
        how = [row.how for row in rows]
        assert len(set(how)) == len(how), name
        assert {"empty"} <= set(how), name
        # One at least that is of another type, and one that only the environment can hold.
        assert any(not isinstance(row.value, str) for row in rows), name


def refused(file: Path | None = None) -> Ended:
    """Read the settings, which must fail, and return how a command ends that does so."""
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return ended_with(caught.value)


@pytest.mark.parametrize("name", SETTINGS)
def test_in_the_environment(
    name: str, run: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    rows = [wrong for wrong in SETTINGS[name] if _in_environment(wrong)]
    for wrong in rows:
        with subtests.test(wrong.how):
            monkeypatch.setenv(environment_name(name), wrong.value)
            endings = [refused()]
            if wrong is rows[-1]:
                endings.append(run(READS_SETTINGS))
            for ended in endings:
                assert_refused(ended, ExitCode.ERROR, environment_name(name), wrong.hint)
                assert CANARY not in ended.err
            assert snapshot(place) == {}


@pytest.mark.parametrize("name", SETTINGS)
def test_in_the_file(
    name: str, run: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    file = place / "wrong.toml"
    monkeypatch.delenv(environment_name(name), raising=False)
    rows = [wrong for wrong in SETTINGS[name] if _in_file(wrong)]
    for wrong in rows:
        with subtests.test(wrong.how):
            file.write_text(f"{name} = {toml(wrong.value)}\n", encoding="utf-8")
            before = snapshot(place)
            endings = [refused(file)]
            if wrong is rows[-1]:
                endings.append(run("--config", str(file), READS_SETTINGS))
            for ended in endings:
                assert_refused(ended, ExitCode.ERROR, f"{name} (in {file})", wrong.hint)
                assert CANARY not in ended.err
            assert snapshot(place) == before


@pytest.mark.parametrize(
    ("targets", "hint"),
    [
        ("nosuch://c4nary", "address 1 (nosuch)"),
        ("json://127.0.0.1:9/, slack://c4nary", "address 2 (slack)"),
    ],
)
def test_an_address_that_no_service_takes_is_refused_before_a_scheduler_waits(
    targets: str, hint: str, run: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATELEDGER_NOTIFY", targets)

    ended = run("schedule")

    assert_refused(ended, ExitCode.ERROR, "GATELEDGER_NOTIFY", hint)
    assert CANARY not in ended.err
    assert snapshot(place) == {}


def test_a_setting_that_is_wrong_stops_every_command_that_reads_them(
    run: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATELEDGER_THREADS", "many")
    for path in command_paths():
        if path in READ_NO_SETTINGS:
            continue
        ended = run(*path, *NEEDED.get(path, ()))
        assert_refused(ended, ExitCode.ERROR, "GATELEDGER_THREADS (environment): 'many'")
        assert snapshot(place) == {}
