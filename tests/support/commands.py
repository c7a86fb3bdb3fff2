"""Starting commands that lease an embedded server, as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@dataclass
class Command:
    """A process that holds a lease until it is told to finish."""

    process: subprocess.Popen[str]

    def wait_until_working(self) -> dict[str, str]:
        """Return the ``url`` and the server's ``started`` time, once the command works on the database."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the command failed: {self.finish()}")
        return dict(json.loads(line))

    def finish(self) -> str:
        """End the command's input, wait for its end and return what it wrote to standard error."""
        return self.process.communicate(timeout=120)[1]


@contextmanager
def command(
    data_dir: Path,
    *,
    user_name: str | None = None,
    environment: Mapping[str, str] | None = None,
    through: Sequence[str] = (),
) -> Iterator[Command]:
    """Start a command that leases the server of ``data_dir``; ended with the block at the latest.

    ``through`` is a program that executes the command given as its arguments.
    """
    process = subprocess.Popen(
        [
            *through,
            *(sys.executable, "-m", "tests.support.lease_command", str(data_dir)),
            *([user_name] if user_name else []),
        ],
        cwd=_ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started = Command(process)
    with process:
        try:
            yield started
        finally:
            if process.poll() is None:
                started.finish()
