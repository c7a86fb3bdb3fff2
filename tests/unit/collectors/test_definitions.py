"""What a deployment consists of, from exports; whatever the JSON, a definition or a failure."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import definitions
from collectors.errors import ReadFailure

INTEGRATION = "x-amazon-apigateway-integration"
ANY = "x-amazon-apigateway-any-method"
VERBS = {"get", "put", "post", ANY}


MOCK = {INTEGRATION: {"type": "mock"}}


def document(**operations: Any) -> dict[str, Any]:
    """Return an export with a path that has these operations; those without an integration get a mock."""
    verbs = {name: MOCK | said if name in VERBS else said for name, said in operations.items()}
    return {"openapi": "3.0.1", "paths": {"/orders": verbs}}


def method(**integration: Any) -> dict[str, Any]:
    """Return the one method of an export with such an integration."""
    (only,) = definitions.of_export(document(get={INTEGRATION: {"type": "http", **integration}}))
    return only


@pytest.mark.parametrize("kind", ["http", "http_proxy", "aws", "aws_proxy", "mock", "HTTP"])
def test_types_are_as_policies_name_them(kind: str) -> None:
    assert method(type=kind)["integration_type"] == kind.upper()


@pytest.mark.parametrize(
    ("uri", "scheme", "host", "is_fixed"),
    [
        ("https://backend.example.com/path?key=secret#x", "https", "backend.example.com", True),
        ("HTTP://Backend.Example.com:8080", "http", "backend.example.com", True),
        ("https://user:secret@backend.example.com/x", "https", "backend.example.com", True),
        ("https://a@b:secret@backend.example.com/x", "https", "backend.example.com", True),
        ("https://${stageVariables.Host}/x", "https", "${stageVariables.Host}", False),
        ("http://${stageVariables.env}.example.com/x", "http", "${stageVariables.env}.example.com", False),
        ("${stageVariables.scheme}://example.com/x", None, "example.com", False),
        ("${stageVariables.url}/x?token=secret", None, "${stageVariables.url}", False),
        ("https://{proxy}.example.com/x", "https", "{proxy}.example.com", False),
        ("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/x/invocations", "arn", None, True),
        ("backend.example.com/x?token=secret", None, None, False),
        ("https:///secret", "https", None, True),
    ],
)
def test_of_a_uri_scheme_and_host_are_kept(
    uri: str, scheme: str | None, host: str | None, is_fixed: bool
) -> None:
    found = method(uri=uri)
    assert (found.get("uri_scheme"), found.get("uri_host"), found["uri_is_fixed"]) == (scheme, host, is_fixed)
    assert "secret" not in json.dumps(found)


def test_what_may_be_secret_is_not_kept() -> None:
    found = definitions.of_export(
        document(
            post={
                "description": "secret",
                "parameters": [{"name": "secret", "in": "header", "required": True}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "secret"}}}},
                INTEGRATION: {
                    "type": "http",
                    "uri": "https://example.com/secret",
                    "credentials": "secret",
                    "connectionId": "secret",
                    "requestParameters": {"integration.request.header.Authorization": "'secret'"},
                    "requestTemplates": {"application/json": "secret"},
                    "responses": {"default": {"responseTemplates": {"a": "secret"}}},
                },
            }
        )
    )
    assert "secret" not in json.dumps(found)
    assert found[0]["has_required_parameters"] is found[0]["has_body_model"] is True


def test_any_is_a_verb_and_what_stands_beside_the_operations_is_none() -> None:
    found = definitions.of_export(document(**{ANY: {}, "parameters": [], "x-own": 1, "get": {}}))
    assert [(one["verb"], one["integration_type"]) for one in found] == [("ANY", "MOCK"), ("GET", "MOCK")]
    made = definitions.deployment("api", "d1", found, definitions.EXPORT)
    assert made.derived == {"types": ("MOCK",), "has_http": False, "source": "EXPORT"}


@pytest.mark.parametrize(
    ("operation", "authorization", "key"),
    [
        ({}, "NONE", False),
        ({"security": []}, "NONE", False),
        ({"security": [{"api_key": []}]}, "NONE", True),
        ({"security": [{"sigv4": []}]}, "AWS_IAM", False),
        ({"security": [{"lambda": []}, {"api_key": []}]}, "CUSTOM", True),
        ({"security": [{"pool": ["a/b"]}]}, "COGNITO_USER_POOLS", False),
        ({"security": [{"jwt": []}]}, "JWT", False),
        ({"security": [{"odd": []}]}, None, False),
        ({"security": [{"lambda": []}, {"jwt": []}]}, None, False),
        ({"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}, "AWS_IAM", False),
    ],
)
def test_who_may_call(operation: dict[str, Any], authorization: str | None, key: bool) -> None:
    made = document(get=operation)
    made["components"] = {
        "securitySchemes": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "sigv4": {"type": "apiKey", "x-amazon-apigateway-authtype": "awsSigv4"},
            "lambda": {"type": "apiKey", "x-amazon-apigateway-authtype": "custom"},
            "pool": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools"}},
            "jwt": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "jwt"}},
            "odd": {"type": "apiKey", "x-amazon-apigateway-authtype": "astrology"},
        }
    }
    (found,) = definitions.of_export(made)
    assert (found.get("authorization"), found["api_key_required"]) == (authorization, key)


def test_a_validator_says_what_it_validates() -> None:
    name = "x-amazon-apigateway-request-validator"
    made = document(get={name: "both"}, put={name: "missing"}, post={})
    made["x-amazon-apigateway-request-validators"] = {
        "both": {"validateRequestBody": True, "validateRequestParameters": False}
    }
    found = {one["verb"]: one for one in definitions.of_export(made)}
    assert (found["GET"]["validates_body"], found["GET"]["validates_parameters"]) == (True, False)
    assert "validates_body" not in found["PUT"]
    assert found["POST"]["validates_body"] is False


def test_the_order_of_a_document_makes_no_difference() -> None:
    made = document()
    made["paths"] = {path: dict.fromkeys(("get", "post"), MOCK) for path in ("/b", "/a", "/")}
    turned = document()
    turned["paths"] = dict(reversed([(p, dict(reversed(v.items()))) for p, v in made["paths"].items()]))
    assert definitions.of_export(made) == definitions.of_export(turned)


@pytest.mark.parametrize(
    "odd",
    [
        [],
        {"paths": []},
        {"paths": {"/": None}},
        {"paths": {"/": {"get": "x"}}},
        {"paths": {"/": {"$ref": "#/x"}}},
        {"paths": {"/": {"brew": {}}}},
        {"paths": {"/": {"get": {}, "GET": {}}}},
        {"paths": {"/": {"get": {INTEGRATION: {}}}}},
        {"paths": {"/": {"get": {INTEGRATION: {"type": 7}}}}},
        {"paths": {"/": {"get": {INTEGRATION: {"type": "something_new"}}}}},
        {"paths": {"/": {"get": {INTEGRATION: {"type": "mock", "$ref": "#/x"}}}}},
        {"paths": {"/": {"get": MOCK | {"parameters": [{"$ref": "#/x"}]}}}},
        {"paths": {"/": {"get": MOCK | {"requestBody": {"$ref": "#/x"}}}}},
        {"paths": {"/": {"get": {INTEGRATION: {"type": "http", "uri": []}}}}},
        {"paths": {"/": {"get": {INTEGRATION: "http"}}}},
        {"paths": {"/": {"get": {}}}},
        {"paths": {"/": {"get": MOCK, "put": {INTEGRATION: None}}}},
        {"paths": {"/": {"get": MOCK | {"security": {}}}}},
        {"paths": {}, "components": []},
        {"paths": {"/": {"get": MOCK}}, "openapi": "3.1.0"},
        {"paths": {"/": {"get": MOCK}}, "openapi": None, "swagger": "2.0"},
    ],
)
def test_what_is_no_export_is_a_failure(odd: Any) -> None:
    with pytest.raises(ReadFailure, match="GetExport cannot be trusted"):
        definitions.of_export({"openapi": "3.0.1", **odd} if isinstance(odd, dict) else odd)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
WHOLE: dict[str, Any] = {
    "openapi": "3.0.1",
    "paths": {
        "/a/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True}],
            "get": {
                "security": [{"k": []}],
                "parameters": [{"name": "p", "in": "query"}],
                "requestBody": {"content": {"a": {}}},
                "x-amazon-apigateway-request-validator": "v",
                "x-amazon-apigateway-auth": {"type": "AWS_IAM"},
                INTEGRATION: {
                    "type": "http",
                    "uri": "https://u@h:1/x",
                    "tlsConfig": {},
                    "connectionType": "INTERNET",
                },
            },
        }
    },
    "x-amazon-apigateway-request-validators": {"v": {"validateRequestBody": True}},
    "components": {"securitySchemes": {"k": {"x-amazon-apigateway-authorizer": {"type": "token"}}}},
}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        found += _places(inner, (*path, key))
    return found


@settings(max_examples=300, deadline=None)
@given(where=st.sampled_from(_places(WHOLE)[1:]), put=JSON)
def test_whatever_stands_anywhere_in_an_export_gives_a_definition_or_a_failure(
    where: tuple[Any, ...], put: Any
) -> None:
    spoiled = copy.deepcopy(WHOLE)
    inner: Any = spoiled
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = put
    try:
        found = definitions.of_export(spoiled)
    except ReadFailure:
        return
    made = definitions.deployment("api", "d1", found, definitions.EXPORT)
    assert b"\\u0000" not in orjson.dumps(made.payload)
    assert found == sorted(found, key=lambda one: (one["path"], one["verb"]))
