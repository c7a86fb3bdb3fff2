"""The embedded server's life: set up, shared, stopped by the last, and what a kill leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from cmdb.server import embedded
from cmdb.server.embedded_postmaster import live_postmaster
from tests.support.commands import command


def _value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _postmaster(data_dir: Path) -> int:
    pid = live_postmaster(data_dir / "embedded" / "pgdata")
    assert pid is not None
    return pid


def _running_backend(url: str, query: str) -> threading.Thread:
    """Send ``query`` on a connection of its own and return once the server works on it."""

    def work() -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
            connection.execute(query)

    busy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = %s"
    deadline = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as watcher:
        while time.monotonic() < deadline:
            thread = threading.Thread(target=work)
            thread.start()
            # Where this thread gets no turn for long, the query has ended before it is seen: then once more.
            while thread.is_alive():
                if watcher.execute(busy, (query,)).fetchone() == (1,):
                    return thread
    raise AssertionError("the query was never seen at work")


def test_first_lease_makes_the_database_and_its_end_stops_the_server(data_dir: Path) -> None:
    # given a folder that does not exist yet
    home = data_dir / "new" / "home"
    # when it is leased for the first time
    with embedded.lease(home) as url:
        # then the database is there, set up as promised, on a socket only
        assert url == embedded.uri(home)
        assert embedded.is_running(home)
        assert _value(url, "SELECT current_database()") == "gateledger"
        assert _value(url, "SHOW server_encoding") == "UTF8"
        assert _value(url, "SHOW timezone") == "UTC"
        assert _value(url, "SHOW data_checksums") == "on"
        assert _value(url, "SHOW fsync") == "on"
        assert _value(url, "SHOW listen_addresses") == ""
        assert _value(url, "SHOW max_connections") == "60"
        assert _value(url, "SELECT datlocale FROM pg_database WHERE datname = 'gateledger'") == "C.UTF-8"
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        socket = home / "embedded" / "socket"
        assert socket.stat().st_mode & 0o777 == 0o700
    # and its end stops the server, keeping the data for the next
    assert not embedded.is_running(home)
    assert live_postmaster(home / "embedded" / "pgdata") is None
    with embedded.lease(home) as url:
        assert _value(url, "SELECT answer FROM kept") == 42


def test_asking_about_a_server_creates_nothing(data_dir: Path) -> None:
    assert not embedded.is_running(data_dir)
    assert embedded.uri(data_dir).startswith("postgresql://gateledger@/gateledger?host=/")
    assert list(data_dir.iterdir()) == []


def test_nested_leases_and_threads_share_one_server(made_data_dir: Path) -> None:
    # given a lease
    with embedded.lease(made_data_dir) as url:
        first = _postmaster(made_data_dir)

        # when it is leased again, nested and in threads
        def use(_: int) -> object:
            with embedded.lease(made_data_dir) as again:
                return _value(again, "SELECT 1")

        with embedded.lease(made_data_dir), ThreadPoolExecutor(4) as pool:
            assert list(pool.map(use, range(8))) == [1] * 8
        # then the inner ones neither start another server nor stop this one
        assert _postmaster(made_data_dir) == first
        assert _value(url, "SELECT 1") == 1
    assert not embedded.is_running(made_data_dir)


def test_two_commands_at_the_same_moment_work_on_one_server(data_dir: Path) -> None:
    # given a folder without a database
    # when two commands start on it together
    with command(data_dir) as one, command(data_dir) as two:
        here, there = one.wait_until_working(), two.wait_until_working()
        # then they share one server
        assert here == there
        # and the first to finish leaves it to the other
        assert one.finish() == ""
        assert embedded.is_running(data_dir)
        assert two.finish() == ""
    assert not embedded.is_running(data_dir)


def test_many_short_commands_side_by_side_never_lose_the_server(made_data_dir: Path) -> None:
    # given commands that come and go, each starting, joining or stopping the server as it finds it
    def come_and_go(_: int) -> str:
        with command(made_data_dir) as one:
            one.wait_until_working()
            return one.finish()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(come_and_go, range(8))) == [""] * 8
    assert not embedded.is_running(made_data_dir)


def test_a_killed_command_leaves_a_server_that_the_next_uses_and_stops(made_data_dir: Path) -> None:
    # given a command killed in the midst of its work
    with command(made_data_dir) as killed:
        killed.wait_until_working()
        killed.process.kill()
        killed.process.wait()
    first = _postmaster(made_data_dir)
    # when the next one comes
    with embedded.lease(made_data_dir):
        # then it works on the same server
        assert _postmaster(made_data_dir) == first
    # and stops it at its end
    assert not embedded.is_running(made_data_dir)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_command_stops_the_server(made_data_dir: Path, number: signal.Signals) -> None:
    with command(made_data_dir) as interrupted:
        interrupted.wait_until_working()
        interrupted.process.send_signal(number)
        interrupted.process.wait()
    assert not embedded.is_running(made_data_dir)


def test_a_killed_server_is_started_again_with_all_that_was_committed(made_data_dir: Path) -> None:
    # given a server killed with a statement under way that outlives it for a while
    with embedded.lease(made_data_dir) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT i FROM generate_series(1, 1000) AS i")
        busy = _running_backend(url, "SELECT sum(i) FROM generate_series(1, 4000000) AS i")
        os.kill(_postmaster(made_data_dir), signal.SIGKILL)
        # when the next lease comes, even while this one is held
        with embedded.lease(made_data_dir):
            # then the server is back, with everything committed
            assert _value(url, "SELECT count(*) FROM kept") == 1000
        busy.join()
        assert _value(url, "SELECT count(*) FROM kept") == 1000
    assert not embedded.is_running(made_data_dir)


@pytest.mark.parametrize("whose", ["another living process", "a dead process nobody waited for"])
def test_a_pid_file_that_names_another_process_does_not_prevent_a_start(
    made_data_dir: Path, whose: str
) -> None:
    # given the pid file of a killed server, whose number now belongs to something else
    process = subprocess.Popen(["sleep", "600" if whose == "another living process" else "0"])
    try:
        if whose == "a dead process nobody waited for":
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        pgdata = made_data_dir / "embedded" / "pgdata"
        pid_file = pgdata / "postmaster.pid"
        pid_file.write_text(f"{process.pid}\n{pgdata}\n1790000000\n5432\n../socket\n\n  1 1\nready   \n")
        # when it is leased, then it starts
        with embedded.lease(made_data_dir) as url:
            assert _value(url, "SELECT 1") == 1
    finally:
        process.kill()
        process.wait()


def test_a_set_up_killed_half_way_is_begun_anew(data_dir: Path) -> None:
    # given what a killed set-up leaves
    unfinished = data_dir / "embedded" / "pgdata.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    (unfinished / "base").mkdir()
    # when it is leased, then a whole database is made
    with embedded.lease(data_dir) as url:
        assert _value(url, "SELECT 1") == 1
    assert not unfinished.exists()


def test_a_forked_child_does_not_keep_the_server_alive(made_data_dir: Path) -> None:
    # given a process that leases, forks a child which lives on, and ends its lease
    script = """
import os, sys, signal
from pathlib import Path
from cmdb.server import embedded
home = Path(sys.argv[1])
with embedded.lease(home):
    child = os.fork()
    if child == 0:
        signal.pause()
print(embedded.is_running(home))
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
"""
    outcome = subprocess.run(
        [sys.executable, "-c", script, str(made_data_dir)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    # then the server stopped with the lease
    assert outcome.stdout == "False\n"


def test_settings_meant_for_another_server_change_nothing(made_data_dir: Path) -> None:
    # given an environment that points PostgreSQL's own tools elsewhere
    elsewhere = {
        **{"PGPORT": "7777", "PGDATA": "/nowhere", "PGHOST": "db.example", "PGTZ": "Asia/Tokyo"},
        **{"PGHOSTADDR": "127.0.0.1", "PGSERVICE": "nowhere", "PGSERVICEFILE": "/nowhere"},
        **{"PGSSLMODE": "verify-full", "PGOPTIONS": "-c nothing=1", "PGUSER": "nobody", "PGPASSWORD": "x"},
        **{"PGTARGETSESSIONATTRS": "standby", "PGREQUIREPEER": "nobody", "PGDATESTYLE": "nonsense"},
    }
    with command(made_data_dir, environment=elsewhere) as one:
        assert one.wait_until_working()["url"] == embedded.uri(made_data_dir)
        assert embedded.is_running(made_data_dir)


@pytest.mark.parametrize(
    "name", ["a" * 120, "with space", "comma,and'quote\"", "dollar$HOME`id`", "per%20cent", "ümlaut"]
)
def test_any_path_works(data_dir: Path, name: str, made_data_dir: Path) -> None:
    # given a folder whose path is too long for a socket, or has characters special to shells and URLs
    home = data_dir / name
    home.mkdir()
    (made_data_dir / "embedded").rename(home / "embedded")
    # when it is leased
    with embedded.lease(home) as url:
        # then its URL works as it is, and is the same for everybody
        assert _value(url, "SELECT 1") == 1
        assert embedded.uri(home) == url
        address = Path(url.split("host=")[1].split("&")[0])
        assert address.is_symlink()
    # and the short name is gone with the server
    assert not address.is_symlink()


def test_the_log_stays_bounded(made_data_dir: Path) -> None:
    # given a log that has grown large
    log = made_data_dir / "embedded" / "server.log"
    with log.open("ab") as stream:
        stream.truncate(6_000_000)
    # when the server is used again
    with embedded.lease(made_data_dir):
        # then the log starts anew, one older part is kept
        assert log.stat().st_size < 100_000
    assert (log.parent / "server.log.1").stat().st_size == 6_000_000


def test_the_programs_work_on_the_url(made_data_dir: Path) -> None:
    with embedded.lease(made_data_dir) as url:
        asked = [str(embedded.embedded_binary("psql")), url, "-XAtc", "SELECT 6 * 7"]
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "42\n"
        dump = subprocess.run(
            [str(embedded.embedded_binary("pg_dump")), url], capture_output=True, check=True
        )
        assert b"PostgreSQL database dump complete" in dump.stdout


def test_a_path_that_the_locale_cannot_spell_works(made_data_dir: Path) -> None:
    # given a folder of letters, and a command in a locale that knows ASCII only
    home = made_data_dir.with_name(f"{made_data_dir.name}-ümlaut-日本")
    made_data_dir.rename(home)
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    try:
        with command(home, environment=narrow) as one:
            started = one.wait_until_working()["started"]
            # when another comes along, then it finds the server that runs
            with command(home, environment=narrow) as two:
                assert two.wait_until_working()["started"] == started
            assert embedded.is_running(home)
        assert not embedded.is_running(home)
    finally:
        home.rename(made_data_dir)
