"""An upgrade killed with -9: the database is as it was, readers read on, and the next upgrade ends it."""

from __future__ import annotations

import random
import time

import psycopg
import pytest

from tests.chaos.nights import DisturbedNight, database, told
from tests.chaos.points import Point, arrive, gone, held
from tests.support.jobs import Jobs

#: Views are made anew when their content changed; whoever reads one holds the upgrade back.
_MID_UPGRADE = Point(
    "while the views are made anew",
    "SELECT count(*) FROM report.finding",
    "DROP SCHEMA IF EXISTS report",
)


def test_an_upgrade_killed_while_it_makes_the_views_anew(night: DisturbedNight) -> None:
    with night.database() as url:
        before = told(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("COMMENT ON SCHEMA report IS 'views of an older version'")
        environment = night.environment | {"GATELEDGER_DATABASE_URL": url}
        with held(url, _MID_UPGRADE):
            job = night.jobs.start(["db", "upgrade"], environment)
            arrive(url, job, _MID_UPGRADE)
            job.kill()
        gone(url)
        assert told(url) == before

        ending = night.jobs.run(["db", "upgrade"], environment)

        assert ending.code == 0, ending.output
        assert told(url) == before
        night.recovers(url)


@pytest.mark.long
def test_upgrades_of_an_empty_database_killed_at_random_moments(jobs: Jobs, night: DisturbedNight) -> None:
    dice = random.Random(1)  # noqa: S311 - dice, no secrets
    with database(night.server_url, "chaos_upgrade") as url:
        environment = night.environment | {"GATELEDGER_DATABASE_URL": url}
        for _ in range(5):
            job = jobs.start(["db", "upgrade"], environment)
            time.sleep(dice.uniform(0, 0.7))
            job.kill()
            gone(url)
            with psycopg.connect(url) as connection:
                made = connection.execute(
                    "SELECT to_regclass('cmdb.stage') IS NULL, to_regclass('report.finding') IS NULL"
                ).fetchone()
            assert made in {(True, True), (False, False)}, "an upgrade was half done"

        ending = jobs.run(["db", "upgrade"], environment)

        assert ending.code == 0, ending.output
