"""A PostgreSQL 15 of a test's own, to be killed, stopped and started again, on any folder and of any size."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cmdb.server.embedded_binaries import run_program
from cmdb.server.embedded_user import open_way_to, server_user
from tests.support.servers import find_system_15

_PATIENCE = 60.0


class OwnServer:
    """A server; ``folder`` holds its data, its socket and its log."""

    def __init__(self, folder: Path, *, connections: int = 40) -> None:
        """Make the database cluster; nothing runs yet."""
        binaries = find_system_15()
        assert binaries is not None, "asked for a PostgreSQL 15 that is not installed"
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        self._user = server_user(self._data)
        if self._user is not None:
            open_way_to(self._data, self._user)
            self._user.own(self._data)
            self._user.own(folder)
        self._options = f"-c listen_addresses='' -k {folder} -c jit=off -c max_connections={connections}"
        self._run("initdb", "-D", ".", "-U", "gateledger", "-E", "UTF8", "--locale", "C.UTF-8", "-A", "trust")
        self.url = f"postgresql://gateledger@/postgres?host={folder}&port=5432"

    def start(self) -> None:
        """Start it, recovering from whatever became of it; children of a killed one may still be ending."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            outcome = self._program("pg_ctl", "start", "-D", ".", "-w", "-l", "../log", "-o", self._options)
            if outcome.returncode == 0:
                return
            assert time.monotonic() < deadline, outcome.stdout + outcome.stderr
            time.sleep(0.1)

    def stop(self, mode: str) -> None:
        """Stop it: ``fast`` or ``immediate``."""
        self._run("pg_ctl", "stop", "-D", ".", "-m", mode, "-w")

    def kill(self) -> None:
        """Kill its first process with -9; the others notice and end."""
        pid = int((self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)

    def _run(self, program: str, *arguments: str) -> None:
        outcome = self._program(program, *arguments)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr

    def _program(self, program: str, *arguments: str):  # type: ignore[no-untyped-def]
        return run_program(
            self._binaries / program, arguments, folder=self._data, user=self._user, seconds=120
        )


@contextmanager
def running(folder: Path, *, connections: int = 40) -> Iterator[OwnServer]:
    """Give a running server, stopped at the end whatever the test did to it."""
    server = OwnServer(folder, connections=connections)
    server.start()
    try:
        yield server
    finally:
        server.stop("immediate")
