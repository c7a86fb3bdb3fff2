"""HTTP and WebSocket APIs as API Gateway V2 shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import AccountRegion, Estate, SimulatedAws
from simulated_aws.quota import Quota

MADE = datetime(2026, 11, 1, 2, tzinfo=UTC)


@pytest.fixture
def v2(client: Any) -> Any:
    return client("apigatewayv2")


def test_apis_show_what_they_were_given(v2: Any, place: AccountRegion) -> None:
    cors = {"AllowOrigins": ["*"], "AllowCredentials": True}
    http = place.add_http_api(
        "orders",
        corsConfiguration={"allowOrigins": ["*"], "allowCredentials": True},
        tags={"team": "a"},
        disableExecuteApiEndpoint=True,
    )
    socket = place.add_http_api("chat", "WEBSOCKET")
    place.add_api("a REST API")

    read = {each["ApiId"]: each for each in v2.get_apis()["Items"]}

    assert read.keys() == {http.id, socket.id}
    assert read[http.id]["Name"] == "orders"
    assert read[http.id]["ProtocolType"] == "HTTP"
    assert read[http.id]["CorsConfiguration"] == cors
    assert read[http.id]["DisableExecuteApiEndpoint"] is True
    assert read[http.id]["Tags"] == {"team": "a"}
    assert read[http.id]["CreatedDate"] == MADE
    assert read[http.id]["ApiEndpoint"] == f"https://{http.id}.execute-api.eu-west-1.amazonaws.com"
    assert read[socket.id]["ApiEndpoint"].startswith("wss://")
    assert "CorsConfiguration" not in read[socket.id]
    place.update_http_api(http.id, corsConfiguration=None)
    assert all("CorsConfiguration" not in each for each in v2.get_apis()["Items"])


def test_stages_show_their_settings_and_when_they_changed(
    v2: Any, place: AccountRegion, estate: Estate
) -> None:
    socket = place.add_http_api("chat", "WEBSOCKET")
    http = place.add_http_api("orders")
    place.add_http_stage(http.id, autoDeploy=True)
    place.add_http_stage(
        socket.id,
        "prod",
        clientCertificateId="abc123",
        accessLogSettings={"destinationArn": "arn:aws:logs:eu-west-1:1:log-group:x", "format": "$x"},
        routeSettings={"$connect": {"loggingLevel": "INFO", "throttlingRateLimit": 5.5}},
        stageVariables={"a": "b"},
    )
    estate.now = estate.now + timedelta(hours=1)
    place.update_http_stage(socket.id, "prod", description="production")

    (plain,) = v2.get_stages(ApiId=http.id)["Items"]
    (full,) = v2.get_stages(ApiId=socket.id)["Items"]

    assert plain["StageName"] == "$default"
    assert plain["AutoDeploy"] is True
    assert plain["DefaultRouteSettings"] == {"DetailedMetricsEnabled": False}
    assert full["DefaultRouteSettings"]["LoggingLevel"] == "OFF"
    assert full["RouteSettings"] == {"$connect": {"LoggingLevel": "INFO", "ThrottlingRateLimit": 5.5}}
    assert full["ClientCertificateId"] == "abc123"
    assert full["AccessLogSettings"]["DestinationArn"].endswith(":x")
    assert full["StageVariables"] == {"a": "b"}
    assert full["Description"] == "production"
    assert full["LastUpdatedDate"] - full["CreatedDate"] == timedelta(hours=1)
    place.update_http_stage(socket.id, "prod", clientCertificateId=None)
    assert "ClientCertificateId" not in v2.get_stages(ApiId=socket.id)["Items"][0]
    place.delete_http_stage(socket.id, "prod")
    assert v2.get_stages(ApiId=socket.id)["Items"] == []


def test_one_api_and_one_stage_are_shown_as_in_their_listings(v2: Any, place: AccountRegion) -> None:
    api = place.add_http_api("orders")
    place.add_http_stage(api.id, description="all")

    one, stage = v2.get_api(ApiId=api.id), v2.get_stage(ApiId=api.id, StageName="$default")

    for answer in (one, stage):
        del answer["ResponseMetadata"]
    assert [one] == v2.get_apis()["Items"]
    assert [stage] == v2.get_stages(ApiId=api.id)["Items"]
    with pytest.raises(v2.exceptions.NotFoundException, match="Invalid stage identifier"):
        v2.get_stage(ApiId=api.id, StageName="prod")
    place.delete_http_api(api.id)
    with pytest.raises(v2.exceptions.NotFoundException, match="Invalid API identifier"):
        v2.get_api(ApiId=api.id)


def test_routes_and_integrations_change(v2: Any, place: AccountRegion) -> None:
    api = place.add_http_api("orders")
    linked = place.add_http_integration(
        api.id, "HTTP_PROXY", connectionType="VPC_LINK", connectionId="link12", integrationUri="arn:x"
    )
    route = place.add_route(api.id, "GET /orders", integration_id=linked)
    place.add_route(api.id, "$default", authorizationType="JWT", authorizerId="auth12")

    def routes() -> dict[str, str]:
        return {each["RouteKey"]: each["AuthorizationType"] for each in v2.get_routes(ApiId=api.id)["Items"]}

    (integration,) = v2.get_integrations(ApiId=api.id)["Items"]
    assert (integration["IntegrationId"], integration["ConnectionType"]) == (linked, "VPC_LINK")
    assert "TlsConfig" not in integration
    assert routes() == {"GET /orders": "NONE", "$default": "JWT"}
    targets = {each["RouteKey"]: each.get("Target") for each in v2.get_routes(ApiId=api.id)["Items"]}
    assert targets == {"GET /orders": f"integrations/{linked}", "$default": None}

    place.update_http_integration(api.id, linked, tlsConfig={"serverNameToVerify": "x.example.com"})
    place.update_route(api.id, route, authorizationType="AWS_IAM")

    (integration,) = v2.get_integrations(ApiId=api.id)["Items"]
    assert integration["TlsConfig"] == {"ServerNameToVerify": "x.example.com"}
    assert routes()["GET /orders"] == "AWS_IAM"
    place.delete_route(api.id, route)
    place.delete_http_integration(api.id, linked)
    assert routes() == {"$default": "JWT"}
    assert v2.get_integrations(ApiId=api.id)["Items"] == []


@pytest.mark.parametrize("call", ["get_stages", "get_routes", "get_integrations"])
def test_an_api_that_is_gone_is_not_found(v2: Any, place: AccountRegion, call: str) -> None:
    api = place.add_http_api("orders")
    place.delete_http_api(api.id)

    with pytest.raises(v2.exceptions.NotFoundException, match="Invalid API identifier"):
        getattr(v2, call)(ApiId=api.id)

    place.restore_http_api(api.id)
    assert getattr(v2, call)(ApiId=api.id)["Items"] == []


def test_listings_are_paged_up_to_500(v2: Any, place: AccountRegion) -> None:
    made = {place.add_http_api(f"api {number}").id for number in range(60)}
    api = place.add_http_api("busy")
    for number in range(30):
        place.add_route(api.id, f"GET /{number}")

    pages = list(v2.get_paginator("get_apis").paginate())
    routes = v2.get_routes(ApiId=api.id, MaxResults="500")["Items"]

    assert [len(page["Items"]) for page in pages] == [25, 25, 11]
    assert {each["ApiId"] for page in pages for each in page["Items"]} == made | {api.id}
    assert len(v2.get_apis(MaxResults="500")["Items"]) == 61
    assert len(routes) == 30
    for wrong in ({"MaxResults": "501"}, {"MaxResults": "many"}, {"NextToken": "made-up"}):
        with pytest.raises(v2.exceptions.BadRequestException):
            v2.get_apis(**wrong)


def test_what_aws_does_not_have_cannot_be_made(place: AccountRegion) -> None:
    api = place.add_http_api("orders")

    with pytest.raises(ValueError, match="no protocol"):
        place.add_http_api("x", "GOPHER")
    with pytest.raises(ValueError, match="integration type"):
        place.add_http_integration(api.id, "FTP")
    for add in (place.add_http_stage, place.add_route, place.add_http_integration):
        with pytest.raises(ValueError, match="no field"):
            add(api.id, colour="red")
    with pytest.raises(KeyError):
        place.add_route(api.id, integration_id="never")


def test_faults_tell_the_two_apis_apart(
    aws: SimulatedAws, client: Any, v2: Any, place: AccountRegion
) -> None:
    rest, http = place.add_api("rest"), place.add_http_api("http")
    place.add_http_stage(http.id)
    gateway = client("apigateway")

    aws.faults.add("denied", "v2.GetStages")
    aws.faults.add("throttled", "GetDomainNames")

    with pytest.raises(ClientError, match="AccessDeniedException"):
        v2.get_stages(ApiId=http.id)
    assert gateway.get_stages(restApiId=rest.id)["item"] == []
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        gateway.get_domain_names()
    assert v2.get_domain_names()["Items"] == []
    assert aws.log.operations() == {
        ("v2.GetStages", 403): 1,
        ("GetStages", 200): 1,
        ("GetDomainNames", 429): 1,
        ("v2.GetDomainNames", 200): 1,
    }


@pytest.mark.parametrize("fault", ["cut_off", "malformed_json", "missing_list_key", "null_list"])
def test_a_damaged_listing_comes_without_its_list(
    aws: SimulatedAws, v2: Any, place: AccountRegion, fault: str
) -> None:
    place.add_http_api("orders")
    aws.faults.add(fault, "v2.GetApis", times=1)

    assert "Items" not in v2.get_apis()
    assert len(v2.get_apis()["Items"]) == 1


def test_both_apis_share_one_quota(aws: SimulatedAws, client: Any, v2: Any) -> None:
    quota = Quota()
    taken = [
        quota.take("1", "r", operation, 100.0) for _ in range(25) for operation in ("GetApis", "v2.GetApis")
    ]
    v2.get_apis()
    client("apigateway").get_rest_apis()

    (rate,) = aws.log.rates()
    assert taken.count(True) == 40
    assert rate.requests == 2


def test_permissions_name_resources_without_the_version(
    aws: SimulatedAws, v2: Any, place: AccountRegion
) -> None:
    api = place.add_http_api("orders")
    aws.permissions.allow(
        "apigateway:GET",
        resources=["arn:aws:apigateway:*::/apis", "arn:aws:apigateway:eu-west-1::/apis/*/routes"],
    )

    assert len(v2.get_apis()["Items"]) == 1
    assert v2.get_routes(ApiId=api.id)["Items"] == []
    with pytest.raises(ClientError, match=r"arn:aws:apigateway:eu-west-1::/apis/\w+/stages"):
        v2.get_stages(ApiId=api.id)
