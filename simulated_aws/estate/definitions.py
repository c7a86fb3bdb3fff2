"""What a REST API consists of: methods, integrations, validators, authorizers, models.

All of it is immutable. An API's draft points to such values and replaces them; a deployment keeps those that
the draft pointed to when it was made. Field names follow the shapes ``Method`` and ``Integration`` of
botocore's service model of API Gateway (2015-07-09).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

INTEGRATION_TYPES = frozenset({"HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK"})
CONNECTION_TYPES = frozenset({"INTERNET", "VPC_LINK"})
AUTHORIZATION_TYPES = frozenset({"NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "JWT"})
AUTHORIZER_TYPES = frozenset({"TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT"})
VERBS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"})


def _one_of(value: str | None, known: frozenset[str], what: str) -> None:
    if value is not None and value not in known:
        raise ValueError(f"API Gateway has no {what} {value!r}")


@dataclass(frozen=True, slots=True)
class Integration:
    """The backend of a method. What is ``None`` or empty is left out on the wire.

    ``insecure_skip_verification`` is ``tlsConfig.insecureSkipVerification``; ``None``: no ``tlsConfig``.
    """

    type: str
    uri: str | None = None
    http_method: str | None = None
    connection_type: str | None = None
    connection_id: str | None = None
    integration_target: str | None = None
    insecure_skip_verification: bool | None = None
    credentials: str | None = None
    request_parameters: Mapping[str, str] = field(default_factory=dict)
    request_templates: Mapping[str, str] = field(default_factory=dict)
    passthrough_behavior: str = "WHEN_NO_MATCH"
    content_handling: str | None = None
    timeout_in_millis: int = 29000
    response_transfer_mode: str | None = None
    cache_key_parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _one_of(self.type, INTEGRATION_TYPES, "integration type")
        _one_of(self.connection_type, CONNECTION_TYPES, "connection type")

    def wire(self) -> dict[str, Any]:
        """Return the fields that GetResources and an export have in common, names and values as stored."""
        given = {
            "uri": self.uri,
            "httpMethod": self.http_method,
            "connectionType": self.connection_type,
            "connectionId": self.connection_id,
            "integrationTarget": self.integration_target,
            "credentials": self.credentials,
            "requestParameters": dict(self.request_parameters),
            "requestTemplates": dict(self.request_templates),
            "contentHandling": self.content_handling,
            "responseTransferMode": self.response_transfer_mode,
        }
        body: dict[str, Any] = {name: value for name, value in given.items() if value}
        if self.insecure_skip_verification is not None:
            body["tlsConfig"] = {"insecureSkipVerification": self.insecure_skip_verification}
        return body


@dataclass(frozen=True, slots=True)
class Method:
    """A verb of a path. ``request_parameters`` maps ``method.request.querystring.page`` to "is required".

    ``request_models`` maps a content type to a model's name. ``auth_extension`` lets an export say how
    callers are authorized by ``x-amazon-apigateway-auth`` instead of a security scheme.
    """

    integration: Integration | None = None
    authorization_type: str = "NONE"
    authorizer_id: str | None = None
    authorization_scopes: tuple[str, ...] = ()
    api_key_required: bool = False
    request_validator_id: str | None = None
    operation_name: str | None = None
    request_parameters: Mapping[str, bool] = field(default_factory=dict)
    request_models: Mapping[str, str] = field(default_factory=dict)
    response_model: str | None = None
    auth_extension: bool = False

    def __post_init__(self) -> None:
        _one_of(self.authorization_type, AUTHORIZATION_TYPES, "authorization type")

    def wire(self, verb: str, resource_id: str) -> dict[str, Any]:
        """Return the method as GetResources writes it with ``embed=methods``."""
        response: dict[str, Any] = {"statusCode": "200"}
        if self.response_model is not None:
            response["responseModels"] = {"application/json": self.response_model}
        body: dict[str, Any] = {
            "httpMethod": verb,
            "authorizationType": self.authorization_type,
            "apiKeyRequired": self.api_key_required,
            "methodResponses": {"200": response},
        }
        given = {
            "authorizerId": self.authorizer_id,
            "authorizationScopes": list(self.authorization_scopes),
            "requestValidatorId": self.request_validator_id,
            "operationName": self.operation_name,
            "requestParameters": dict(self.request_parameters),
            "requestModels": dict(self.request_models),
        }
        body |= {name: value for name, value in given.items() if value}
        if self.integration is not None:
            integration = {
                "type": self.integration.type,
                "passthroughBehavior": self.integration.passthrough_behavior,
                "timeoutInMillis": self.integration.timeout_in_millis,
                "cacheNamespace": resource_id,
                "cacheKeyParameters": list(self.integration.cache_key_parameters),
            }
            body["methodIntegration"] = integration | self.integration.wire()
        return body


@dataclass(frozen=True, slots=True)
class RequestValidator:
    """Which parts of a request are checked; one that checks neither is possible on AWS too."""

    id: str
    name: str
    validate_request_body: bool
    validate_request_parameters: bool


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Who decides whether a call is let in: a Lambda function, Cognito user pools, or a JWT issuer."""

    id: str
    name: str
    type: str
    uri: str | None = None
    provider_arns: tuple[str, ...] = ()
    identity_source: str = "method.request.header.Authorization"
    ttl_in_seconds: int = 300
    jwt_configuration: Mapping[str, Any] | None = None
    """``jwtConfiguration`` of a JWT authorizer: its issuers, with audiences, and algorithms."""

    def __post_init__(self) -> None:
        _one_of(self.type, AUTHORIZER_TYPES, "authorizer type")


@dataclass(frozen=True, slots=True)
class Model:
    """A JSON schema by name."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A snapshot of an API: what calls of a stage get that serves it.

    ``paths`` maps a path to its methods by verb; a path without methods is there, with none;
    ``resource_ids`` maps it to the id of its resource. ``settings`` are the wire fields of the API that take
    effect by a deployment only (``policy``, ``apiKeySource``, ...).
    """

    name: str
    settings: Mapping[str, Any]
    paths: Mapping[str, Mapping[str, Method]]
    validators: Mapping[str, RequestValidator]
    authorizers: Mapping[str, Authorizer]
    models: Mapping[str, Model]
    resource_ids: Mapping[str, str]
    exportable: bool = True

    def summary(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what GetDeployment embeds as ``apiSummary``."""
        return {
            path: {
                verb: {
                    "authorizationType": method.authorization_type,
                    "apiKeyRequired": method.api_key_required,
                }
                for verb, method in methods.items()
            }
            for path, methods in self.paths.items()
            if methods
        }

    @property
    def can_be_exported(self) -> bool:
        """Whether AWS can export it: every method with request models has one for ``application/json``.

        API Gateway developer guide, "Export a REST API": an API whose payloads are not of that type cannot be
        exported. An API may also be marked as one that cannot be, for whatever other reason.
        """
        return self.exportable and all(
            not method.request_models or "application/json" in method.request_models
            for methods in self.paths.values()
            for method in methods.values()
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment: a definition with an id. It never changes."""

    id: str
    created_at: datetime
    definition: Definition
    description: str | None = None

    def wire(self, *, embed_summary: bool = False) -> dict[str, Any]:
        """Return the deployment as GetDeployment writes it."""
        body: dict[str, Any] = {"id": self.id, "createdDate": int(self.created_at.timestamp())}
        if self.description is not None:
            body["description"] = self.description
        if embed_summary:
            body["apiSummary"] = self.definition.summary()
        return body
