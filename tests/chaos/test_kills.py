"""A night killed with -9 at any moment: no half of anything stays; the same night run once more is whole."""

from __future__ import annotations

import json
import os
import random
import time

import pytest

from tests.chaos.nights import DisturbedNight, Told, told, unwell
from tests.chaos.points import EACH_WRITE, IS_LONG, POINTS, Point, arrive, gone, held

#: Kills at random moments; without it a few.
KILLS = int(os.environ.get("GATELEDGER_CHAOS_KILLS", "4"))
_SIGKILL = -9


@pytest.mark.parametrize("point", POINTS if IS_LONG else EACH_WRITE, ids=lambda point: point.name)
def test_a_night_killed_at_a_named_moment(night: DisturbedNight, point: Point) -> None:
    with night.database() as url:
        before = told(url)
        if point.once is not None:
            job = night.start(url)
        with held(url, point):
            if point.once is None:
                job = night.start(url)
            arrive(url, job, point)
            ending = job.kill()
        assert ending.code == _SIGKILL
        gone(url)
        # A killed evaluation leaves the findings of the night before, whole.
        if "evaluation" in point.name or "record" in point.name:
            assert told(url)["finding_history"] == before["finding_history"]

        night.recovers(url)


@pytest.mark.long
def test_a_night_killed_again_and_again_at_random_moments(night: DisturbedNight) -> None:
    with night.database() as url:
        began = time.monotonic()
        night.run(url)
        usual = time.monotonic() - began
    dice = random.Random(KILLS)  # noqa: S311 - dice, no secrets
    survived = 0
    while survived < KILLS:
        with night.database() as url:
            for _ in range(dice.randint(1, 3)):
                job = night.start(url)
                time.sleep(dice.uniform(0, usual))
                # It may end by itself just before it is killed.
                code = job.kill().code if job.is_running() else job.wait().code
                assert code in {_SIGKILL, 0}
                survived += code == _SIGKILL
                gone(url)
            night.recovers(url)
    print(f"\n{survived} kills at random moments survived, {usual:.2f} s a night")


def test_nights_that_are_killed_and_never_repeated_leave_a_later_night_whole(night: DisturbedNight) -> None:
    with night.database() as url:
        for point in POINTS[:3]:
            with held(url, point):
                job = night.start(url)
                arrive(url, job, point)
                job.kill()
            gone(url)
        later = ["run", "--as-of", night.as_of.replace(day=night.as_of.day + 1).isoformat()]
        ending = night.jobs.run(later, night.environment | {"GATELEDGER_DATABASE_URL": url})
        assert ending.code == 0, ending.output

        assert _verdicts(told(url)) == _verdicts(night.expected)
        assert unwell(url) == []


def _verdicts(told: Told) -> list[tuple[str, ...]]:
    """Return what is said of every stage, without since when."""
    names = ("policy_id", "account_id", "resource_arn", "client_certificate_id", "condition")
    return sorted(tuple(str(json.loads(row)[name]) for name in names) for row in told["finding"])
