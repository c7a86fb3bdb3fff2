"""Running PostgreSQL's own programs (psql, pg_dump, pg_restore) on the database that the settings name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cmdb.errors import GateledgerError
from cmdb.server.address import Address, read_address
from cmdb.server.embedded import embedded_binary
from cmdb.server.embedded_binaries import EMBEDDED_MAJOR

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
#: How the programs read and write values, whatever is set for the role, the database or the user's own
#: sessions; their messages are read here, so they are in English.
_MEANING = {"PGCLIENTENCODING": "UTF8", "PGTZ": "UTC", "PGDATESTYLE": "ISO, MDY", "LC_ALL": "C"}


class ProgramsTooOld(GateledgerError):
    """PostgreSQL's client programs on this system are older than the server; install newer ones."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs of one version, and the database they are to work on."""

    address: Address
    connection: str
    """How the programs connect, without secrets: other users can read command lines."""
    environment: dict[str, str]
    folder: Path | None
    """Where the programs are; None: wherever the system finds them."""

    def path(self, program: str) -> str:
        """Return the program's path."""
        return program if self.folder is None else str(self.folder / program)

    def complaint(self, stderr: str) -> str:
        """Return the first line of a program's errors without its name or any secret, for a sentence."""
        lines = [line for line in stderr.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
        first = (lines or stderr.strip().splitlines() or ["it said nothing"])[0]
        words = re.sub(r"^(\S*(pg_dump|pg_restore|psql)(:<stdin>:\d+)?: )?(error: |ERROR:\s+)?", "", first)
        return self.address.conceal(words).strip().rstrip(".")


@contextmanager
def programs_for(url: str, server_major: int, *, is_embedded: bool) -> Iterator[Programs]:
    """Yield programs that understand the server: the system's for a given one, if they are new enough.

    The system's come first there because those that come with the installation cannot speak TLS. Raises
    ``ProgramsTooOld``.
    """
    address = read_address(url)
    folder = None
    if is_embedded or _system_major() < server_major:
        if server_major > EMBEDDED_MAJOR:
            raise ProgramsTooOld(
                f"The server is PostgreSQL {server_major} and the programs here are older: install the "
                f"client programs of PostgreSQL {server_major} or newer."
            )
        folder = embedded_binary("pg_dump").parent
    with address.for_program() as (connection, secrets):
        yield Programs(address, connection, {**os.environ, **secrets, **_MEANING}, folder)


def bundled(programs: Programs) -> Programs:
    """Return the programs that come with the installation, for the same database."""
    return replace(programs, folder=embedded_binary("pg_restore").parent)


def run(programs: Programs, program: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its outcome."""
    return subprocess.run(  # noqa: S603  the system's or our own program, no shell
        [programs.path(program), *arguments],
        env=programs.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _system_major() -> int:
    """Return the lowest major version of the programs that the system finds; 0 when one is missing."""
    found = []
    for program in ("pg_dump", "pg_restore", "psql"):
        path = shutil.which(program)
        if path is None:
            return 0
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
        match = _VERSION.search(said)
        found.append(int(match[1]) if match else 0)
    return min(found)
