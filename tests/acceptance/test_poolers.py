"""PgBouncer between gateledger and PostgreSQL: in session mode it works, else it is refused at the start."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from cmdb.errors import DatabasePooled
from cmdb.runs.locks import session_lock
from cmdb.runs.runs import RUN_LOCK
from cmdb.server import exchange, pooler
from cmdb.server.database import open_engine, require_current
from gateledger.terminal.exits import ExitCode
from tests.support.command_line import CommandLine
from tests.support.nights import Nights
from tests.support.poolers import find_pgbouncer, pgbouncer

pytestmark = pytest.mark.skipif(find_pgbouncer() is None, reason="PgBouncer is not installed")

LENDING = ("transaction", "statement")
#: Commands that open a database, each in its own way.
ASKING = (
    ("db", "upgrade"),
    ("run",),
    ("collect",),
    ("evaluate",),
    ("worker",),
    ("schedule",),
    ("status",),
    ("findings",),
    ("policies", "test"),
    ("db", "dump", "new.dump"),
    ("db", "restore", "given.dump"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_environment: None) -> Path:
    """A working directory with a file to restore."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATELEDGER_HASH_KEY", "of the tests, nothing secret")
    (tmp_path / "given.dump").write_bytes(b"PGDMP")
    return tmp_path


def contents(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1"
        ).fetchall()


@pytest.mark.parametrize("mode", LENDING)
def test_every_command_refuses_a_pooler_that_lends_sessions_before_it_makes_anything(
    mode: str, empty_database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pgbouncer(empty_database_url, mode) as url:
        for arguments in ASKING:
            ended = CommandLine(url, monkeypatch)(*arguments)
            assert (ended.code, ended.out) == (ExitCode.ERROR, ""), arguments
            assert ended.err.count("\n") == 1, ended.err
            assert "connection pooler in transaction or statement mode" in ended.err
            assert "the direct connection" in ended.err
        # and nothing was set in a session that somebody else is given next
        if mode == "transaction":
            with psycopg.connect(url) as connection:
                assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)
    assert contents(empty_database_url) == [("information_schema",), ("public",)]
    assert [path.name for path in folder.iterdir()] == ["given.dump"]


@contextmanager
def crowd(url: str, size: int) -> Iterator[None]:
    """Let others use the pool all the while, a short transaction after the other."""
    done = threading.Event()

    def work() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
            while not done.is_set():
                connection.execute("SELECT pg_sleep(0.001)")
                done.wait(0.001)

    threads = [threading.Thread(target=work) for _ in range(size)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("mode", LENDING)
@pytest.mark.parametrize("settings", [{}, {"server_round_robin": "1"}, {"default_pool_size": "3"}], ids=str)
def test_a_pool_that_others_use_too_is_found_out(
    mode: str, settings: dict[str, str], empty_database_url: str
) -> None:
    with pgbouncer(empty_database_url, mode, **settings) as url, crowd(url, 6):
        for _ in range(10):
            engine = open_engine(url)
            try:
                with pytest.raises(DatabasePooled):
                    engine.connect().close()
            finally:
                engine.dispose()


def test_a_pool_of_sessions_that_is_used_up_is_no_reason_to_refuse_it(database_url: str) -> None:
    with pgbouncer(database_url, "session", default_pool_size="1") as url:
        engine = open_engine(url, pool_size=1)
        require_current(engine)
        engine.dispose()


def test_a_pool_without_a_session_left_is_named_instead_of_waited_for(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a pool of one session, what needs one works, and what needs another says so in limited time."""
    monkeypatch.setattr(pooler, "_PATIENCE", 0.2)
    with pgbouncer(database_url, "session", default_pool_size="1") as url:
        command_line = CommandLine(url, monkeypatch)
        assert command_line("db", "dump", str(tmp_path / "x.dump")).code == ExitCode.DONE
        with psycopg.connect(url) as held:
            held.execute("SELECT 1")
            monkeypatch.setattr(exchange, "SECONDS", 0.3)
            ended = command_line("status")
    assert (ended.code, ended.out, ended.err.count("\n")) == (ExitCode.ERROR, "", 1)
    assert "its pool has no session left" in ended.err


def test_the_console_of_a_pooler_is_no_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pgbouncer(database_url, "session", admin_users="gateledger") as url:
        console = make_url(url).set(database="pgbouncer").render_as_string(hide_password=False)
        ended = CommandLine(console, monkeypatch)("status")
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert "'pgbouncer' is the pooler's own console" in ended.err


def test_nights_work_through_a_pool_of_sessions(
    make_nights: Callable[..., Nights], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pgbouncer(database_url, "session") as url:
        # given nights through the pooler
        nights = make_nights(database_url=url)
        direct, nights.engine = nights.engine, open_engine(url)
        stage = nights.stage(certificate=nights.certificate())
        nights.night()
        nights.detach(stage)
        nights.night()
        assert nights.verdict(stage) == ("INCOMPLIANT", "certificate_empty")
        # then the lock that keeps runs apart holds, on this side of the pooler and the other
        with session_lock(nights.engine, RUN_LOCK) as is_ours:
            assert is_ours
            with session_lock(direct, RUN_LOCK) as also:
                assert not also
        # and commands, with programs of PostgreSQL among them, work too
        command_line = CommandLine(url, monkeypatch)
        for arguments in (("status",), ("findings",), ("db", "dump", str(tmp_path / "x.dump"))):
            assert command_line(*arguments).code == ExitCode.DONE, arguments
        restored = command_line("db", "restore", "--force-empty", str(tmp_path / "x.dump"))
        assert (restored.code, restored.err) == (ExitCode.DONE, "")
        nights.engine.dispose()
        nights.engine = direct


def test_workers_work_through_a_pool_of_sessions(
    make_nights: Callable[..., Nights], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pgbouncer(database_url, "session") as url:
        nights = make_nights(database_url=url, workers="true", deadline="2m")
        nights.stage()
        command = [sys.executable, "-c", "from gateledger.cli import main; main()", "worker"]
        with subprocess.Popen(command, env=os.environ, stderr=subprocess.PIPE, text=True) as worker:
            try:
                ended = CommandLine(url, monkeypatch)("run")
            finally:
                worker.terminate()
                told = worker.communicate(timeout=60)[1]
        assert ended.code == ExitCode.DONE, ended.err + told
        assert worker.returncode == 0, told
