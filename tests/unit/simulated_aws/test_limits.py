"""Quotas, latency and permissions, and the log that tells what was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import DEFAULT_ROLE, AccountRegion, SimulatedAws
from simulated_aws.log import Entry, RequestLog
from simulated_aws.quota import Quota

MANAGEMENT, MEMBER = "111111111111", "222222222222"


def code_of(call: Any, **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_forty_requests_at_once_and_then_ten_a_second() -> None:
    quota = Quota()

    burst = [quota.take("1", "r", "GetStages", 100.0) for _ in range(45)]
    later = [quota.take("1", "r", "GetStages", 101.0) for _ in range(15)]

    assert (burst.count(True), later.count(True)) == (40, 10)
    assert quota.take("1", "other", "GetStages", 101.0)
    assert quota.take("2", "r", "GetStages", 101.0)


def test_five_get_resources_in_two_seconds() -> None:
    quota = Quota()

    burst = [quota.take("1", "r", "GetResources", 100.0) for _ in range(10)]
    later = [quota.take("1", "r", "GetResources", 102.0) for _ in range(10)]

    assert (burst.count(True), later.count(True)) == (5, 5)
    # What GetResources was refused is not taken from the other operations.
    assert [quota.take("1", "r", "GetStages", 102.0) for _ in range(40)].count(True) == 35


def test_over_the_quota_a_call_is_throttled(estate: Any, client: Any, aws: SimulatedAws) -> None:
    gateway = client("apigateway")
    aws.quota = True

    seen = [code_of(gateway.get_resources, restApiId="x") for _ in range(9)]

    assert seen[:5] == ["NotFoundException"] * 5
    assert "TooManyRequestsException" in seen[5:]
    aws.quota = False
    assert code_of(gateway.get_resources, restApiId="x") == "NotFoundException"


def test_latency_can_be_switched_at_any_time(gateway: Any, aws: SimulatedAws) -> None:
    aws.latency_ms = 20
    assert gateway.get_rest_apis()["items"] == []
    aws.latency_ms = 0
    assert gateway.get_rest_apis()["items"] == []


def test_the_log_tells_who_asked_what(gateway: Any, aws: SimulatedAws, place: AccountRegion) -> None:
    for number in range(30):
        api = place.add_api(f"api {number}")
    list(gateway.get_paginator("get_rest_apis").paginate())
    gateway.get_stages(restApiId=api.id)
    code_of(gateway.get_client_certificate, clientCertificateId="gone")

    read = [(e.operation, e.resource_id, e.page, e.status) for e in aws.log.entries(account_id=MANAGEMENT)]

    assert read == [
        ("GetRestApis", None, 1, 200),
        ("GetRestApis", None, 2, 200),
        ("GetStages", api.id, None, 200),
        ("GetClientCertificate", "gone", None, 404),
    ]
    assert aws.log.counts() == {(MANAGEMENT, "eu-west-1"): 4}
    aws.log.clear()
    assert aws.log.entries() == []


def test_the_log_tells_whether_the_quota_was_kept() -> None:
    log = RequestLog()

    def asked(region: str, operation: str, times: list[float]) -> None:
        for moment in times:
            log.add(Entry(moment, "apigateway", "1", region, operation, None, None, 200, None))

    asked("kept", "GetStages", [0.0] * 40 + [number / 10 for number in range(1, 30)])
    asked("broken", "GetStages", [0.0] * 45)
    asked("resources", "GetResources", [0.0] * 6)

    kept, broken, resources = sorted(
        log.rates(), key=lambda each: ("kept", "broken", "resources").index(each.region)
    )
    assert kept.within_quota
    assert kept.most_in_a_second == 49
    assert (broken.within_quota, broken.overdraft) == (False, 5.0)
    assert (resources.within_quota, resources.overdraft, resources.resources_overdraft) == (False, 0.0, 1.0)


def test_what_a_policy_does_not_allow_is_denied(client: Any, aws: SimulatedAws, place: AccountRegion) -> None:
    api = place.add_api("orders")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "apigateway:GET",
                "Resource": ["arn:aws:apigateway:*::/restapis", "arn:aws:apigateway:*::/restapis/*/stages"],
            },
            {"Effect": "Allow", "Action": ["acm:Describe*"], "Resource": "*"},
        ],
    }
    aws.permissions.attach(policy, account_id=MANAGEMENT)
    gateway = client("apigateway")

    assert code_of(gateway.get_rest_apis) == "ok"
    assert code_of(gateway.get_stages, restApiId=api.id) == "ok"
    assert code_of(gateway.get_resources, restApiId=api.id) == "AccessDeniedException"
    assert code_of(gateway.get_client_certificates) == "AccessDeniedException"
    assert code_of(client("organizations").list_accounts) == "AccessDeniedException"
    assert code_of(client("ec2").describe_regions) == "UnauthorizedOperation"
    assert code_of(client("sts").get_caller_identity) == "ok"
    arn = "arn:aws:acm:eu-west-1:111111111111:certificate/x"
    assert code_of(client("acm").describe_certificate, CertificateArn=arn) == "ResourceNotFoundException"
    assert code_of(client("apigateway", account=MEMBER).get_client_certificates) == "ok"


def test_a_deny_wins_over_an_allow_in_its_region(client: Any, aws: SimulatedAws) -> None:
    aws.permissions.allow("*")
    aws.permissions.deny("apigateway:*", region="eu-west-2")

    assert code_of(client("apigateway").get_rest_apis) == "ok"
    assert code_of(client("apigateway", region="eu-west-2").get_rest_apis) == "AccessDeniedException"
    aws.permissions.clear()
    assert code_of(client("apigateway", region="eu-west-2").get_rest_apis) == "ok"


def test_permissions_can_concern_one_role_only(client: Any, aws: SimulatedAws) -> None:
    arn = f"arn:aws:iam::{MEMBER}:role/{DEFAULT_ROLE}"
    session = client("sts").assume_role(RoleArn=arn, RoleSessionName="nightly")["Credentials"]
    aws.permissions.allow("apigateway:GET", resources=["*/restapis"], account_id=MEMBER, role=DEFAULT_ROLE)
    by_role, by_user = client("apigateway", credentials=session), client("apigateway", account=MEMBER)

    with pytest.raises(ClientError, match=f"assumed-role/{DEFAULT_ROLE}/nightly is not authorized"):
        by_role.get_client_certificates()
    assert code_of(by_role.get_rest_apis) == "ok"
    assert code_of(by_user.get_client_certificates) == "ok"


def test_a_policy_that_says_more_than_is_simulated_is_refused(aws: SimulatedAws) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}

    with pytest.raises(ValueError, match="Condition"):
        aws.permissions.attach({"Statement": json.loads(json.dumps(statement))})
