"""The reference of the command line is true, and every command shows how it is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateledger.cli.entry import execute
from gateledger.cli.reference import commands, reference
from gateledger.queries.items import page
from gateledger.settings.model import environment_name, setting_names
from gateledger.terminal.exits import ExitCode

ROOT = Path(__file__).parents[2]
COMMANDS = dict(commands())


def test_the_reference_in_docs_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), (
        "docs/cli.md is old: run `python -m gateledger.cli.reference > docs/cli.md`"
    )


def test_the_page_of_item_types_is_what_the_declarations_say() -> None:
    written = (ROOT / "docs" / "items.md").read_text(encoding="utf-8")
    assert written == page(), "docs/items.md is old: run `python -m gateledger.queries.items > docs/items.md`"


def test_the_reference_names_every_command_exit_code_and_setting() -> None:
    told = reference()
    assert {"run", "findings", "explain", "export", "trend", "db upgrade", "policies list"} <= set(COMMANDS)
    for name, command in COMMANDS.items():
        section = told.split(f"\n## gateledger {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            if parameter.name != "help" and parameter.opts[0].startswith("-"):
                assert all(option in section for option in [parameter.opts[0], *parameter.secondary_opts])
    for code in ExitCode:
        assert f"| {code:d} |" in told
    for name in setting_names():
        assert f"`{environment_name(name)}`" in told


def test_the_readme_names_every_setting_and_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in setting_names():
        assert f"| `{environment_name(name)}` | " in readme
    table = readme.split("## Commands")[1].split("\n\n")[1]
    for name in COMMANDS:
        group, _, last = name.rpartition(" ")
        row = next(line for line in table.splitlines() if f"`gateledger {group or last}" in line)
        assert re.search(rf"[ `]{last}\b", row), name


def test_every_log_event_is_documented() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", page.split("## Log events")[1].split("\n## ")[0]))
    rooms = ("cmdb", "collectors", "evaluator", "gateledger")
    code = "".join(path.read_text(encoding="utf-8") for room in rooms for path in (ROOT / room).rglob("*.py"))
    used = re.findall(r'"event": ("[a-z_.]+"(?: if \w+ else "[a-z_.]+")?)', code)
    assert {name.strip('"') for each in used for name in re.findall(r'"[a-z_.]+"', each)} == told


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example_of_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([*name.split(), "--help"]) == 0
    told = capsys.readouterr().out
    examples = told.split("Examples:", 1)[1]
    assert re.search(rf"gateledger (-\S+ )*{name}\b", examples)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_in_examples_exist(name: str) -> None:
    command = COMMANDS[name]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for example in command.help.split("Examples:\n", 1)[1].splitlines():
        call = example.split(f"gateledger {name}", 1)[-1] if f"gateledger {name}" in example else ""
        own = re.split(r" -- | \| | #|[)>]", call)[0]
        assert set(re.findall(r"(?<=\s)--[a-z-]+", own)) <= known
