"""The command line in this process, its streams in an encoding that refuses what it lacks."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from gateledger.cli.entry import execute


class _Stream(io.TextIOWrapper):
    """A stream in memory that may pass for a terminal."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        self.kept = io.BytesIO()
        self._terminal = terminal
        super().__init__(self.kept, encoding=encoding, errors="strict", write_through=True)

    def isatty(self) -> bool:
        return self._terminal


@dataclass(frozen=True)
class EncodedEnd:
    """How a command ended and the bytes that it wrote."""

    code: int
    out: bytes
    err: bytes


def run_encoded(arguments: Sequence[str], encoding: str, *, terminal: bool = False) -> EncodedEnd:
    """Run one command with stdout and stderr in ``encoding``, on a terminal or not."""
    out, err = _Stream(encoding, terminal=terminal), _Stream(encoding, terminal=terminal)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute(arguments)
    return EncodedEnd(code, out.kept.getvalue(), err.kept.getvalue())
