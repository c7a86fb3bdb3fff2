"""Moments of a night, told by what the night waits for: a lock that the test holds stops it right there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.support.jobs import Job

_PATIENCE = 60.0
_WAITING = (
    "SELECT pid, query FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'gateledger' AND wait_event_type = 'Lock'"
)


@dataclass(frozen=True)
class Point:
    """A moment: the lock that keeps the night from going on, and the statement that then waits for it.

    ``waiting`` has to be among the first 1,024 characters: the server shows no more of a statement.
    ``once`` is asked until it has an answer before the lock is taken, for what is not there at first.
    """

    name: str
    lock: str
    waiting: str
    once: str | None = None


BACKFILL = "before the commit of a backfill"
POINTS = (
    Point(
        "after the COPY of new stages",
        "LOCK TABLE cmdb.stage_payload IN SHARE MODE",
        'COPY "cmdb"."stage_payload"',
    ),
    Point(
        "between the close and the open of a stage's version",
        "SELECT FROM cmdb.stage AS s JOIN cmdb.rest_api AS a ON a.item_id = s.parent_id "
        "WHERE a.name = 'api 3' AND s.stage_name = 'prod' FOR UPDATE OF s",
        "-- Open new versions of items of type stage",
    ),
    Point(
        "before the commit of an account-region",
        "SELECT FROM cmdb.scope WHERE item_type = 'acm_certificate' FOR UPDATE",
        "cmdb.scope AS sc",
    ),
    Point(
        "between collection and evaluation",
        "SELECT FROM compliance.policy FOR UPDATE",
        "INSERT INTO compliance.policy",
    ),
    Point(
        "between the close and the open of a compliance record",
        "SELECT FROM compliance.record FOR UPDATE",
        "INSERT INTO compliance.record AS r",
    ),
    Point(
        "before the commit of an evaluation",
        "LOCK TABLE compliance.evaluation IN SHARE MODE",
        "INSERT INTO compliance.evaluation",
    ),
    Point(
        "between two policies",
        "SELECT FROM compliance.policy WHERE policy_id LIKE '%ssl-certificate' FOR UPDATE",
        "INSERT INTO compliance.policy",
    ),
    Point(
        "before the run is closed",
        "SELECT FROM cmdb.run WHERE status = 'running' FOR SHARE",
        "UPDATE cmdb.run",
        once="SELECT FROM cmdb.run WHERE status = 'running'",
    ),
    Point(
        BACKFILL,
        "SELECT FROM compliance.backfill FOR UPDATE",
        "UPDATE compliance.backfill",
        once="SELECT FROM compliance.backfill",
    ),
)

IS_LONG = "GATELEDGER_CHAOS_KILLS" in os.environ
"""Whether ``make chaos`` runs, which disturbs nights in each way at each moment."""
STEPS = (POINTS[2], POINTS[4], POINTS[7])
"""One moment of each step of a night: storing, judging, closing."""
EACH_WRITE = tuple(POINTS[at] for at in (1, 4, 7, 8))
"""A moment amid the writes of each step: versions, records, the run itself, the past under a new policy."""


@contextmanager
def held(url: str, point: Point) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Hold the point's lock until the end of the block."""
    with psycopg.connect(url) as connection:
        if point.once is not None:
            _until(lambda: connection.execute(point.once.encode()).rowcount > 0, connection)
        connection.execute(point.lock.encode())
        yield connection
        connection.rollback()


def arrive(url: str, job: Job, point: Point) -> int:
    """Wait until the night has come to the point; return the server process that waits there."""
    deadline = time.monotonic() + _PATIENCE
    waiting: list[tuple[int, str]] = []
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            # Threads of the night also wait for each other now and then, for a moment.
            waiting = connection.execute(_WAITING.encode()).fetchall()
            for pid, statement in waiting:
                if point.waiting in statement:
                    return pid
            assert job.is_running(), f"{point.name}: the night ended before it. {job.wait().output}"
            time.sleep(0.005)
    raise AssertionError(f"{point.name}: the night never came there, but waits in {waiting}")


def gone(url: str) -> None:
    """Wait until the server has noticed that a killed command is gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        asked = (
            b"SELECT FROM pg_stat_activity "
            b"WHERE datname = current_database() AND application_name = 'gateledger'"
        )
        _until(lambda: connection.execute(asked).rowcount == 0, connection)


def _until(condition: object, connection: psycopg.Connection[tuple[object, ...]]) -> None:
    deadline = time.monotonic() + _PATIENCE
    assert callable(condition)
    while not condition():
        connection.rollback()
        assert time.monotonic() < deadline, "what a test waits for never came"
        time.sleep(0.005)
