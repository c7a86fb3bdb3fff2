"""PostgreSQL servers for tests: the embedded one, and the system's PostgreSQL 15 where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy.engine import make_url

from cmdb.server import embedded
from cmdb.server.database import open_engine, upgrade
from cmdb.server.embedded_binaries import run_program
from cmdb.server.embedded_user import open_way_to, server_user

EMBEDDED = "embedded"
SYSTEM_15 = "postgres15"

_TEMPLATE = "gateledger_template"
#: Locale of the system's server: the small form of I is another letter, digits sort as numbers, capitals last.
HOSTILE_LOCALE = "tr-TR-u-kn-true"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder right inside the temporary folder, removed at the end.

    Not pytest's ``tmp_path``: for root the server runs as another user, who must pass through the folders
    above, and each pytest session closes its base folder again, under the feet of sessions at the same time.
    """
    folder = Path(tempfile.mkdtemp(prefix="gl-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def find_system_15() -> Path | None:
    """Return the programs' folder of the system's PostgreSQL 15, or None."""
    usual = Path("/usr/lib/postgresql/15/bin")
    if (usual / "postgres").is_file():
        return usual
    pg_config = shutil.which("pg_config")
    if pg_config is None:
        return None

    def ask(option: str) -> str:
        return subprocess.run([pg_config, option], capture_output=True, text=True, check=True).stdout.strip()

    folder = Path(ask("--bindir"))
    is_15 = ask("--version").startswith("PostgreSQL 15")
    return folder if is_15 and (folder / "postgres").is_file() else None


class Server:
    """A running server: clones of a migrated template, and empty databases."""

    def __init__(self, url: str) -> None:
        """Take the URL of a database that is left alone."""
        self.url = url
        self._has_template = False
        # A test's database need not outlive the machine.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._execute(f"ALTER SYSTEM SET {setting} = off")
        self._execute("SELECT pg_reload_conf()")

    @contextmanager
    def database(self, *, migrated: bool, encoding: str | None = None) -> Iterator[str]:
        """Give the URL of a database of its own, dropped at the end; an empty one may have any encoding."""
        if migrated:
            self._ensure_template()
        name = f"test_{uuid.uuid4().hex}"
        made_as = f" ENCODING '{encoding}' LOCALE 'C' LOCALE_PROVIDER libc" if encoding else ""
        # Copying files takes two thirds of what writing each page to the log takes.
        self._execute(
            f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'} STRATEGY file_copy{made_as}"
        )
        try:
            yield self._url_of(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _ensure_template(self) -> None:
        if self._has_template:
            return
        self._execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        engine = open_engine(self._url_of(_TEMPLATE))
        try:
            upgrade(engine)
        finally:
            engine.dispose()
        self._has_template = True

    def _url_of(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


class Servers:
    """The session's servers, each started when a test first asks for it."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._stack = ExitStack()
        self._running: dict[str, Server] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all servers and remove their folders."""
        self._stack.close()

    def get(self, kind: str) -> Server:
        """Return the server of that kind, starting it the first time."""
        if kind not in self._running:
            folder = self._stack.enter_context(scratch_folder())
            start = embedded.lease if kind == EMBEDDED else _system_15
            self._running[kind] = Server(self._stack.enter_context(start(folder)))
        return self._running[kind]


@contextmanager
def _system_15(folder: Path, *settings: str) -> Iterator[str]:
    binaries = find_system_15()
    assert binaries is not None, "asked for a PostgreSQL 15 that is not installed"
    data = folder / "data"
    data.mkdir(mode=0o700)
    user = server_user(data)
    if user is not None:
        open_way_to(data, user)
        user.own(data)
        user.own(folder)

    def run(program: str, *arguments: str, may_fail: bool = False) -> bool:
        outcome = run_program(binaries / program, arguments, folder=data, user=user, seconds=120)
        assert may_fail or outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.returncode == 0

    new = ("-D", ".", "-U", "gateledger", "-E", "UTF8", "--locale", "C.UTF-8", "-A", "trust", "-N")
    if not run("initdb", *new, "--locale-provider", "icu", "--icu-locale", HOSTILE_LOCALE, may_fail=True):
        run("initdb", *new)  # built without ICU
    options = f"-c listen_addresses='' -k {folder} -c jit=off -c max_connections=60 {' '.join(settings)}"
    run("pg_ctl", "start", "-D", ".", "-w", "-l", "../log", "-o", options)
    try:
        yield f"postgresql://gateledger@/postgres?host={folder}&port=5432"
    finally:
        run("pg_ctl", "stop", "-D", ".", "-m", "immediate", "-w")
