"""A night whose database lets it down: one sentence, nothing half-written, and whole when run again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.chaos.nights import DisturbedNight, assert_same, told
from tests.chaos.points import BACKFILL, IS_LONG, POINTS, STEPS, Point, arrive, held
from tests.support.jobs import Ending

#: Cuts at random moments; without it a few.
CUTS = int(os.environ.get("GATELEDGER_CHAOS_KILLS", "4")) // 2
_CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'gateledger'"
)


def assert_one_sentence(ending: Ending) -> None:
    """The command failed, and said so in one sentence to a person."""
    assert ending.code == 1, ending.output
    assert "Traceback" not in ending.output
    assert ending.output.rstrip().endswith("."), ending.output


@contextmanager
def setting(url: str, name: str, value: str) -> Iterator[None]:
    """Let new connections to the database have a setting until the end of the block."""
    target = make_url(url)
    server = target.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {target.database} SET {name} = '{value}'".encode())
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {target.database} RESET {name}".encode())


@pytest.mark.parametrize("point", POINTS if IS_LONG else STEPS, ids=lambda point: point.name)
def test_connections_cut_at_a_named_moment(night: DisturbedNight, point: Point) -> None:
    with night.database() as url:
        if point.once is not None:
            job = night.start(url)
        with held(url, point) as holder:
            if point.once is None:
                job = night.start(url)
            arrive(url, job, point)
            holder.execute(_CUT.encode())
        ending = job.wait()
        if point.name == BACKFILL:
            # Tonight is whole by then, and the next run judges the rest of the past.
            assert ending.code == 0, ending.output
            assert "backfill.failed" in ending.output
        else:
            assert_one_sentence(ending)

        night.recovers(url)


@pytest.mark.long
def test_connections_cut_at_random_moments(night: DisturbedNight) -> None:
    dice = random.Random(CUTS)  # noqa: S311 - dice, no secrets
    survived = 0
    while survived < CUTS:
        with night.database() as url, psycopg.connect(url, autocommit=True) as connection:
            began = time.monotonic()
            wait = dice.uniform(0.2, 2.0)
            job = night.start(url)
            while job.is_running() and time.monotonic() - began < wait:
                time.sleep(0.01)
            connection.execute(_CUT.encode())
            ending = job.wait()
            if ending.code != 0:
                assert_one_sentence(ending)
            survived += 1
            night.recovers(url)
    print(f"\n{survived} cuts at random moments survived")


def test_a_read_only_database_is_told_and_left_alone(night: DisturbedNight) -> None:
    with night.database() as url:
        before = told(url)
        with setting(url, "default_transaction_read_only", "on"):
            ending = night.run(url)
        assert_one_sentence(ending)
        assert "read-only" in ending.output
        assert told(url) == before

        night.recovers(url)


@pytest.mark.parametrize(
    ("name", "point"),
    [
        pytest.param(name, point, id=f"{name} {point.name}")
        for name in ("statement_timeout", "lock_timeout")
        for point in (POINTS[1:5] if IS_LONG else [POINTS[3 if name == "lock_timeout" else 4]])
    ],
)
def test_a_time_out_set_on_the_database_ends_no_night(night: DisturbedNight, point: Point, name: str) -> None:
    with night.database() as url:
        with setting(url, name, "1500ms"):
            with held(url, point):
                job = night.start(url)
                arrive(url, job, point)
                time.sleep(2)
            ending = job.wait()
        assert ending.code == 0, ending.output
        assert_same(told(url), night.expected)


def test_a_second_night_while_the_first_is_at_work_is_refused(night: DisturbedNight) -> None:
    with night.database() as url:
        with held(url, POINTS[3]):
            job = night.start(url)
            arrive(url, job, POINTS[3])
            second = night.run(url)
        assert_one_sentence(second)
        assert "in progress" in second.output
        assert job.wait().code == 0

        night.recovers(url)


def test_a_night_that_lost_its_lock_does_not_write_beside_the_next_one(night: DisturbedNight) -> None:
    point = POINTS[2]
    with night.database() as url:
        with held(url, point) as holder:
            first = night.start(url)
            arrive(url, first, point)
            # The session that holds the run lock is cut off, the others go on: another night may begin.
            holder.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            second = night.start(url)
            time.sleep(1)
            # Either the next one has not begun yet and the first ends, or it has and the first is refused.
        endings = first.wait(), second.wait()
        assert sorted(ending.code for ending in endings) in ([0, 0], [0, 1])
        for ending in endings:
            if ending.code != 0:
                assert_one_sentence(ending)
        with psycopg.connect(url) as connection:
            assert connection.execute(
                "SELECT count(*) FROM cmdb.run WHERE status = 'running'"
            ).fetchone() == (0,)

        night.recovers(url)
