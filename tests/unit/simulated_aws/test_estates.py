"""Estates made to order: the same every time, and the demo's nights that tell its story."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulated_aws import AccountRegion, DemoNights, Estate, demo_nights, scaled_estate
from simulated_aws.faults import Occasion
from simulated_aws.scenarios.demo_estate import CENTRAL, SHOP, WEST
from simulated_aws.scenarios.scaled import redeploy

LAST = datetime(2026, 11, 20, 2, tzinfo=UTC)


def contents(estate: Estate) -> list[Any]:
    """Return all that an estate holds, as it would be on the wire."""
    return [
        (
            place.account_id,
            place.region,
            [(api.wire(), [each.wire() for each in api.stages.values()]) for api in place.apis.values()],
            [each.wire() for each in place.certificates.values()],
            [each.wire() for each in place.acm_certificates.values()],
        )
        for place in estate.account_regions()
    ]


def test_a_scaled_estate_has_the_size_it_was_asked_for() -> None:
    estate = scaled_estate(2, 3, 4, 5, 6)

    places = list(estate.account_regions())

    assert len(places) == 6
    for place in places:
        assert len(place.apis) == 4
        assert {len(api.stages) for api in place.apis.values()} == {5}
        assert len(place.certificates) == 6
        named = {s.client_certificate_id for api in place.apis.values() for s in api.stages.values()}
        assert named - {None} <= set(place.certificates)


def test_a_scaled_estate_depends_on_its_seed_only() -> None:
    one, same = (scaled_estate(2, 2, 3, 2, 2, seed="s") for _ in range(2))
    # Asked in another order, it is the same all the same.
    for account_id in reversed(list(same.accounts)):
        same.region(account_id, "us-east-2")

    assert contents(one) == contents(same)
    assert contents(one) != contents(scaled_estate(2, 2, 3, 2, 2, seed="t"))


def test_a_share_of_a_scaled_estate_is_redeployed() -> None:
    estate = scaled_estate(2, 2, 50, 2, 2)
    (place, *_) = estate.account_regions()
    before = {api.id: {each.deployment_id for each in api.stages.values()} for api in place.apis.values()}

    changed = redeploy(estate, 0.1, seed="a night")

    touched = [
        api
        for each in estate.account_regions()
        for api in each.apis.values()
        if any("/added" in path for path in api.served("prod").paths)
    ]
    assert changed == len(touched)
    assert 8 <= changed <= 35
    for api in touched:
        assert len({each.deployment_id for each in api.stages.values()}) == 1
    untouched = {
        api.id: {each.deployment_id for each in api.stages.values()}
        for api in place.apis.values()
        if api not in touched
    }
    assert untouched.items() <= before.items()


def test_most_of_a_scaled_estate_can_be_empty() -> None:
    estate = scaled_estate(100, 17, 1, 1, 0, share_of_empty=0.95)

    used = sum(1 for place in estate.account_regions() if place.apis)

    assert 40 <= used <= 130


def test_a_region_that_aws_has_not_got_is_refused() -> None:
    with pytest.raises(ValueError, match="regions"):
        scaled_estate(1, 99, 1, 1, 1)
    with pytest.raises(ValueError, match="12 digits"):
        Estate().add_account("12", "short")
    with pytest.raises(ValueError, match="no region"):
        Estate().add_account("123456789012", "x", regions=["cn-north-1"])


def test_what_aws_does_not_have_cannot_be_made(place: AccountRegion) -> None:
    api = place.add_api("orders")

    with pytest.raises(ValueError, match="no field"):
        place.add_stage(api.id, "prod", colour="red")
    with pytest.raises(ValueError, match="integration type"):
        place.add_api("other", integrations=["FTP"])
    with pytest.raises(KeyError):
        place.delete_certificate("never")


def live_through(nights: int) -> DemoNights:
    made = demo_nights(nights, last_night=LAST)
    for night in range(1, nights + 1):
        made.advance(night)
    return made


@pytest.mark.parametrize("nights", [1, 2, 3, 5, 7, 30, 60])
def test_the_demo_is_the_same_every_time(nights: int) -> None:
    one, same = live_through(nights), live_through(nights)

    assert contents(one.estate) == contents(same.estate)
    assert one.as_of(nights) == LAST
    assert one.as_of(1) == LAST - timedelta(days=nights - 1)


def test_the_demo_organization_is_of_the_promised_size() -> None:
    estate = demo_nights(7, last_night=LAST).estate

    places = list(estate.account_regions())

    assert len({place.account_id for place in places}) == 3
    assert len({place.region for place in places}) == 2
    assert 180 <= sum(len(api.stages) for place in places for api in place.apis.values()) <= 220


@pytest.mark.parametrize("nights", [7, 30])
def test_the_demo_ends_with_every_condition_there_is_a_cause_for(nights: int) -> None:
    demo = live_through(nights)

    def place_of(who: str) -> AccountRegion:
        return demo.estate.region(demo.stage(who).account_id, demo.stage(who).region)

    def certificate_of(who: str) -> str | None:
        return place_of(who).apis[demo.stage(who).api_id].stages["prod"].client_certificate_id

    assert certificate_of("wishlist") not in place_of("wishlist").certificates
    assert certificate_of("partners") not in place_of("partners").acm_certificates
    assert certificate_of("own-ca") in place_of("own-ca").acm_certificates
    assert certificate_of("checkout") in place_of("checkout").certificates
    assert certificate_of("settlement") in place_of("settlement").certificates
    assert certificate_of("blank-field") == ""
    assert (
        demo.stage("beta-portal").name
        not in place_of("beta-portal").apis[demo.stage("beta-portal").api_id].stages
    )
    assert place_of("backoffice").apis[demo.stage("backoffice").api_id].endpoint_types == ("PRIVATE",)
    legacy = demo.stage("legacy-import")
    unread = Occasion("apigateway", "GetExport", legacy.account_id, legacy.region, legacy.api_id, None, True)
    unseen = Occasion(
        "apigateway", "GetClientCertificates", demo.stage("unseen").account_id, WEST, None, 1, True
    )
    stale = Occasion("apigateway", "GetRestApis", SHOP, WEST, None, 1, True)
    fine = Occasion("apigateway", "GetRestApis", SHOP, CENTRAL, None, 1, True)
    assert [demo.faults.strike(each) is not None for each in (unread, unseen, stale, fine)] == [True] * 3 + [
        False
    ]


def test_an_outage_lasts_three_nights() -> None:
    demo = demo_nights(30, last_night=LAST)

    told = {night: demo.advance(night) for night in range(1, 31)}

    out = [night for night, events in told.items() if any("answers nothing" in each for each in events)]
    assert out == [10, 11, 12]


def test_nights_come_in_order() -> None:
    demo = demo_nights(3, last_night=LAST)
    demo.advance(1)

    with pytest.raises(ValueError, match="night 2 comes next"):
        demo.advance(3)
    with pytest.raises(ValueError, match="1 to 3"):
        demo.as_of(4)


def test_the_last_night_is_past_unless_told() -> None:
    assert demo_nights(2).as_of(2) <= datetime.now(UTC)


def test_it_runs_as_a_process_of_its_own_with_a_side_door() -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "simulated_aws",
        "--estate",
        "scaled",
        "--apis",
        "3",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            url = ready["endpoint_url"]
            assert ready["environment"]["AWS_ENDPOINT_URL"] == url
            key = ready["environment"]["AWS_ACCESS_KEY_ID"]
            signed = (
                f"AWS4-HMAC-SHA256 Credential={key}/20261101/us-east-1/apigateway/aws4_request, Signature=0"
            )
            _, listed = _fetch(f"{url}/restapis", headers={"Authorization": signed})
            _fetch(f"{url}/-/settings", body={"latency_ms": 1, "quota": True})
            _, report = _fetch(f"{url}/-/report")
            _, deployed = _fetch(f"{url}/-/redeploy", body={"share": 1, "seed": "x"})
            _fetch(f"{url}/-/clear", body={})
            wrong, _ = _fetch(f"{url}/-/settings", body={"colour": "red"})
            unknown, _ = _fetch(f"{url}/-/unknown")

            assert (wrong, unknown) == (400, 501)
            assert len(listed["item"]) == 3
            assert deployed == {"rest_apis": 3}
            assert report["operations"] == {"GetRestApis": {"200": 1}}
            assert _fetch(f"{url}/-/report")[1]["requests"] == 0
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def _fetch(url: str, *, headers: dict[str, str] | None = None, body: Any = None) -> tuple[int, Any]:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        connection.request(method, f"/{path}", body=data, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
