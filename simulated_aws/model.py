"""What an account-region of the simulated AWS holds, and how each thing looks on the wire.

Field names on the wire are those of the botocore service models of API Gateway (2015-07-09) and ACM
(2015-12-08); both write times as seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulated_aws.certificates import client_certificate_pem, serial_number

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

INTEGRATION_TYPES = frozenset({"HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK"})


def epoch(moment: datetime) -> int:
    """Return a time as API Gateway and ACM write it: whole seconds since 1970."""
    return int(moment.timestamp())


@dataclass(slots=True)
class Stage:
    """A stage. ``client_certificate_id`` may be an id, an ACM ARN, blank, or ``None`` (field absent)."""

    name: str
    deployment_id: str
    created_at: datetime
    updated_at: datetime
    client_certificate_id: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """Return the stage as GetStages writes it."""
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
    """A path of a REST API; ``methods`` maps an HTTP method to its integration type (``None``: none set)."""

    id: str
    path: str
    parent_id: str | None
    methods: dict[str, str | None] = field(default_factory=dict)

    def wire(self, *, embed_methods: bool) -> dict[str, Any]:
        """Return the resource as GetResources writes it; methods are empty unless embedded."""
        body: dict[str, Any] = {"id": self.id}
        if self.parent_id is not None:
            body["parentId"] = self.parent_id
            body["pathPart"] = self.path.rsplit("/", 1)[-1]
        body["path"] = self.path
        if self.methods:
            body["resourceMethods"] = {
                verb: self._method(verb, kind) if embed_methods else {} for verb, kind in self.methods.items()
            }
        return body

    def _method(self, verb: str, kind: str | None) -> dict[str, Any]:
        method: dict[str, Any] = {
            "httpMethod": verb,
            "authorizationType": "NONE",
            "apiKeyRequired": False,
            "methodResponses": {"200": {"statusCode": "200"}},
        }
        if kind is not None:
            integration: dict[str, Any] = {
                "type": kind,
                "passthroughBehavior": "WHEN_NO_MATCH",
                "timeoutInMillis": 29000,
                "cacheNamespace": self.id,
                "cacheKeyParameters": [],
            }
            if kind in {"HTTP", "HTTP_PROXY"}:
                integration |= {"httpMethod": verb, "uri": f"https://backend.example.com{self.path}"}
            method["methodIntegration"] = integration
        return method


@dataclass(slots=True)
class RestApi:
    """A REST API with its stages (by name) and resources (by id)."""

    id: str
    name: str
    created_at: datetime
    endpoint_types: tuple[str, ...] = ("REGIONAL",)
    settings: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """Return the API as GetRestApis writes it."""
        root = next((each.id for each in self.resources.values() if each.parent_id is None), None)
        body: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "createdDate": epoch(self.created_at),
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": list(self.endpoint_types), "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": False,
        }
        if root is not None:
            body["rootResourceId"] = root
        return body | self.settings


@dataclass(slots=True)
class ClientCertificate:
    """A client certificate of API Gateway; its PEM is made when it is first asked for."""

    id: str
    created_at: datetime
    expires_at: datetime
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    _pem: str | None = None

    @property
    def pem(self) -> str:
        """The public certificate in PEM."""
        if self._pem is None:
            self._pem = client_certificate_pem(self.id, self.created_at, self.expires_at)
        return self._pem

    def wire(self) -> dict[str, Any]:
        """Return the certificate as GetClientCertificates writes it."""
        body: dict[str, Any] = {"clientCertificateId": self.id}
        if self.description is not None:
            body["description"] = self.description
        body |= {
            "pemEncodedCertificate": self.pem,
            "createdDate": epoch(self.created_at),
            "expirationDate": epoch(self.expires_at),
        }
        if self.tags:
            body["tags"] = self.tags
        return body


@dataclass(slots=True)
class AcmCertificate:
    """A certificate of ACM, imported or of a private CA; dates are ``None`` while it is pending."""

    arn: str
    domain: str
    created_at: datetime
    not_before: datetime | None
    not_after: datetime | None
    status: str = "ISSUED"
    type: str = "PRIVATE"

    def wire(self) -> dict[str, Any]:
        """Return the certificate as DescribeCertificate writes it."""
        digits = f"{serial_number(self.arn):032x}"
        body: dict[str, Any] = {
            "CertificateArn": self.arn,
            "DomainName": self.domain,
            "SubjectAlternativeNames": [self.domain],
            "Serial": ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
            "Subject": f"CN={self.domain}",
            "Issuer": "Example Private CA",
            "CreatedAt": epoch(self.created_at),
            "Status": self.status,
            "KeyAlgorithm": "RSA-2048",
            "SignatureAlgorithm": "SHA256WITHRSA",
            "InUseBy": [],
            "Type": self.type,
            "RenewalEligibility": "INELIGIBLE",
        }
        if self.not_before is not None:
            body["NotBefore"] = epoch(self.not_before)
        if self.not_after is not None:
            body["NotAfter"] = epoch(self.not_after)
        return body
