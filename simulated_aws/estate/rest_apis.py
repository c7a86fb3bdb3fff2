"""REST APIs, their resources and stages, and how each looks on the wire.

Field names on the wire are those of botocore's service model of API Gateway (2015-07-09), which writes times
as seconds since the epoch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from simulated_aws.estate.definitions import (
    Authorizer,
    Definition,
    Deployment,
    Method,
    Model,
    RequestValidator,
)

STAGE_SETTINGS = frozenset(
    {
        "description", "cacheClusterEnabled", "cacheClusterSize", "cacheClusterStatus", "methodSettings",
        "variables", "documentationVersion", "accessLogSettings", "canarySettings", "tracingEnabled",
        "webAclArn", "tags",
    }
)  # fmt: skip
"""Stage fields a caller may set freely; the others follow from what happens to the stage."""

API_SETTINGS = frozenset(
    {
        "description", "version", "warnings", "binaryMediaTypes", "minimumCompressionSize", "apiKeySource",
        "policy", "tags", "disableExecuteApiEndpoint", "apiStatus", "apiStatusMessage", "securityPolicy",
        "endpointAccessMode",
    }
)  # fmt: skip
"""REST API fields a caller may set freely."""

DEPLOYED_SETTINGS = frozenset(
    {
        "description", "version", "binaryMediaTypes", "minimumCompressionSize", "apiKeySource", "policy",
        "disableExecuteApiEndpoint",
    }
)  # fmt: skip
"""REST API fields that take effect by a deployment (API Gateway developer guide, on AWS Config)."""


def epoch(moment: datetime) -> int:
    """Return a time as API Gateway and ACM write it: whole seconds since 1970."""
    return int(moment.timestamp())


def escaped_policy(document: Mapping[str, Any]) -> str:
    """Return a resource policy as API Gateway shows it: JSON whose quotes and slashes are escaped again.

    boto3 thus gives text such as ``{\\"Version\\":\\"2012-10-17\\"}``, which is no JSON before it is
    unescaped (seen so by cartography and the Terraform provider for AWS).
    """
    text = json.dumps(document, separators=(",", ":"))
    return json.dumps(text)[1:-1].replace("/", "\\/")


def unescaped_policy(text: str) -> Any:
    """Return the document that ``escaped_policy`` wrote; any other text as it is."""
    try:
        return json.loads(json.loads(f'"{text}"'))
    except json.JSONDecodeError:
        return text


@dataclass(slots=True)
class Stage:
    """A stage. ``client_certificate_id`` may be an id, an ACM ARN, blank, or ``None`` (field absent)."""

    name: str
    deployment_id: str
    created_at: datetime
    updated_at: datetime
    client_certificate_id: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def canary_deployment_id(self) -> str | None:
        """The deployment that the canary serves; ``None``: there is no canary."""
        canary: dict[str, Any] | None = self.settings.get("canarySettings")
        return None if canary is None else canary.get("deploymentId")

    def wire(self) -> dict[str, Any]:
        """Return the stage as GetStage and GetStages write it."""
        body: dict[str, Any] = {"deploymentId": self.deployment_id, "stageName": self.name}
        if self.client_certificate_id is not None:
            body["clientCertificateId"] = self.client_certificate_id
        body |= {
            "cacheClusterEnabled": False,
            "cacheClusterStatus": "NOT_AVAILABLE",
            "methodSettings": {},
            "tracingEnabled": False,
        }
        body |= self.settings
        body["createdDate"] = epoch(self.created_at)
        body["lastUpdatedDate"] = epoch(self.updated_at)
        return body


@dataclass(slots=True)
class Resource:
    """A path of a REST API's draft with its methods by verb."""

    id: str
    path: str
    parent_id: str | None
    methods: dict[str, Method] = field(default_factory=dict)

    @property
    def integration_types(self) -> set[str]:
        """The integration types of its methods."""
        return {each.integration.type for each in self.methods.values() if each.integration is not None}

    def wire(self, *, embed_methods: bool) -> dict[str, Any]:
        """Return the resource as GetResources writes it; methods are empty unless embedded."""
        body: dict[str, Any] = {"id": self.id}
        if self.parent_id is not None:
            body["parentId"] = self.parent_id
            body["pathPart"] = self.path.rsplit("/", 1)[-1]
        body["path"] = self.path
        if self.methods:
            body["resourceMethods"] = {
                verb: method.wire(verb, self.id) if embed_methods else {}
                for verb, method in self.methods.items()
            }
        return body


@dataclass(slots=True)
class RestApi:
    """A REST API: its draft (resources by id, and what methods refer to), deployments and stages."""

    id: str
    name: str
    created_at: datetime
    endpoint_types: tuple[str, ...] = ("REGIONAL",)
    vpc_endpoint_ids: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    validators: dict[str, RequestValidator] = field(default_factory=dict)
    authorizers: dict[str, Authorizer] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    exportable: bool = True
    """Whether deployments made from now on can be exported."""
    _snapshot: Definition | None = None

    def resource_at(self, path: str) -> Resource:
        """Return the draft's resource at a path.

        :raises KeyError: when the draft has none there.
        """
        for each in self.resources.values():
            if each.path == path:
                return each
        raise KeyError(path)

    def draft_changed(self) -> None:
        """Note that the draft is no longer what was deployed last."""
        self._snapshot = None

    def snapshot(self) -> Definition:
        """Return the draft as a deployment keeps it: the same one as long as the draft does not change."""
        if self._snapshot is None:
            self._snapshot = Definition(
                self.name,
                {name: value for name, value in self.settings.items() if name in DEPLOYED_SETTINGS},
                MappingProxyType(
                    {each.path: MappingProxyType(dict(each.methods)) for each in self.resources.values()}
                ),
                dict(self.validators),
                dict(self.authorizers),
                dict(self.models),
                {each.path: each.id for each in self.resources.values()},
                self.exportable,
            )
        return self._snapshot

    def served(self, stage_name: str) -> Definition:
        """Return what a stage serves beside its canary.

        :raises KeyError: when there is no such stage.
        """
        return self.deployments[self.stages[stage_name].deployment_id].definition

    def wire(self) -> dict[str, Any]:
        """Return the API as GetRestApis writes it."""
        root = next((each.id for each in self.resources.values() if each.parent_id is None), None)
        configuration: dict[str, Any] = {"types": list(self.endpoint_types), "ipAddressType": "ipv4"}
        if self.vpc_endpoint_ids:
            configuration["vpcEndpointIds"] = list(self.vpc_endpoint_ids)
        body: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "createdDate": epoch(self.created_at),
            "apiKeySource": "HEADER",
            "endpointConfiguration": configuration,
            "disableExecuteApiEndpoint": False,
        }
        if root is not None:
            body["rootResourceId"] = root
        return body | self.settings
