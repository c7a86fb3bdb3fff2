"""Commands as processes of their own, which a test may kill, without the imports that each would cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ending:
    """How a command ended: its exit code (negative: killed by that signal) and all it wrote.

    ``errors`` is empty where both streams went to one file.
    """

    code: int
    output: str
    errors: str = ""


@dataclass
class Job:
    """A running command."""

    jobs: Jobs
    pid: int
    output: Path
    errors: Path

    def kill(self) -> Ending:
        """Kill it with -9, if it still runs, and return how it ended."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def is_running(self) -> bool:
        """Tell whether it has not ended by itself."""
        state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        return state != "Z"

    def wait(self) -> Ending:
        """Wait for its end."""
        status = self.jobs.ask({"wait": self.pid})["status"]
        output, errors = (
            file.read_text(encoding="utf-8", errors="replace") for file in (self.output, self.errors)
        )
        code = os.waitstatus_to_exitcode(status)
        return Ending(code, output, errors if self.errors != self.output else "")


class Jobs:
    """Starts commands; leaving its ``with`` block ends the process that forks them."""

    def __init__(self, folder: Path) -> None:
        """Keep outputs in the folder."""
        self._folder = folder
        self._count = 0
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "GATELEDGER_")) and not name.lower().endswith("_proxy")
        }
        self._forkserver = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forkserver"],
            cwd=_ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forkserver.communicate(timeout=60)

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Job:
        """Start a command; the environment is added to this process's own, without its AWS and settings."""
        output = self._folder / f"{self._count}.txt"
        return self._start(arguments, self._environment | environment, self._folder, (output, output))

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Ending:
        """Run a command to its end."""
        return self.start(arguments, environment).wait()

    def call(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ending:
        """Run a command to its end in a directory, with this environment alone and a file for each stream."""
        streams = self._folder / f"{self._count}.out", self._folder / f"{self._count}.err"
        return self._start(arguments, environment, folder, streams).wait()

    def _start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        streams: tuple[Path, Path],
    ) -> Job:
        self._count += 1
        output, errors = streams
        order = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "output": str(output),
            "errors": str(errors),
        }
        return Job(self, self.ask(order)["pid"], output, errors)

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Send an order and return the answer."""
        assert self._forkserver.stdin is not None
        assert self._forkserver.stdout is not None
        self._forkserver.stdin.write(json.dumps(order) + "\n")
        self._forkserver.stdin.flush()
        line = self._forkserver.stdout.readline()
        assert line, "the process that forks commands died"
        return dict(json.loads(line))
