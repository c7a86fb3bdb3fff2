"""Faults: what boto3 makes of each, and which calls a rule strikes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from simulated_aws import AccountRegion, FaultKind, Rule, SimulatedAws

REGION, MANAGEMENT, MEMBER = "eu-west-1", "111111111111", "222222222222"


def outcome(call: Any, **arguments: Any) -> str:
    """Return the error code of a call, or ``ok``."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


@pytest.mark.parametrize(
    ("kind", "detail", "status", "code"),
    [
        ("denied", {}, 403, "AccessDeniedException"),
        ("throttled", {}, 429, "TooManyRequestsException"),
        ("server_error", {}, 500, "InternalFailure"),
        ("server_error", {"status": 503}, 503, "ServiceUnavailableException"),
        ("expired_token", {}, 403, "ExpiredTokenException"),
    ],
)
def test_an_error_reaches_boto3_as_from_aws(
    aws: SimulatedAws, gateway: Any, kind: str, detail: dict[str, Any], status: int, code: str
) -> None:
    aws.faults.add(kind, "GetRestApis", **detail)

    with pytest.raises(ClientError) as caught:
        gateway.get_rest_apis()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("service", "call", "codes"),
    [
        ("organizations", "list_accounts", ["AccessDeniedException", "TooManyRequestsException"]),
        ("sts", "get_caller_identity", ["AccessDenied", "Throttling"]),
        ("ec2", "describe_regions", ["UnauthorizedOperation", "RequestLimitExceeded"]),
        ("account", "list_regions", ["AccessDeniedException", "TooManyRequestsException"]),
    ],
)
def test_each_service_has_its_own_words(
    aws: SimulatedAws, client: Any, service: str, call: str, codes: list[str]
) -> None:
    aws.faults.add("denied", times=1)
    aws.faults.add("throttled", times=1)
    made = client(service)

    assert [outcome(getattr(made, call)) for _ in range(3)] == [*codes, "ok"]


def test_a_throttle_may_advise_how_long_to_wait(aws: SimulatedAws, gateway: Any) -> None:
    aws.faults.add("throttled", retry_after=2, times=1)
    aws.faults.add("throttled", times=1)
    headers = []
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            gateway.get_rest_apis()
        headers.append(caught.value.response["ResponseMetadata"]["HTTPHeaders"].get("retry-after"))

    assert headers == ["2", None]


def test_a_silent_call_ends_when_the_client_gives_up(aws: SimulatedAws, client: Any) -> None:
    aws.faults.add("timeout", "GetRestApis", times=1)
    impatient = client("apigateway", read_timeout=0.2)

    with pytest.raises(ReadTimeoutError):
        impatient.get_rest_apis()

    assert client("apigateway").get_rest_apis()["items"] == []
    assert [(each.status, each.fault) for each in aws.log.entries()] == [(0, "timeout"), (200, None)]


def test_a_reset_connection_is_an_error(aws: SimulatedAws, gateway: Any) -> None:
    aws.faults.add("connection_reset", times=1)

    with pytest.raises(ConnectionClosedError):
        gateway.get_rest_apis()

    assert gateway.get_rest_apis()["items"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_off"},
        {"kind": "cut_off", "after_bytes": 0},
        {"kind": "cut_off", "honest_length": True},
        {"kind": "malformed_json"},
        {"kind": "missing_list_key"},
    ],
)
@pytest.mark.parametrize("call", ["get_rest_apis", "get_client_certificates", "get_resources", "get_stages"])
def test_a_damaged_listing_comes_without_its_list_and_without_error(
    aws: SimulatedAws, gateway: Any, place: AccountRegion, fault: dict[str, Any], call: str
) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "prod")
    place.create_certificate()
    needed = {"restApiId": api.id} if call in {"get_resources", "get_stages"} else {}
    aws.faults.add(**fault, operation="".join(word.title() for word in call.split("_")), times=1)
    key = "item" if call == "get_stages" else "items"

    assert key not in getattr(gateway, call)(**needed)
    assert len(getattr(gateway, call)(**needed)[key]) >= 1


def test_the_bytes_of_a_cut_off_body_end_where_they_are_told_to(
    aws: SimulatedAws, gateway: Any, place: AccountRegion
) -> None:
    place.add_api("orders")
    seen: list[bytes] = []
    gateway.meta.events.register(
        "before-parse.*.*", lambda response_dict, **_: seen.append(response_dict["body"])
    )
    whole = gateway.get_rest_apis()
    for honest in (False, True):
        aws.faults.add("cut_off", after_bytes=17, honest_length=honest, times=1)
        gateway.get_rest_apis()

    assert whole["items"]
    assert [len(each) for each in seen[1:]] == [17, 17]
    assert seen[0].startswith(seen[1])


def test_a_null_list_is_no_list(aws: SimulatedAws, gateway: Any, place: AccountRegion) -> None:
    place.add_api("orders")
    aws.faults.add("null_list", times=1)

    assert "items" not in gateway.get_rest_apis()


def test_a_body_can_be_replaced_or_rewritten(aws: SimulatedAws, gateway: Any, place: AccountRegion) -> None:
    place.add_api("orders")
    aws.faults.add("replace_body", body=b'{"item": []}', times=1)
    aws.faults.add("replace_body", body=lambda body: body.replace(b"orders", b"ORDERS"), times=1)

    assert gateway.get_rest_apis()["items"] == []
    assert [each["name"] for each in gateway.get_rest_apis()["items"]] == ["ORDERS"]
    assert [each["name"] for each in gateway.get_rest_apis()["items"]] == ["orders"]


def test_a_slow_call_is_answered_all_the_same(aws: SimulatedAws, gateway: Any) -> None:
    aws.faults.add("slow", seconds=0.05)

    assert gateway.get_rest_apis()["items"] == []
    assert aws.log.entries()[0].fault == "slow"


def test_rules_strike_only_the_calls_they_name(aws: SimulatedAws, client: Any, place: AccountRegion) -> None:
    first, second = place.add_api("first"), place.add_api("second")
    aws.faults.add("denied", "GetStages", resource_id=first.id)
    aws.faults.add("denied", "GetRestApis", region="eu-west-2")
    aws.faults.add("denied", "GetClientCertificates", account_id=MEMBER)
    here, there, member = client("apigateway"), client("apigateway", region="eu-west-2"), client(
        "apigateway", account=MEMBER
    )  # fmt: skip

    assert outcome(here.get_stages, restApiId=first.id) == "AccessDeniedException"
    assert outcome(here.get_stages, restApiId=second.id) == "ok"
    assert outcome(here.get_rest_apis) == "ok"
    assert outcome(there.get_rest_apis) == "AccessDeniedException"
    assert outcome(here.get_client_certificates) == "ok"
    assert outcome(member.get_client_certificates) == "AccessDeniedException"


@pytest.mark.parametrize(("page", "struck"), [(1, [True, False, False]), (2, [False, True, False]),
                                              ("last", [False, False, True])])  # fmt: skip
def test_a_rule_can_name_a_page(
    aws: SimulatedAws, gateway: Any, place: AccountRegion, page: Any, struck: list[bool]
) -> None:
    for number in range(60):
        place.add_api(f"api {number}")
    positions = [{}]
    for _ in range(2):
        positions.append({"position": gateway.get_rest_apis(**positions[-1])["position"]})

    aws.faults.add("denied", "GetRestApis", page=page)

    assert [outcome(gateway.get_rest_apis, **each) != "ok" for each in positions] == struck


def test_a_rule_can_name_which_of_its_calls_and_how_often(aws: SimulatedAws, gateway: Any) -> None:
    rule = aws.faults.add("throttled", "GetRestApis", nth=2, times=2)

    outcomes = [outcome(gateway.get_rest_apis) == "ok" for _ in range(5)]

    assert outcomes == [True, False, False, True, True]
    assert (rule.matched, rule.hits) == (5, 2)


def test_a_removed_rule_strikes_no_more(aws: SimulatedAws, gateway: Any) -> None:
    rule = aws.faults.add("denied")
    assert outcome(gateway.get_rest_apis) == "AccessDeniedException"

    aws.faults.remove(rule)

    assert outcome(gateway.get_rest_apis) == "ok"
    assert aws.faults.idle


def test_boto3_retries_a_throttle_and_loses_nothing(
    aws: SimulatedAws, client: Any, place: AccountRegion
) -> None:
    place.add_api("orders")
    aws.faults.add("throttled", times=1)

    assert len(client("apigateway", attempts=3).get_rest_apis()["items"]) == 1


def test_random_faults_follow_their_seed(aws: SimulatedAws, gateway: Any) -> None:
    kinds = ["denied", "throttled", "server_error", "expired_token"]
    rounds = []
    for _ in range(2):
        aws.faults.at_random(0.3, seed=7, kinds=kinds)
        rounds.append([outcome(gateway.get_rest_apis) for _ in range(60)])
    aws.faults.at_random(0)

    assert rounds[0] == rounds[1]
    assert 5 < sum(each != "ok" for each in rounds[0]) < 40
    assert len(set(rounds[0])) >= 4
    assert outcome(gateway.get_rest_apis) == "ok"


def test_every_kind_can_strike_every_operation_without_breaking_the_server(
    aws: SimulatedAws, client: Any, place: AccountRegion
) -> None:
    api = place.add_api("orders")
    deployment = place.add_stage(api.id, "prod").deployment_id
    place.add_domain_name("api.example.com")

    def calls(read_timeout: float) -> list[Callable[[], Any]]:
        """Return a call of each kind, of clients that wait so long for an answer."""
        gateway, v2, ec2, organizations = (
            client(service, read_timeout=read_timeout)
            for service in ("apigateway", "apigatewayv2", "ec2", "organizations")
        )
        extensions = {"extensions": "apigateway"}
        return [
            ec2.describe_regions,
            organizations.list_accounts,
            partial(organizations.list_tags_for_resource, ResourceId=MEMBER),
            gateway.get_rest_apis,
            partial(gateway.get_stage, restApiId=api.id, stageName="prod"),
            partial(gateway.get_deployments, restApiId=api.id),
            partial(gateway.get_deployment, restApiId=api.id, deploymentId=deployment),
            partial(
                gateway.get_export,
                restApiId=api.id,
                stageName="prod",
                exportType="oas30",
                parameters=extensions,
            ),
            gateway.get_account,
            gateway.get_usage_plans,
            gateway.get_domain_names,
            v2.get_apis,
            v2.get_domain_names,
            partial(v2.list_routing_rules, DomainName="api.example.com"),
        ]

    patient, impatient = calls(20), calls(0.1)
    for kind in FaultKind:
        for call, again in zip(impatient if kind is FaultKind.TIMEOUT else patient, patient, strict=True):
            aws.faults.add(kind, times=1, body=b"", seconds=0.01, size=100_000)
            with suppress(BotoCoreError, ClientError, ResponseParserError):
                call()
            aws.faults.clear()
            again()


def test_a_rule_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="replace_body"):
        Rule(FaultKind.REPLACE_BODY)
    with pytest.raises(ValueError, match="500 or 503"):
        Rule(FaultKind.SERVER_ERROR, status=418)
