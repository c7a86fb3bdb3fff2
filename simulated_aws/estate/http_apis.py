"""HTTP and WebSocket APIs: how they look on the wire of API Gateway V2, and what can happen to them.

Field names on the wire are those of botocore's service model of API Gateway V2 (2018-11-29), which writes
times as ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulated_aws.estate.ground import Ground, refuse_unknown
from simulated_aws.regions import DNS_SUFFIX

HTTP_API_SETTINGS = frozenset(
    {
        "corsConfiguration", "description", "disableExecuteApiEndpoint", "disableSchemaValidation",
        "importInfo", "ipAddressType", "tags", "version", "warnings", "apiGatewayManaged",
        "apiKeySelectionExpression", "routeSelectionExpression",
    }
)  # fmt: skip
"""Fields of an HTTP or WebSocket API that a caller may set freely."""

HTTP_STAGE_SETTINGS = frozenset(
    {
        "accessLogSettings", "apiGatewayManaged", "autoDeploy", "clientCertificateId",
        "defaultRouteSettings", "deploymentId", "description", "lastDeploymentStatusMessage",
        "routeSettings", "stageVariables", "tags",
    }
)  # fmt: skip
"""Fields of a stage of such an API that a caller may set freely."""

ROUTE_SETTINGS = frozenset(
    {
        "apiGatewayManaged", "apiKeyRequired", "authorizationScopes", "authorizationType", "authorizerId",
        "modelSelectionExpression", "operationName", "requestModels", "requestParameters",
        "routeResponseSelectionExpression", "target",
    }
)  # fmt: skip
"""Fields of a route that a caller may set freely."""

HTTP_INTEGRATION_SETTINGS = frozenset(
    {
        "apiGatewayManaged", "connectionId", "connectionType", "contentHandlingStrategy", "credentialsArn",
        "description", "integrationMethod", "integrationResponseSelectionExpression", "integrationSubtype",
        "integrationUri", "passthroughBehavior", "payloadFormatVersion", "requestParameters",
        "requestTemplates", "responseParameters", "templateSelectionExpression", "timeoutInMillis",
        "tlsConfig",
    }
)  # fmt: skip
"""Fields of an integration of such an API that a caller may set freely."""

PROTOCOLS = frozenset({"HTTP", "WEBSOCKET"})
_INTEGRATION_TYPES = frozenset({"AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"})


def iso(moment: datetime) -> str:
    """Return a time as API Gateway V2 writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class HttpStage:
    """A stage of an HTTP or WebSocket API."""

    name: str
    protocol: str
    created_at: datetime
    updated_at: datetime
    settings: dict[str, Any] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """Return the stage as GetStages of API Gateway V2 writes it."""
        route_settings: dict[str, Any] = {"detailedMetricsEnabled": False}
        if self.protocol == "WEBSOCKET":
            route_settings |= {"dataTraceEnabled": False, "loggingLevel": "OFF"}
        body: dict[str, Any] = {
            "stageName": self.name,
            "createdDate": iso(self.created_at),
            "lastUpdatedDate": iso(self.updated_at),
            "defaultRouteSettings": route_settings,
            "routeSettings": {},
            "stageVariables": {},
            "tags": {},
        }
        return body | self.settings


@dataclass(slots=True)
class HttpApi:
    """An HTTP or WebSocket API with its stages (by name), routes and integrations (by id)."""

    id: str
    name: str
    protocol: str
    created_at: datetime
    endpoint: str
    settings: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, HttpStage] = field(default_factory=dict)
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)
    integrations: dict[str, dict[str, Any]] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """Return the API as GetApis writes it."""
        expression = "$request.method $request.path" if self.protocol == "HTTP" else "$request.body.action"
        body: dict[str, Any] = {
            "apiEndpoint": self.endpoint,
            "apiId": self.id,
            "apiKeySelectionExpression": "$request.header.x-api-key",
            "createdDate": iso(self.created_at),
            "disableExecuteApiEndpoint": False,
            "ipAddressType": "ipv4",
            "name": self.name,
            "protocolType": self.protocol,
            "routeSelectionExpression": expression,
            "tags": {},
        }
        return body | self.settings


class HttpApis(Ground):
    """HTTP and WebSocket APIs of an account-region; ``http_apis`` holds them by id."""

    def __init__(self, **grounds: Any) -> None:
        super().__init__(**grounds)
        self.http_apis: dict[str, HttpApi] = {}

    def add_http_api(
        self, name: str, protocol: str = "HTTP", *, created_at: datetime | None = None, **settings: Any
    ) -> HttpApi:
        """Create an API of protocol ``HTTP`` or ``WEBSOCKET``; ``settings`` are wire fields."""
        if protocol not in PROTOCOLS:
            raise ValueError(f"API Gateway has no protocol {protocol!r}")
        refuse_unknown(settings, HTTP_API_SETTINGS, "HTTP API")
        with self._lock:
            made_id = self._new_id(10)
            scheme = "https" if protocol == "HTTP" else "wss"
            endpoint = f"{scheme}://{made_id}.execute-api.{self.region}.{DNS_SUFFIX[self.partition]}"
            made = HttpApi(made_id, name, protocol, created_at or self._clock(), endpoint, dict(settings))
            self.http_apis[made.id] = made
            return self._changed(made)

    def update_http_api(self, api_id: str, **settings: Any) -> None:
        """Set wire fields of an API; ``None`` takes one away."""
        refuse_unknown(settings, HTTP_API_SETTINGS, "HTTP API")
        with self._lock:
            api = self.http_apis[api_id]
            api.settings = _merged(api.settings, settings)
            self._changed(None)

    def delete_http_api(self, api_id: str) -> None:
        """Delete an API with all it has."""
        with self._lock:
            self._deleted["http api", api_id] = self.http_apis.pop(api_id)
            self._changed(None)

    def restore_http_api(self, api_id: str) -> HttpApi:
        """Bring back a deleted API under the same id."""
        with self._lock:
            found: HttpApi = self._deleted.pop(("http api", api_id))
            self.http_apis[api_id] = found
            return self._changed(found)

    def add_http_stage(
        self, api_id: str, name: str = "$default", *, created_at: datetime | None = None, **settings: Any
    ) -> HttpStage:
        """Create a stage of an API; ``settings`` are wire fields (``clientCertificateId``, ...)."""
        refuse_unknown(settings, HTTP_STAGE_SETTINGS, "stage of an HTTP API")
        with self._lock:
            api = self.http_apis[api_id]
            made_at = created_at or self._clock()
            made = HttpStage(name, api.protocol, made_at, made_at, dict(settings))
            api.stages[name] = made
            return self._changed(made)

    def update_http_stage(self, api_id: str, name: str, **settings: Any) -> None:
        """Set wire fields of a stage; ``None`` takes one away."""
        refuse_unknown(settings, HTTP_STAGE_SETTINGS, "stage of an HTTP API")
        with self._lock:
            stage = self.http_apis[api_id].stages[name]
            stage.settings = _merged(stage.settings, settings)
            stage.updated_at = self._clock()
            self._changed(None)

    def delete_http_stage(self, api_id: str, name: str) -> None:
        """Delete a stage of an API."""
        with self._lock:
            del self.http_apis[api_id].stages[name]
            self._changed(None)

    def add_http_integration(self, api_id: str, kind: str = "HTTP_PROXY", **settings: Any) -> str:
        """Add an integration to an API (``AWS_PROXY``, ``HTTP_PROXY``, ...); return its id."""
        if kind not in _INTEGRATION_TYPES:
            raise ValueError(f"API Gateway has no integration type {kind!r}")
        refuse_unknown(settings, HTTP_INTEGRATION_SETTINGS, "integration of an HTTP API")
        with self._lock:
            api = self.http_apis[api_id]
            made = {
                "integrationId": self._new_id(7),
                "integrationType": kind,
                "connectionType": "INTERNET",
                "integrationMethod": "POST" if kind.startswith("AWS") else "ANY",
                "payloadFormatVersion": "1.0",
                "timeoutInMillis": 30000 if api.protocol == "HTTP" else 29000,
            }
            api.integrations[str(made["integrationId"])] = made | settings
            return self._changed(str(made["integrationId"]))

    def update_http_integration(self, api_id: str, integration_id: str, **settings: Any) -> None:
        """Set wire fields of an integration; ``None`` takes one away."""
        refuse_unknown(settings, HTTP_INTEGRATION_SETTINGS, "integration of an HTTP API")
        self._replace(lambda api: api.integrations, api_id, integration_id, settings)

    def add_route(
        self, api_id: str, key: str = "$default", *, integration_id: str | None = None, **settings: Any
    ) -> str:
        """Add a route (``GET /orders``, ``$connect``) to an API; return its id. Without more it is open."""
        refuse_unknown(settings, ROUTE_SETTINGS, "route")
        with self._lock:
            api = self.http_apis[api_id]
            made: dict[str, Any] = {
                "routeId": self._new_id(7),
                "routeKey": key,
                "apiKeyRequired": False,
                "authorizationType": "NONE",
            }
            if integration_id is not None:
                made["target"] = f"integrations/{api.integrations[integration_id]['integrationId']}"
            api.routes[str(made["routeId"])] = made | settings
            return self._changed(str(made["routeId"]))

    def update_route(self, api_id: str, route_id: str, **settings: Any) -> None:
        """Set wire fields of a route (``authorizationType``, ...); ``None`` takes one away."""
        refuse_unknown(settings, ROUTE_SETTINGS, "route")
        self._replace(lambda api: api.routes, api_id, route_id, settings)

    def delete_route(self, api_id: str, route_id: str) -> None:
        """Delete a route of an API."""
        with self._lock:
            del self.http_apis[api_id].routes[route_id]
            self._changed(None)

    def delete_http_integration(self, api_id: str, integration_id: str) -> None:
        """Delete an integration of an API."""
        with self._lock:
            del self.http_apis[api_id].integrations[integration_id]
            self._changed(None)

    def _replace(
        self,
        kind: Callable[[HttpApi], dict[str, dict[str, Any]]],
        api_id: str,
        part_id: str,
        settings: dict[str, Any],
    ) -> None:
        with self._lock:
            parts = kind(self.http_apis[api_id])
            parts[part_id] = _merged(parts[part_id], settings)
            self._changed(None)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return fields with new values; those that are ``None`` are gone."""
    return {name: value for name, value in (old | new).items() if value is not None}
