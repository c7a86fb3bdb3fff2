"""All commands, taken from the command line itself: what is added later is among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from gateledger.cli import cli


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it."""
    group = typer.main.get_command(cli) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def command_paths() -> list[tuple[str, ...]]:
    """Return the words that call each command."""
    return [path for path, _ in commands()]
