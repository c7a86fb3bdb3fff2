"""The exported OpenAPI document of a stage, and what can happen to it on its way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError, ResponseStreamingError

from simulated_aws import AccountRegion, FaultKind, Integration, Method, SimulatedAws
from simulated_aws.quota import Quota

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
VALIDATOR = "x-amazon-apigateway-request-validator"


def ask(gateway: Any, api_id: str, stage: str = "prod", **more: Any) -> Any:
    """Ask for an export as a collector does."""
    return gateway.get_export(
        restApiId=api_id,
        stageName=stage,
        exportType="oas30",
        parameters={"extensions": "apigateway"},
        **{"accepts": "application/json", **more},
    )


def document(gateway: Any, api_id: str, stage: str = "prod") -> dict[str, Any]:
    """Return the exported document."""
    read: dict[str, Any] = json.loads(ask(gateway, api_id, stage)["body"].read())
    return read


@pytest.fixture
def api_id(place: AccountRegion) -> str:
    """An API with every kind of method, deployed to ``prod``."""
    api = place.add_api("orders", integrations=(), description="what it is", apiKeySource="AUTHORIZER")
    both = place.add_validator(api.id, "both", body=True, parameters=True)
    place.add_validator(api.id, "empty", body=False, parameters=False)
    own = place.add_authorizer(
        api.id, "lambda", "TOKEN", uri="arn:aws:apigateway:x:lambda:path/y/invocations"
    )
    pool = place.add_authorizer(
        api.id, "pool", "COGNITO_USER_POOLS", provider_arns=("arn:aws:cognito-idp:x:1:userpool/x",)
    )
    for model in ("Order", "Reply"):
        place.add_model(api.id, model, {"type": "object", "properties": {model: {"type": "string"}}})
    linked = Integration(
        "HTTP", "http://nlb.example.com/orders", "POST", "VPC_LINK", "link12", insecure_skip_verification=True
    )
    posted = Method(
        linked,
        request_validator_id=both,
        request_parameters={"method.request.querystring.page": False, "method.request.header.X-A": True},
        request_models={"application/json": "Order"},
        response_model="Reply",
        api_key_required=True,
        operation_name="CreateOrder",
    )
    place.put_method(api.id, "/orders/{id}", "POST", posted)
    place.put_method(api.id, "/orders/{id}", "OPTIONS", "MOCK")
    place.put_method(api.id, "/{proxy+}", "ANY", "AWS_PROXY")
    place.put_method(api.id, "/iam", "GET", Method(Integration("MOCK"), authorization_type="AWS_IAM"))
    place.put_method(
        api.id, "/iam", "PUT", Method(Integration("MOCK"), authorization_type="AWS_IAM", auth_extension=True)
    )
    place.put_method(
        api.id, "/own", "GET", Method(Integration("MOCK"), authorization_type="CUSTOM", authorizer_id=own)
    )
    pooled = Method(
        Integration("MOCK"),
        authorization_type="COGNITO_USER_POOLS",
        authorizer_id=pool,
        authorization_scopes=("orders/read",),
    )
    place.put_method(api.id, "/pool", "GET", pooled)
    place.add_stage(api.id, "prod")
    return api.id


def test_a_method_without_an_integration_is_not_deployed(place: AccountRegion) -> None:
    api = place.add_api("bare")
    place.put_method(api.id, "/bare", "GET", Method())
    with pytest.raises(ValueError, match="No integration defined for method"):
        place.create_deployment(api.id)


def test_a_document_says_of_each_method_what_was_deployed(
    gateway: Any, place: AccountRegion, api_id: str
) -> None:
    read = document(gateway, api_id)

    posted = read["paths"]["/orders/{id}"]["post"]
    assert read["openapi"] == "3.0.1"
    assert read["info"] == {"title": "orders", "version": "2026-11-01T02:00:00Z", "description": "what it is"}
    assert read["servers"][0]["url"] == f"https://{api_id}.execute-api.eu-west-1.amazonaws.com/{{basePath}}"
    assert read["servers"][0]["variables"]["basePath"]["default"] == "prod"
    assert posted["operationId"] == "CreateOrder"
    assert posted[INTEGRATION] == {
        "type": "http",
        "httpMethod": "POST",
        "uri": "http://nlb.example.com/orders",
        "connectionType": "VPC_LINK",
        "connectionId": "link12",
        "tlsConfig": {"insecureSkipVerification": True},
        "passthroughBehavior": "when_no_match",
        "timeoutInMillis": 29000,
        "cacheNamespace": place.apis[api_id].resource_at("/orders/{id}").id,
        "cacheKeyParameters": [],
        "responses": {"default": {"statusCode": "200"}},
    }
    assert posted["parameters"] == [
        {"name": "page", "in": "query", "schema": {"type": "string"}},
        {"name": "X-A", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    assert posted["requestBody"]["required"] is True
    assert posted["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Order")
    assert read["paths"]["/orders/{id}"]["options"][INTEGRATION]["type"] == "mock"
    assert read["paths"]["/{proxy+}"][ANY][INTEGRATION]["type"] == "aws_proxy"
    assert read["paths"]["/{proxy+}"][ANY]["parameters"][0]["name"] == "proxy"

    assert read["paths"]["/"] == {}
    assert read["x-amazon-apigateway-api-key-source"] == "AUTHORIZER"


def test_a_document_says_who_may_call(gateway: Any, api_id: str) -> None:
    read = document(gateway, api_id)

    paths, schemes = read["paths"], read["components"]["securitySchemes"]
    assert paths["/orders/{id}"]["post"]["security"] == [{"api_key": []}]
    assert "security" not in paths["/orders/{id}"]["options"]
    assert paths["/iam"]["get"]["security"] == [{"sigv4": []}]
    assert paths["/iam"]["put"]["x-amazon-apigateway-auth"] == {"type": "AWS_IAM"}
    assert paths["/own"]["get"]["security"] == [{"lambda": []}]
    assert paths["/pool"]["get"]["security"] == [{"pool": ["orders/read"]}]
    assert schemes["sigv4"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    assert schemes["lambda"]["x-amazon-apigateway-authtype"] == "custom"
    assert schemes["lambda"]["x-amazon-apigateway-authorizer"]["type"] == "token"
    assert schemes["pool"]["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert schemes["api_key"]["name"] == "x-api-key"


def test_a_jwt_authorizer_is_exported_with_its_issuers(
    gateway: Any, place: AccountRegion, api_id: str
) -> None:
    issuers = [{"issuer": "https://id.example.com", "audiences": ["orders"]}]
    own = place.add_authorizer(api_id, "jwt", "JWT", jwt_configuration={"issuers": issuers})
    method = Method(Integration("MOCK"), authorization_type="JWT", authorizer_id=own)
    place.put_method(api_id, "/jwt", "GET", method)
    deployed = place.deploy(api_id, "prod")

    read = document(gateway, api_id)
    summary = gateway.get_deployment(restApiId=api_id, deploymentId=deployed, embed=["apisummary"])

    scheme = read["components"]["securitySchemes"]["jwt"]
    assert read["paths"]["/jwt"]["get"]["security"] == [{"jwt": []}]
    assert scheme["x-amazon-apigateway-authorizer"]["jwtConfiguration"]["issuers"] == issuers
    assert summary["apiSummary"]["/jwt"]["GET"]["authorizationType"] == "JWT"


def test_a_document_names_validators_even_those_that_check_nothing(gateway: Any, api_id: str) -> None:
    read = document(gateway, api_id)

    assert read["paths"]["/orders/{id}"]["post"][VALIDATOR] == "both"
    assert read["x-amazon-apigateway-request-validators"] == {
        "both": {"validateRequestBody": True, "validateRequestParameters": True},
        "empty": {"validateRequestBody": False, "validateRequestParameters": False},
    }


def test_a_changed_validator_is_exported_when_it_is_deployed(
    gateway: Any, place: AccountRegion, api_id: str
) -> None:
    (both,) = (each.id for each in place.apis[api_id].validators.values() if each.name == "both")

    place.change_validator(api_id, both, body=False, parameters=False)

    name = "x-amazon-apigateway-request-validators"
    assert document(gateway, api_id)[name]["both"]["validateRequestBody"] is True
    place.deploy(api_id, "prod")
    assert document(gateway, api_id)[name]["both"]["validateRequestBody"] is False


def test_no_two_exports_are_the_same_bytes_and_all_say_the_same(gateway: Any, api_id: str) -> None:
    bodies = [ask(gateway, api_id)["body"].read() for _ in range(4)]

    read = [json.loads(each) for each in bodies]
    references = [
        each["paths"]["/orders/{id}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"][
            "$ref"
        ]
        for each in read
    ]
    assert len(set(bodies)) == 4
    assert len(set(references)) == 4
    for each, reference in zip(read, references, strict=True):
        name = reference.removeprefix("#/components/schemas/")
        assert name.startswith("MODEL")
        assert "Reply" in each["components"]["schemas"][name]["properties"]
        del each["components"]["schemas"][name]
        del each["paths"]["/orders/{id}"]["post"]["responses"]
    assert all(each == read[0] for each in read)


def test_headers_say_what_the_body_is(gateway: Any, api_id: str) -> None:
    wanted = ask(gateway, api_id)
    unsaid = ask(gateway, api_id, accepts="*/*")

    assert wanted["contentType"] == "application/json"
    assert unsaid["contentType"] == "application/octet-stream"
    assert wanted["contentDisposition"] == 'attachment; filename="oas30_2026-11-01T02:00:00Z.json"'


@pytest.mark.parametrize("why", ["marked", "payloads"])
def test_an_api_that_cannot_be_exported_is_refused(
    gateway: Any, place: AccountRegion, api_id: str, why: str
) -> None:
    if why == "marked":
        place.set_exportable(api_id, False)
    else:
        place.put_method(
            api_id, "/xml", "POST", Method(Integration("MOCK"), request_models={"text/xml": "Order"})
        )
    assert document(gateway, api_id)["paths"]
    old = place.apis[api_id].stages["prod"].deployment_id
    place.deploy(api_id, "prod")

    with pytest.raises(gateway.exceptions.BadRequestException, match="JSON body models are not found"):
        ask(gateway, api_id)

    place.serve(api_id, "prod", old)
    assert document(gateway, api_id)["paths"]


def test_a_stage_or_api_that_is_gone_has_no_export(gateway: Any, place: AccountRegion, api_id: str) -> None:
    place.delete_stage(api_id, "prod")
    with pytest.raises(gateway.exceptions.NotFoundException, match="stage"):
        ask(gateway, api_id)
    place.delete_api(api_id)
    with pytest.raises(gateway.exceptions.NotFoundException, match="API"):
        ask(gateway, api_id)


def test_a_private_api_exports_its_endpoint(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api(
        "inside",
        endpoint_types=("PRIVATE",),
        vpc_endpoint_ids=("vpce-1",),
        disableExecuteApiEndpoint=True,
        binaryMediaTypes=["image/png"],
        minimumCompressionSize=0,
        version="7",
    )
    place.add_stage(api.id, "prod")

    read = document(gateway, api.id)

    assert read["servers"][0]["x-amazon-apigateway-endpoint-configuration"] == {
        "vpcEndpointIds": ["vpce-1"],
        "disableExecuteApiEndpoint": True,
    }
    assert read["x-amazon-apigateway-binary-media-types"] == ["image/png"]
    assert read["x-amazon-apigateway-minimum-compression-size"] == 0
    assert read["info"]["version"] == "7"


def test_the_exported_policy_is_the_deployed_one(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "prod")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}

    place.set_policy(api.id, policy)
    place.update_api(api.id, securityPolicy="TLS_1_2")

    name = "x-amazon-apigateway-policy"
    assert name not in document(gateway, api.id)
    assert document(gateway, api.id)["x-amazon-apigateway-security-policy"] == "TLS_1_2"
    place.deploy(api.id, "prod")
    assert document(gateway, api.id)[name] == policy
    place.update_api(api.id, policy="no JSON")
    place.deploy(api.id, "prod")
    assert document(gateway, api.id)[name] == "no JSON"


def test_a_cut_off_export_ends_early(aws: SimulatedAws, gateway: Any, api_id: str) -> None:
    aws.faults.add("cut_off", "GetExport", times=1)
    aws.faults.add("cut_off", "GetExport", honest_length=True, times=1)

    with pytest.raises(ResponseStreamingError):
        ask(gateway, api_id)["body"].read()
    with pytest.raises(json.JSONDecodeError):
        document(gateway, api_id)
    assert document(gateway, api_id)["paths"]


@pytest.mark.parametrize("kind", [FaultKind.MALFORMED_JSON, FaultKind.MISSING_LIST_KEY, FaultKind.NULL_LIST])
def test_a_damaged_export_has_no_paths(aws: SimulatedAws, gateway: Any, api_id: str, kind: FaultKind) -> None:
    aws.faults.add(kind, "GetExport", part_id="prod", times=1)

    body = ask(gateway, api_id)["body"].read()

    if kind is FaultKind.MALFORMED_JSON:
        with pytest.raises(ValueError, match=r"control character|Expecting|delimiter|property name"):
            json.loads(body)
    else:
        assert json.loads(body).get("paths") is None
    assert document(gateway, api_id)["paths"]


def test_a_huge_export_is_json_of_any_size(aws: SimulatedAws, gateway: Any, api_id: str) -> None:
    aws.faults.add("huge_body", "GetExport", times=1)
    aws.faults.add("huge_body", "GetExport", size=2_000_000, times=1)

    assert len(ask(gateway, api_id)["body"].read()) == 17 * 1024 * 1024
    smaller = ask(gateway, api_id)["body"].read()
    assert len(smaller) == 2_000_000
    assert json.loads(smaller)["paths"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("denied", "AccessDeniedException"),
        ("throttled", "TooManyRequestsException"),
        ("server_error", "InternalFailure"),
        ("expired_token", "ExpiredTokenException"),
    ],
)
@pytest.mark.parametrize("call", ["get_export", "get_stage", "get_deployment", "get_deployments"])
def test_the_new_calls_fail_as_all_others_do(
    aws: SimulatedAws, gateway: Any, place: AccountRegion, api_id: str, call: str, kind: str, code: str
) -> None:
    operation = "".join(word.title() for word in call.split("_"))
    deployment = place.apis[api_id].stages["prod"].deployment_id
    arguments: dict[str, Any] = {
        "get_export": {
            "stageName": "prod",
            "exportType": "oas30",
            "parameters": {"extensions": "apigateway"},
        },
        "get_stage": {"stageName": "prod"},
        "get_deployment": {"deploymentId": deployment},
        "get_deployments": {},
    }[call]
    aws.faults.add(kind, operation, resource_id=api_id, times=1)

    with pytest.raises(ClientError) as caught:
        getattr(gateway, call)(restApiId=api_id, **arguments)

    assert caught.value.response["Error"]["Code"] == code
    getattr(gateway, call)(restApiId=api_id, **arguments)
    logged = [(each.part_id, each.status) for each in aws.log.entries(operation=operation)]
    part = {"get_deployment": deployment, "get_deployments": None}.get(call, "prod")
    assert logged == [(part, caught.value.response["ResponseMetadata"]["HTTPStatusCode"]), (part, 200)]


def test_a_silent_export_times_out(aws: SimulatedAws, client: Any, api_id: str) -> None:
    aws.faults.add("timeout", "GetExport", times=1)

    with pytest.raises(ReadTimeoutError):
        ask(client("apigateway", read_timeout=0.2), api_id)


def test_exports_count_against_the_quota_of_all_calls_only(
    aws: SimulatedAws, gateway: Any, api_id: str
) -> None:
    quota = Quota()
    taken = [quota.take("1", "r", "GetExport", 100.0) for _ in range(45)]
    for _ in range(3):
        ask(gateway, api_id)

    (rate,) = aws.log.rates()
    assert taken.count(True) == 40
    assert (rate.requests, rate.resources_overdraft) == (3, 0.0)


def test_an_export_needs_its_own_permission(aws: SimulatedAws, gateway: Any, api_id: str) -> None:
    aws.permissions.allow(
        "apigateway:GET",
        resources=[
            "arn:aws:apigateway:*::/restapis/*/stages/prod",
            "arn:aws:apigateway:*::/restapis/*/deployments",
        ],
    )

    assert gateway.get_stage(restApiId=api_id, stageName="prod")["stageName"] == "prod"
    assert gateway.get_deployments(restApiId=api_id)["items"]
    with pytest.raises(ClientError, match=r"AccessDeniedException.*stages/prod/exports/oas30"):
        ask(gateway, api_id)
    aws.permissions.allow("apigateway:GET", resources=["arn:aws:apigateway:eu-west-1::/restapis/*"])
    assert document(gateway, api_id)["paths"]
