"""All commands, taken from the command line itself: what is added later is among them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from gateledger.cli.entry import command_tree


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it."""
    group = command_tree() if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def command_paths() -> list[tuple[str, ...]]:
    """Return the words that call each command."""
    return [path for path, _ in commands()]


def signature(parameter: Any) -> str:
    """Return how a parameter is called and what it takes: ``--days N``, ``--format table|json``, ``ARN``."""
    if not parameter.opts[0].startswith("-"):
        return str(parameter.metavar or parameter.name.upper())
    name = str(parameter.opts[0])
    if is_flag(parameter):
        return name
    if parameter.metavar:
        return f"{name} {parameter.metavar}"
    if isinstance(parameter.default, Enum):
        return f"{name} {'|'.join(str(choice) for choice in type(parameter.default))}"
    return f"{name} {'N' if isinstance(parameter.default, int) else 'VALUE'}"


def is_flag(parameter: Any) -> bool:
    """Tell whether a parameter takes no value."""
    return bool(getattr(parameter, "is_flag", False) or getattr(parameter, "count", False))
