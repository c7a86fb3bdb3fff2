"""A night whose server dies, goes away for a while, fills its disk or has no connection left."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from cmdb.server import embedded
from tests.chaos.nights import DisturbedNight, prepared, told
from tests.chaos.points import IS_LONG, POINTS, STEPS, Point, arrive, held
from tests.chaos.servers import OwnServer, running
from tests.chaos.test_cuts import assert_one_sentence
from tests.support.jobs import Jobs
from tests.support.servers import find_system_15, scratch_folder
from tests.support.small_disk import small_disk


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    if find_system_15() is None:
        pytest.skip("PostgreSQL 15 is not installed")
    with scratch_folder() as folder, running(folder) as server:
        yield server


@pytest.fixture(scope="module")
def served_night(jobs: Jobs, server: OwnServer) -> Iterator[DisturbedNight]:
    with prepared(jobs, server.url) as night:
        yield night


@pytest.mark.parametrize(
    ("how", "point"),
    [
        pytest.param(how, point, id=f"{how} {point.name}")
        for at, how in enumerate(("kill -9", "immediate", "fast"))
        for point in (STEPS if IS_LONG else [STEPS[at]])
    ],
)
def test_a_server_that_goes_away_and_comes_back(
    served_night: DisturbedNight, server: OwnServer, point: Point, how: str
) -> None:
    with served_night.database() as url:
        job = served_night.start(url) if point.once is not None else None
        try:
            with held(url, point):
                job = job or served_night.start(url)
                arrive(url, job, point)
                if how == "kill -9":
                    server.kill()
                else:
                    server.stop(how)
                ending = job.wait()
        except psycopg.OperationalError:
            # The test's own connection went with the server.
            pass
        finally:
            server.start()
        assert_one_sentence(ending)

        served_night.recovers(url)


def test_no_connection_left_in_mid_night(served_night: DisturbedNight, server: OwnServer) -> None:
    point = POINTS[2]
    with served_night.database() as url:
        with ExitStack() as crowd:
            with held(url, point):
                job = served_night.start(url)
                arrive(url, job, point)
                _take_every_connection(server.url, crowd)
            ending = job.wait()
            if ending.code != 0:
                assert_one_sentence(ending)
            # What the night itself had held has come free, once the server has noticed.
            time.sleep(0.3)
            _take_every_connection(server.url, crowd)
            refused = served_night.run(url)
            assert_one_sentence(refused)

        served_night.recovers(url)


def test_a_disk_that_is_full_in_mid_night(jobs: Jobs) -> None:
    if find_system_15() is None:
        pytest.skip("PostgreSQL 15 is not installed")
    with (
        scratch_folder() as folder,
        small_disk(folder, megabytes=400),
        running(folder) as server,
        prepared(jobs, server.url) as night,
        night.database() as url,
    ):
        before = told(url)
        ballast = folder / "ballast"
        # What PostgreSQL itself needs to go on is left to it: its log of changes is laid out already.
        ballast.write_bytes(b"x" * (shutil.disk_usage(folder).free - 64 * 1024))
        ending = night.run(url)
        ballast.unlink()
        if ending.code != 0:
            assert_one_sentence(ending)
            assert told(url)["finding_history"] == before["finding_history"]
        night.recovers(url)


def test_the_embedded_server_killed_under_a_night(jobs: Jobs, night: DisturbedNight) -> None:
    with scratch_folder() as folder:
        environment = night.environment | {"GATELEDGER_DATA_DIR": str(folder)}
        with embedded.lease(folder) as url:
            job = jobs.start(night.arguments, environment)
            _until_it_writes(url)
            _kill_server(folder)
            ending = job.wait()
        assert_one_sentence(ending)

        again = jobs.run(night.arguments, environment)

        assert again.code == 0, again.output
        with embedded.lease(folder) as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) > 0 FROM report.finding").fetchone() == (True,)
            assert connection.execute("SELECT status FROM report.run ORDER BY run_id").fetchall() == [
                ("abandoned",),
                ("complete",),
            ]


def _take_every_connection(url: str, crowd: ExitStack) -> None:
    while True:
        try:
            crowd.enter_context(psycopg.connect(url))
        except psycopg.OperationalError:
            return


def _until_it_writes(url: str) -> None:
    """Wait until a run has begun on a database that is only just being made."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with psycopg.connect(url, autocommit=True) as connection:
            known = connection.execute("SELECT to_regclass('cmdb.run')").fetchone()
            if known is not None and known[0] is not None:
                begun = connection.execute(
                    "SELECT count(*) FROM cmdb.run WHERE status = 'running'"
                ).fetchone()
                if begun == (1,):
                    return
    raise AssertionError("no run has begun")


def _kill_server(folder: Path) -> None:
    pid = (folder / "embedded" / "pgdata" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
    subprocess.run(["kill", "-9", pid], check=True)
