"""The command line in this process, against a database given by URL."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

import pytest

from gateledger.cli.entry import ended_by, execute


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


def ended_with(error: Exception) -> Ended:
    """Return how every command ends in which this error arises."""
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        code = ended_by(error)
    return Ended(code, "", err.getvalue())


class CommandLine:
    """Runs commands with ``GATELEDGER_DATABASE_URL`` set."""

    def __init__(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Point all commands at the database."""
        monkeypatch.setenv("GATELEDGER_DATABASE_URL", database_url)
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str) -> Ended:
        """Run one command; its stdout is a file, not a terminal."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = execute(arguments)
        return Ended(code, out.getvalue(), err.getvalue())
