"""The servers that are measured: the embedded PostgreSQL, and the system's PostgreSQL 15, set alike."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from cmdb.server import embedded
from cmdb.server.embedded_binaries import run_program
from cmdb.server.embedded_user import open_way_to, server_user

EMBEDDED = "embedded"
SYSTEM_15 = "postgres15"
_SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")
_SETTINGS = "-c listen_addresses='' -c jit=off -c max_connections=60 -c shared_buffers=192MB " \
            "-c max_wal_size=2GB -c checkpoint_timeout=15min"  # fmt: skip


def available() -> tuple[str, ...]:
    """Return the servers of this machine, or those that ``SERVERS`` names among them."""
    found = (EMBEDDED, SYSTEM_15) if (_SYSTEM_15 / "postgres").is_file() else (EMBEDDED,)
    wanted = os.environ.get("SERVERS", "").split(",")
    return tuple(name for name in found if name in wanted) if any(wanted) else found


@contextmanager
def running(kind: str) -> Iterator[str]:
    """Give the URL of a server of that kind in a folder of its own, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gl-bench-")).resolve()
    try:
        with embedded.lease(folder) if kind == EMBEDDED else _system_15(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder)


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """Give the URL of an empty database on a server, dropped at the end."""
    name = f"bench_{uuid.uuid4().hex}"
    _execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def _system_15(folder: Path) -> Iterator[str]:
    data = folder / "data"
    data.mkdir(mode=0o700)
    user = server_user(data)
    if user is not None:
        open_way_to(data, user)
        user.own(data)
        user.own(folder)

    def run(program: str, *arguments: str) -> None:
        outcome = run_program(_SYSTEM_15 / program, arguments, folder=data, user=user, seconds=120)
        if outcome.returncode != 0:
            raise SystemExit(f"{program} failed: {outcome.stderr.strip()}")

    run("initdb", "-D", ".", "-U", "gateledger", "-E", "UTF8", "--locale", "C.UTF-8", "-A", "trust", "-N")
    run("pg_ctl", "start", "-D", ".", "-w", "-l", "../log", "-o", f"{_SETTINGS} -k {folder}")
    try:
        yield f"postgresql://gateledger@/postgres?host={folder}&port=5432"
    finally:
        run("pg_ctl", "stop", "-D", ".", "-m", "immediate", "-w")
