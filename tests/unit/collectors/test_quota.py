"""Token buckets, by a clock that moves when told."""

from __future__ import annotations

import pytest

from collectors.estimate import estimate, least_seconds
from collectors.quota import API_GATEWAY, Limit, Limits, Quotas, RegionQuota


class HandClock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def send_all(quota: RegionQuota, clock: HandClock, operation: str, count: int) -> list[float]:
    """Send requests one after another as soon as allowed; return the seconds after the start of each."""
    began = clock.now
    sent = []
    for _ in range(count):
        clock.now += quota.reserve(operation)
        sent.append(clock.now - began)
    return sent


def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(10, 40)), clock)
    sent = send_all(quota, clock, "GetStages", 60)
    assert sent[:40] == [0.0] * 40
    assert sent[40] == pytest.approx(0.1)
    assert sent[-1] == pytest.approx((60 - 40) / 10)


def test_a_rest_fills_the_bucket_but_never_over_its_burst() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(10, 40)), clock)
    send_all(quota, clock, "GetStages", 40)
    clock.now += 1000
    assert send_all(quota, clock, "GetStages", 41)[-1] == pytest.approx(0.1)


def test_real_limits_never_break_the_documented_ones() -> None:
    """Given 300 stages and 300 methods asked for, no window breaks AWS's limits and little time is lost."""
    clock = HandClock()
    quota = RegionQuota(API_GATEWAY, clock)
    began, every, resources = clock.now, [], []
    for _ in range(300):
        for operation in ("GetStages", "GetResources"):
            clock.now += quota.reserve(operation)
            every.append(clock.now)
            if operation == "GetResources":
                resources.append(clock.now)
    for times, rate, burst in ((every, 10.0, 40.0), (resources, 2.5, 5.0)):
        tokens, at = burst, began
        for moment in times:
            tokens = min(burst, tokens + (moment - at) * rate) - 1
            at = moment
            assert tokens >= 0
    assert all(later - earlier > 2.0 for earlier, later in zip(resources, resources[5:], strict=False))
    assert (clock.now - began) / ((300 - 5) / 2.5) < 1.05


def test_an_operation_with_its_own_limit_takes_from_both_buckets() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(1, 2), {"GetResources": Limit(1, 1)}), clock)
    assert quota.reserve("GetResources") == 0.0
    assert quota.reserve("GetStages") == 0.0
    assert quota.reserve("GetStages") == pytest.approx(1.0)


def test_a_throttle_empties_the_bucket_for_as_long_as_aws_asks() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(10, 40)), clock)
    quota.reserve("GetStages")
    quota.throttled("GetStages", 3.0)
    assert quota.reserve("GetStages") == pytest.approx(3.2)
    clock.now += 3.2
    assert quota.reserve("GetStages") == pytest.approx(0.2)


def test_places_in_line_are_handed_out_once_each() -> None:
    """Given threads that ask before any of them has sent, each waits for a token of its own."""
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(10, 1)), clock)
    assert [quota.reserve("GetStages") for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2])


def test_an_account_region_keeps_its_quota_and_those_at_rest_are_forgotten() -> None:
    clock = HandClock()
    quotas = Quotas(API_GATEWAY, clock)
    busy = quotas.of("1", "eu-west-1")
    assert busy is not None
    for _ in range(30):
        busy.reserve("GetStages")
    for number in range(2000):
        quotas.of(f"{number + 2}", "eu-west-1")
    assert quotas.of("1", "eu-west-1") is busy
    clock.now += 3600
    for number in range(2000):
        quotas.of(f"{number + 5000}", "eu-west-1")
    assert quotas.of("1", "eu-west-1") is not busy


def test_quotas_can_be_switched_off() -> None:
    assert Quotas(None).of("1", "eu-west-1") is None


def test_an_estimate_names_the_calls_and_the_least_time() -> None:
    made = estimate(
        rest_apis=1200,
        methods_due=50,
        client_certificates=0,
        looked_up=3,
        acm_certificates=2,
        limits=Limits(Limit(10, 40)),
    )
    assert made.api_gateway_calls == 3 + 1200 + 50 + 1 + 3
    assert made.calls == made.api_gateway_calls + 2
    assert made.seconds == pytest.approx((1257 - 40) / 10)


def test_account_regions_side_by_side_take_the_longest_or_their_share_of_the_threads() -> None:
    assert least_seconds([], 4) == 0.0
    assert least_seconds([10.0, 1.0, 1.0], 4) == 10.0
    assert least_seconds([10.0] * 8, 4) == 20.0
