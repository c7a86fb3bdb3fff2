"""A deployment keeps what the draft was; stages, canaries and drafts go their own ways."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import AccountRegion, Estate, Integration, Method

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"


def export(gateway: Any, api_id: str, stage: str = "prod") -> dict[str, Any]:
    """Return the export of a stage as a collector asks for it."""
    answer = gateway.get_export(
        restApiId=api_id,
        stageName=stage,
        exportType="oas30",
        accepts="application/json",
        parameters={"extensions": "apigateway"},
    )
    document: dict[str, Any] = json.loads(answer["body"].read())
    return document


def served(gateway: Any, api_id: str, stage: str = "prod") -> dict[str, str]:
    """Return the integration types of a stage's export by ``VERB path``."""
    return {
        f"{verb} {path}": operation[INTEGRATION]["type"]
        for path, operations in export(gateway, api_id, stage)["paths"].items()
        for verb, operation in operations.items()
    }


def drafted(gateway: Any, api_id: str) -> dict[str, str]:
    """Return the integration types of a draft by ``verb path``."""
    return {
        f"{verb.lower()} {each['path']}": method["methodIntegration"]["type"]
        for each in gateway.get_resources(restApiId=api_id, embed=["methods"])["items"]
        for verb, method in each.get("resourceMethods", {}).items()
    }


def test_an_edited_draft_is_served_by_no_stage_until_it_is_deployed(
    gateway: Any, place: AccountRegion
) -> None:
    api = place.add_api("orders", integrations=("HTTP",))
    place.add_stage(api.id, "prod")

    place.put_method(api.id, "/path1", "GET", "AWS_PROXY")
    place.put_method(api.id, "/new/{id}", "POST", "MOCK")

    assert drafted(gateway, api.id) == {"get /path1": "AWS_PROXY", "post /new/{id}": "MOCK"}
    assert served(gateway, api.id) == {"get /path1": "http"}
    place.deploy(api.id, "prod")
    assert served(gateway, api.id) == {"get /path1": "aws_proxy", "post /new/{id}": "mock"}


def test_each_stage_serves_its_own_deployment(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders", integrations=("HTTP",))
    place.add_stage(api.id, "prod")
    place.add_stage(api.id, "dev")
    place.set_integrations(api.id, ["AWS_PROXY"], deploy=False)

    made = place.deploy(api.id, "dev", description="to Lambda")

    assert served(gateway, api.id, "dev") == {"get /path1": "aws_proxy"}
    assert served(gateway, api.id, "prod") == {"get /path1": "http"}
    assert gateway.get_stage(restApiId=api.id, stageName="dev")["deploymentId"] == made
    assert gateway.get_deployment(restApiId=api.id, deploymentId=made)["description"] == "to Lambda"


def test_a_stage_is_rolled_back_to_what_it_served_before(
    gateway: Any, place: AccountRegion, estate: Estate
) -> None:
    api = place.add_api("orders", integrations=("HTTP",))
    old = place.add_stage(api.id, "prod").deployment_id
    place.set_integrations(api.id, ["AWS_PROXY"])
    (before,) = gateway.get_stages(restApiId=api.id)["item"]
    estate.now = estate.now + timedelta(hours=1)

    place.serve(api.id, "prod", old)

    (after,) = gateway.get_stages(restApiId=api.id)["item"]
    assert served(gateway, api.id) == {"get /path1": "http"}
    assert after["deploymentId"] == old
    assert after["lastUpdatedDate"] - before["lastUpdatedDate"] == timedelta(hours=1)
    assert drafted(gateway, api.id) == {"get /path1": "AWS_PROXY"}
    with pytest.raises(KeyError):
        place.serve(api.id, "prod", "never")


def test_stages_share_a_deployment_that_is_promoted(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    shared = place.create_deployment(api.id)
    for name in ("dev", "prod"):
        place.add_stage(api.id, name, deployment_id=shared)

    listed = gateway.get_stages(restApiId=api.id, deploymentId=shared)["item"]
    deployments = gateway.get_deployments(restApiId=api.id)["items"]

    assert {each["stageName"] for each in listed} == {"dev", "prod"}
    assert [each["id"] for each in deployments] == [shared]


def test_a_canary_is_shown_and_not_exported(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders", integrations=("HTTP",))
    own = place.add_stage(api.id, "prod", variables={"tier": "gold", "x": "1"}).deployment_id
    place.set_integrations(api.id, ["MOCK"], deploy=False)

    canary = place.set_canary(api.id, "prod", percent=25, variables={"tier": "new"})

    stage = gateway.get_stage(restApiId=api.id, stageName="prod")
    assert stage["canarySettings"] == {
        "percentTraffic": 25.0,
        "deploymentId": canary,
        "useStageCache": False,
        "stageVariableOverrides": {"tier": "new"},
    }
    assert stage["deploymentId"] == own
    assert served(gateway, api.id) == {"get /path1": "http"}


def test_a_promoted_canary_stays_without_calls_until_it_is_removed(
    gateway: Any, place: AccountRegion
) -> None:
    api = place.add_api("orders", integrations=("HTTP",))
    place.add_stage(api.id, "prod", variables={"tier": "gold", "x": "1"})
    place.set_integrations(api.id, ["MOCK"], deploy=False)
    canary = place.set_canary(api.id, "prod", variables={"tier": "new"})

    assert place.promote_canary(api.id, "prod") == canary

    promoted = gateway.get_stage(restApiId=api.id, stageName="prod")
    assert promoted["deploymentId"] == canary
    assert promoted["variables"] == {"tier": "new", "x": "1"}
    assert promoted["canarySettings"]["percentTraffic"] == 0.0
    assert served(gateway, api.id) == {"get /path1": "mock"}
    place.remove_canary(api.id, "prod")
    assert "canarySettings" not in gateway.get_stage(restApiId=api.id, stageName="prod")
    with pytest.raises(KeyError):
        place.promote_canary(api.id, "prod")


def test_deployments_are_paged_and_summarised(gateway: Any, place: AccountRegion, estate: Estate) -> None:
    api = place.add_api("orders", integrations=())
    place.put_method(api.id, "/orders", "GET", Method(Integration("MOCK"), authorization_type="AWS_IAM"))
    place.put_method(api.id, "/orders", "ANY", Method(Integration("MOCK"), api_key_required=True))
    first = place.create_deployment(api.id, created_at=estate.now - timedelta(days=3))
    place.delete_method(api.id, "/orders", "ANY")
    made = {first, *(place.create_deployment(api.id) for _ in range(39))}

    pages = list(gateway.get_paginator("get_deployments").paginate(restApiId=api.id))
    plain = gateway.get_deployment(restApiId=api.id, deploymentId=first)
    embedded = gateway.get_deployment(restApiId=api.id, deploymentId=first, embed=["apisummary"])

    assert [len(page["items"]) for page in pages] == [25, 15]
    assert {each["id"] for page in pages for each in page["items"]} == made
    assert all("apiSummary" not in each for page in pages for each in page["items"])
    assert "apiSummary" not in plain
    assert plain["createdDate"] == estate.now - timedelta(days=3)
    assert embedded["apiSummary"] == {
        "/orders": {
            "GET": {"authorizationType": "AWS_IAM", "apiKeyRequired": False},
            "ANY": {"authorizationType": "NONE", "apiKeyRequired": True},
        }
    }


def test_a_deployment_that_is_served_cannot_be_deleted(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    own = place.add_stage(api.id, "prod").deployment_id
    canary = place.set_canary(api.id, "prod")

    for each in (own, canary):
        with pytest.raises(ValueError, match="stage prod serves"):
            place.delete_deployment(api.id, each)
    place.remove_canary(api.id, "prod")
    place.delete_deployment(api.id, canary)

    assert [each["id"] for each in gateway.get_deployments(restApiId=api.id)["items"]] == [own]
    place.delete_stage(api.id, "prod")
    place.delete_deployment(api.id, own)
    with pytest.raises(KeyError):
        place.restore_stage(api.id, "prod")


def test_a_resource_takes_what_is_below_it_along(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders", integrations=())
    place.put_method(api.id, "/orders/{id}/lines", "GET", "MOCK")
    place.put_method(api.id, "/orders2", "GET", "MOCK")

    place.delete_resource(api.id, "/orders/{id}")

    items = gateway.get_resources(restApiId=api.id)["items"]
    assert {each["path"] for each in items} == {"/", "/orders", "/orders2"}
    by_id = {each["id"]: each for each in items}
    assert all(by_id[each["parentId"]]["path"] == "/" for each in items if each["path"] != "/")


def test_fields_of_methods_and_integrations_change_one_by_one(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders", integrations=("HTTP",))

    place.change_method(api.id, "/path1", "GET", api_key_required=True)
    place.change_integration(api.id, "/path1", "GET", connection_type="VPC_LINK", connection_id="link12")
    place.change_integration(api.id, "/path1", "GET", insecure_skip_verification=True)

    (method,) = (
        each["resourceMethods"]["GET"]
        for each in gateway.get_resources(restApiId=api.id, embed=["methods"])["items"]
        if "resourceMethods" in each
    )
    assert method["apiKeyRequired"] is True
    assert method["methodIntegration"]["connectionType"] == "VPC_LINK"
    assert method["methodIntegration"]["connectionId"] == "link12"
    assert method["methodIntegration"]["tlsConfig"] == {"insecureSkipVerification": True}
    assert method["methodIntegration"]["uri"] == "https://backend.example.com/path1"


def test_what_aws_does_not_have_is_no_part_of_a_draft(place: AccountRegion) -> None:
    api = place.add_api("orders")

    with pytest.raises(ValueError, match="no method"):
        place.put_method(api.id, "/x", "FETCH", "MOCK")
    with pytest.raises(ValueError, match="no path"):
        place.put_resource(api.id, "x")
    with pytest.raises(ValueError, match="authorization type"):
        Method(authorization_type="SECRET")
    with pytest.raises(ValueError, match="connection type"):
        Integration("HTTP", connection_type="CARRIER_PIGEON")
    with pytest.raises(KeyError):
        place.put_method(api.id, "/x", "GET", Method(request_validator_id="never"))
    with pytest.raises(KeyError):
        place.put_method(api.id, "/x", "GET", Method(authorizer_id="never"))


@pytest.mark.parametrize(
    ("call", "arguments", "what"),
    [
        ("get_stage", {"stageName": "never"}, "stage"),
        ("get_deployment", {"deploymentId": "never"}, "Deployment"),
        ("get_stage", {"stageName": "prod", "restApiId": "nothere123"}, "API"),
        ("get_deployment", {"deploymentId": "x", "restApiId": "nothere123"}, "API"),
        ("get_deployments", {"restApiId": "nothere123"}, "API"),
    ],
)
def test_what_is_not_there_is_not_found(
    gateway: Any, place: AccountRegion, call: str, arguments: dict[str, str], what: str
) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "prod")

    with pytest.raises(gateway.exceptions.NotFoundException, match=f"Invalid {what} identifier"):
        getattr(gateway, call)(**{"restApiId": api.id} | arguments)


def test_a_rotation_is_done_step_by_step(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    old = place.create_certificate().id
    place.add_stage(api.id, "prod", certificate_id=old)

    def look() -> tuple[str, set[str]]:
        stage = gateway.get_stage(restApiId=api.id, stageName="prod")
        listed = gateway.get_client_certificates()["items"]
        return stage["clientCertificateId"], {each["clientCertificateId"] for each in listed}

    steps = place.rotate_certificate(api.id, "prod")
    new = next(steps)

    assert look() == (old, {old, new})
    next(steps)
    assert look() == (new, {old, new})
    next(steps)
    assert look() == (new, {new})
    assert list(steps) == []


def test_a_stage_shows_and_loses_every_setting(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    settings: dict[str, Any] = {
        "methodSettings": {
            "*/*": {"loggingLevel": "INFO", "throttlingRateLimit": 10.5},
            "orders~1{id}/GET": {"cachingEnabled": True, "cacheDataEncrypted": False},
        },
        "accessLogSettings": {"destinationArn": "arn:aws:logs:eu-west-1:1:log-group:x", "format": "$x"},
        "tracingEnabled": True,
        "webAclArn": "arn:aws:wafv2:eu-west-1:1:regional/webacl/x/1",
        "cacheClusterEnabled": True,
        "cacheClusterSize": "0.5",
        "cacheClusterStatus": "AVAILABLE",
        "variables": {"a": "b"},
        "tags": {"team": "a"},
        "description": "production",
        "documentationVersion": "v1",
    }
    place.add_stage(api.id, "prod", **settings)

    read = gateway.get_stage(restApiId=api.id, stageName="prod")
    place.clear_stage(api.id, "prod", "webAclArn", "accessLogSettings", "tags")

    assert {name: read[name] for name in settings} == settings
    cleared = gateway.get_stage(restApiId=api.id, stageName="prod")
    assert not cleared.keys() & {"webAclArn", "accessLogSettings", "tags"}
    with pytest.raises(ValueError, match="no field"):
        place.clear_stage(api.id, "prod", "colour")


def test_an_api_shows_its_policy_escaped_and_its_newer_fields(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api(
        "inside",
        endpoint_types=("PRIVATE",),
        vpc_endpoint_ids=("vpce-1",),
        securityPolicy="SecurityPolicy_TLS13_1_3_2025_09",
        endpointAccessMode="STRICT",
        minimumCompressionSize=0,
        disableExecuteApiEndpoint=True,
        tags={"team": "a"},
    )
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*",
             "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
        ],
    }  # fmt: skip
    place.set_policy(api.id, policy)

    read = gateway.get_rest_api(restApiId=api.id)

    assert read["policy"].startswith('{\\"Version\\":\\"2012-10-17\\"')
    assert "10.0.0.0\\/8" in read["policy"]
    assert json.loads(json.loads(f'"{read["policy"]}"')) == policy
    assert read["endpointConfiguration"]["vpcEndpointIds"] == ["vpce-1"]
    assert read["securityPolicy"] == "SecurityPolicy_TLS13_1_3_2025_09"
    assert read["endpointAccessMode"] == "STRICT"
    assert read["minimumCompressionSize"] == 0
    assert read["disableExecuteApiEndpoint"] is True
    place.set_policy(api.id, None)
    assert "policy" not in gateway.get_rest_api(restApiId=api.id)


def test_a_deleted_api_answers_none_of_its_calls(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "prod")
    place.delete_api(api.id)

    with pytest.raises(ClientError, match="NotFoundException"):
        export(gateway, api.id)
    place.restore_api(api.id)
    assert served(gateway, api.id) == {"get /path1": "http_proxy"}
