"""PgBouncer before a server of the tests, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from cmdb.server.embedded_user import SERVER_USER
from tests.support.servers import scratch_folder

SECONDS = 20


def find_pgbouncer() -> str | None:
    """Return the program, which Debian puts where only administrators look, or None."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def pgbouncer(url: str, mode: str, **settings: str) -> Iterator[str]:
    """Give the URL of the same database behind a pooler in ``mode``: session, transaction or statement.

    ``url`` names a Unix socket; ``settings`` are further ones of pgbouncer.ini.
    """
    program = find_pgbouncer()
    assert program is not None, "asked for a PgBouncer that is not installed"
    behind = make_url(url)
    with scratch_folder() as folder:
        written = {
            "pool_mode": mode,
            "listen_addr": "",
            "listen_port": "5432",
            "unix_socket_dir": str(folder),
            "unix_socket_mode": "0777",
            "auth_type": "any",
            "default_pool_size": "40",
            "logfile": str(folder / "log"),
            **settings,
        }
        server = f"host={behind.query['host']} port={behind.query['port']} user={behind.username}"
        lines = [f"{name} = {value}" for name, value in written.items()]
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            "\n".join(["[databases]", f"{behind.database} = {server}", "[pgbouncer]", *lines, ""])
        )
        arguments = [program, "-q", str(configuration)]
        if os.geteuid() == 0:
            # It refuses to run as root, and the embedded server's socket lets in the server's user alone.
            shutil.chown(folder, SERVER_USER)
            arguments[1:1] = ["-u", SERVER_USER]
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pooled = behind.set(query={"host": str(folder), "port": "5432"}).render_as_string(hide_password=False)
        try:
            _await(pooled, process, folder / "log")
            yield pooled
        finally:
            process.terminate()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            told = log.read_text() if log.exists() else "it wrote no log"
            assert process.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        else:
            return
