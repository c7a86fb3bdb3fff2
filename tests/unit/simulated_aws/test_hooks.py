"""Callbacks before and after calls: edits between any two calls of a client."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulated_aws import AccountRegion, Estate, SimulatedAws

MANAGEMENT = "111111111111"


def names(gateway: Any) -> list[str]:
    return [each["name"] for each in gateway.get_rest_apis()["items"]]


def test_what_happens_before_a_call_is_in_its_answer(
    aws: SimulatedAws, gateway: Any, place: AccountRegion
) -> None:
    place.add_api("first")
    aws.hooks.before("GetRestApis", lambda _: place.add_api("second"), nth=2)

    assert [len(names(gateway)) for _ in range(3)] == [1, 2, 2]


def test_what_happens_after_a_call_is_in_the_next_answer(
    aws: SimulatedAws, gateway: Any, place: AccountRegion
) -> None:
    hook = aws.hooks.after("GetRestApis", lambda _: place.add_api("more"), nth=2, times=2)

    assert [len(names(gateway)) for _ in range(5)] == [0, 0, 1, 2, 2]
    assert (hook.matched, hook.runs) == (5, 2)


def test_a_hook_counts_only_calls_that_it_names(
    aws: SimulatedAws, gateway: Any, place: AccountRegion
) -> None:
    apis = [place.add_api(name) for name in ("first", "second")]
    for api in apis:
        place.add_stage(api.id, "prod")
    seen: list[tuple[str, str | None, str | None, str | None]] = []

    def note(call: Any) -> None:
        seen.append((call.operation, call.resource_id, call.part_id, call.account_id))

    aws.hooks.before("GetStage", note, resource_id=apis[1].id, part_id="prod", times=None)
    aws.hooks.before(None, note, nth=3, region="eu-west-1", account_id=MANAGEMENT)
    for api in apis:
        gateway.get_stage(restApiId=api.id, stageName="prod")
    gateway.get_rest_apis()

    assert seen == [
        ("GetStage", apis[1].id, "prod", MANAGEMENT),
        ("GetRestApis", None, None, MANAGEMENT),
    ]


def test_hooks_run_around_calls_that_fail(aws: SimulatedAws, gateway: Any, place: AccountRegion) -> None:
    aws.faults.add("denied", "GetRestApis", times=1)
    aws.hooks.after("GetRestApis", lambda _: place.add_api("made"))

    with pytest.raises(ClientError, match="AccessDenied"):
        names(gateway)

    assert names(gateway) == ["made"]


def test_removed_hooks_run_no_more(aws: SimulatedAws, gateway: Any, place: AccountRegion) -> None:
    hook = aws.hooks.before("GetRestApis", lambda _: place.add_api("a"))
    aws.hooks.remove(hook)
    aws.hooks.before("GetRestApis", lambda _: place.add_api("b"))
    aws.hooks.clear()

    assert names(gateway) == []
    assert aws.hooks.idle


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_hook_raises_is_raised_at_the_end(estate: Estate, sdk: boto3.Session, moment: str) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    codes = []

    def live() -> None:
        with SimulatedAws(estate) as aws:
            getattr(aws.hooks, moment)("GetRestApis", fail)
            keys = aws.environment(MANAGEMENT)
            gateway = sdk.client(
                "apigateway",
                region_name="eu-west-1",
                endpoint_url=aws.endpoint_url,
                aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
                config=Config(retries={"total_max_attempts": 1}),
            )
            with pytest.raises(ClientError) as caught:
                gateway.get_rest_apis()
            codes.append(caught.value.response["Error"]["Code"])
            codes.extend(names(gateway))
            gateway.close()

    with pytest.raises(ZeroDivisionError):
        live()

    assert codes == ["InternalFailure"]


def test_an_edit_falls_between_any_two_calls_of_a_reading(
    aws: SimulatedAws, gateway: Any, place: AccountRegion
) -> None:
    """A rotation at every position of a reading: what was read is what was true at that moment."""
    outcomes = set()
    for position in range(1, 5):
        api = place.add_api(f"api {position}")
        old = place.create_certificate().id
        place.add_stage(api.id, "prod", certificate_id=old)
        hook = aws.hooks.before(
            None, lambda _, api_id=api.id: list(place.rotate_certificate(api_id, "prod")), nth=position
        )
        gateway.get_rest_apis()
        (stage,) = gateway.get_stages(restApiId=api.id)["item"]
        listed = {each["clientCertificateId"] for each in gateway.get_client_certificates()["items"]}
        again = gateway.get_stage(restApiId=api.id, stageName="prod")["clientCertificateId"]
        outcomes.add(
            (
                position,
                stage["clientCertificateId"] == old,
                stage["clientCertificateId"] in listed,
                again == old,
            )
        )
        aws.hooks.remove(hook)
        place.delete_api(api.id)

    assert outcomes == {
        (1, False, True, False),
        (2, False, True, False),
        (3, True, False, False),
        (4, True, True, False),
    }
