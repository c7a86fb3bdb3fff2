"""Token buckets, by a clock that moves when told."""

from __future__ import annotations

import pytest

from collectors.estimate import estimate, least_seconds
from collectors.quota import API_GATEWAY, Limit, Limits, Quotas, QuotaUse, RegionQuota


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
        exports=50,
        listed_again=40,
        client_certificates=0,
        looked_up=3,
        acm_certificates=2,
        limits=Limits(Limit(10, 40)),
    )
    assert made.api_gateway_calls == 3 + 1200 + 40 + 50 + 1 + 3
    assert made.calls == made.api_gateway_calls + 2
    assert made.seconds == pytest.approx((1297 - 40) / 10)


def test_account_regions_side_by_side_take_the_longest_or_their_share_of_the_threads() -> None:
    assert least_seconds([], 4) == 0.0
    assert least_seconds([10.0, 1.0, 1.0], 4) == 10.0
    assert least_seconds([10.0] * 8, 4) == 20.0


@pytest.mark.parametrize("part", [1.0, 0.8, 0.5, 0.1])
def test_a_share_of_the_quota_is_never_exceeded(part: float) -> None:
    """Given a share, no window holds more than it, burst included, and that much is reported as taken."""
    clock = HandClock()
    quota = RegionQuota(API_GATEWAY.share(part), clock)
    sent = send_all(quota, clock, "GetStages", 400)
    for first in range(0, 400, 7):
        for last in range(first, 400, 11):
            assert last - first + 1 <= max(1.0, 40 * part) + 10 * part * (sent[last] - sent[first])
    use = quota.use()
    assert use.requests == 400
    assert 0.8 * part < use.share <= part
    assert use.peak_per_second <= 50 * part
    assert quota.use() == QuotaUse()


def test_a_tiny_share_still_sends_one_request_at_a_time() -> None:
    clock = HandClock()
    quota = RegionQuota(API_GATEWAY.share(0.01), clock)
    assert send_all(quota, clock, "GetStages", 3) == pytest.approx([0.0, 1 / 0.099, 2 / 0.099])


def test_a_refusal_halves_what_is_taken_for_a_minute_and_then_it_grows_back() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(8, 32)), clock)
    send_all(quota, clock, "GetStages", 100)
    quota.throttled("GetStages", None)
    assert rate(quota, clock) == pytest.approx(4, rel=0.05)
    clock.now += 40
    assert rate(quota, clock) == pytest.approx(4, rel=0.05)
    clock.now += 40
    assert 4.2 < rate(quota, clock) < 7.9
    clock.now += 60
    assert rate(quota, clock) == pytest.approx(8, rel=0.05)
    assert quota.use().step_backs == 1


def rate(quota: RegionQuota, clock: HandClock) -> float:
    """Return the requests a second that go out in the long run."""
    send_all(quota, clock, "GetStages", 40)
    began = clock.now
    send_all(quota, clock, "GetStages", 8)
    return 8 / (clock.now - began)


def test_refusals_of_requests_under_way_together_are_one_step_back() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(8, 32)), clock)
    for _ in range(5):
        quota.throttled("GetStages", None)
        clock.now += 0.1
    assert quota.use().step_backs == 1


def test_however_often_others_come_first_an_eighth_is_taken() -> None:
    clock = HandClock()
    quota = RegionQuota(Limits(Limit(8, 32)), clock)
    for _ in range(20):
        clock.now += 2
        quota.throttled("GetStages", None)
    assert rate(quota, clock) == pytest.approx(1, rel=0.05)
    assert quota.use().step_backs == 20
