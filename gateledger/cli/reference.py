"""The command line's reference, made from the commands themselves: ``python -m gateledger.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any

from gateledger.cli.entry import command_tree
from gateledger.settings.model import describe, environment_name, setting_names
from gateledger.terminal.exits import ExitCode

HEADER = """\
# Command line

Made by `python -m gateledger.cli.reference > docs/cli.md` from the commands themselves; a test keeps it true.

Data goes to stdout, progress and log lines to stderr. Listings take `--format table|json|csv`; on a terminal
tables are laid out and long ones stop after 50 rows, piped they are plain and whole.
"""
_EXITS = {
    ExitCode.DONE: "done",
    ExitCode.ERROR: "it could not be done; one sentence on stderr says why",
    ExitCode.USAGE: "the command line is wrong; nothing was tried",
    ExitCode.INCOMPLETE: "done, but some scope of the inventory could not be read",
    ExitCode.FINDINGS: "done, and findings exist with a status given by `--fail-on`",
    ExitCode.INTERRUPTED: "ended by Ctrl-C",
    ExitCode.BROKEN_PIPE: "the reader of stdout went away",
    ExitCode.TERMINATED: "ended by SIGTERM",
}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name, groups opened, in the order of the help."""
    root: Any = command_tree()
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {part}", member) for part, member in inner.items())


def reference() -> str:
    """Return the reference as Markdown."""
    root: Any = command_tree()
    parts = [HEADER, "## Global options\n", "Before the command: `gateledger --log-level info run`.\n"]
    parts.append(_parameters(root))
    for name, command in commands():
        parts += [f"## gateledger {name}\n", *_told(command.help), _parameters(command)]
    parts += ["## Exit codes\n", _exit_codes(), "## Settings\n", _settings()]
    return "\n".join(part for part in parts if part)


def _told(text: str) -> Iterator[str]:
    """Yield a command's help as Markdown: paragraphs, and the examples as a block of code."""
    told, _, examples = text.partition("\b\nExamples:\n")
    yield told.strip() + "\n"
    lines = "\n".join(line.removeprefix("  ") for line in examples.rstrip().splitlines())
    yield f"```sh\n{lines}\n```\n"


def _parameters(command: Any) -> str:
    rows = [
        (_name(parameter), _cell(parameter.help or "") + _default(parameter))
        for parameter in command.params
        if not parameter.hidden and parameter.name != "help"
    ]
    if not rows:
        return ""
    lines = ["| | |", "| --- | --- |", *(f"| `{name}` | {told} |" for name, told in rows)]
    return "\n".join(lines) + "\n"


def _name(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return str(parameter.metavar or parameter.name.upper()).replace("|", "\\|")
    value = "" if parameter.is_flag or parameter.count else f" {_value(parameter)}"
    return (", ".join([*parameter.opts, *parameter.secondary_opts]) + value).replace("|", "\\|")


def _value(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    if isinstance(parameter.default, Enum):
        return "|".join(str(choice) for choice in type(parameter.default))
    return "N" if isinstance(parameter.default, int) else "VALUE"


def _default(parameter: Any) -> str:
    default = parameter.default
    if default is None or default is False or default == 0 or parameter.required:
        return ""
    return f" Default: `{default}`."


def _exit_codes() -> str:
    return (
        "\n".join(["| | |", "| --- | --- |", *(f"| {code:d} | {told} |" for code, told in _EXITS.items())])
        + "\n"
    )


def _settings() -> str:
    lines = [
        "From the environment, then from `gateledger.toml` (or `--config FILE`), then defaults.\n",
        "| environment | in the file | meaning | default |",
        "| --- | --- | --- | --- |",
    ]
    for name in setting_names():
        told, default = describe(name)
        shown = "" if default in (None, (), {}) else f"`{_plain(default)}`"
        lines.append(f"| `{environment_name(name)}` | `{name}` | {_cell(told)} | {shown} |")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    from datetime import timedelta

    from gateledger.settings.durations import format_duration

    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_duration(value) if isinstance(value, timedelta) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
