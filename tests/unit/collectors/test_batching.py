"""What is read waits for company, but neither long nor when it is much."""

from __future__ import annotations

import pytest

from cmdb.snapshot import AccountKey, AccountRegionSnapshot, CallCounts, Reading, ScopeStatus
from collectors.batching import TOGETHER, Waiting
from tests.support import items


def snapshot(region: str = "eu-west-1", apis: int = 0, seconds: float = 0.0) -> AccountRegionSnapshot:
    found = [items.rest_api(f"a{number}", "api", ("REGIONAL",), {}) for number in range(apis)]
    return AccountRegionSnapshot(
        AccountKey("aws", "111111111111"),
        region,
        items.readings(rest_apis=Reading(ScopeStatus.COMPLETE, items=found)),
        CallCounts(duration_seconds=seconds),
    )


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_small_ones_go_together() -> None:
    waiting = Waiting(Clock())
    given = [waiting.add(snapshot(f"r-{number}")) for number in range(TOGETHER)]
    assert [len(each) for each in given] == [0] * (TOGETHER - 1) + [TOGETHER]
    assert waiting.take() == []


@pytest.mark.parametrize(
    "last", [snapshot("last", apis=500), snapshot("last", seconds=1.0)], ids=["much", "slow"]
)
def test_what_is_much_or_was_slow_takes_all_with_it(last: AccountRegionSnapshot) -> None:
    waiting = Waiting(Clock())
    assert waiting.add(snapshot("first")) == []
    assert [each.region for each in waiting.add(last)] == ["first", "last"]


def test_nothing_waits_longer_than_a_second_for_the_next() -> None:
    clock = Clock()
    waiting = Waiting(clock)
    waiting.add(snapshot("first"))
    clock.now += 1.0
    assert [each.region for each in waiting.add(snapshot("second"))] == ["first", "second"]


def test_what_is_left_at_the_end_is_given_once() -> None:
    waiting = Waiting(Clock())
    waiting.add(snapshot())
    assert len(waiting.take()) == 1
    assert waiting.take() == []
