"""Custom domain names, what they lead to, and how each looks on the wire of both API Gateway models.

API Gateway developer guide, "Custom domain names" and "Routing rules": a public domain name (edge or
regional) is unique in its region; a private one has an id beside its name, and several may share a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulated_aws.estate.ground import Ground, refuse_unknown
from simulated_aws.estate.rest_apis import epoch
from simulated_aws.regions import DNS_SUFFIX

DOMAIN_SETTINGS = frozenset(
    {
        "securityPolicy", "endpointAccessMode", "mutualTlsAuthentication", "tags", "routingMode", "policy",
        "managementPolicy", "domainNameStatus", "domainNameStatusMessage",
        "ownershipVerificationCertificateArn",
    }
)  # fmt: skip
"""Domain name fields a caller may set freely."""

NO_PATH = "(none)"
"""How API Gateway writes a mapping that needs no path."""

_EDGE_ZONE = "Z2FDTNDATAQYW2"
_V2_ROUTING = {
    "BASE_PATH_MAPPING_ONLY": "API_MAPPING_ONLY",
    "ROUTING_RULE_ONLY": "ROUTING_RULE_ONLY",
    "ROUTING_RULE_THEN_BASE_PATH_MAPPING": "ROUTING_RULE_THEN_API_MAPPING",
}
_ENDPOINT_TYPES = frozenset({"EDGE", "REGIONAL", "PRIVATE"})


@dataclass(frozen=True, slots=True)
class ApiMapping:
    """A path of a domain name (empty: any) that leads to a stage of an API of any kind."""

    id: str
    api_id: str
    stage: str
    path: str = ""

    def wire(self) -> dict[str, Any]:
        """Return the mapping as GetBasePathMappings writes it."""
        return {"basePath": self.path or NO_PATH, "restApiId": self.api_id, "stage": self.stage}

    def v2_wire(self) -> dict[str, Any]:
        """Return the mapping as GetApiMappings writes it."""
        return {
            "apiId": self.api_id,
            "apiMappingId": self.id,
            "apiMappingKey": self.path,
            "stage": self.stage,
        }


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """A rule by which a domain name leads to a stage of a REST API; the lowest priority comes first."""

    id: str
    priority: int
    api_id: str
    stage: str
    conditions: tuple[Mapping[str, Any], ...] = ()
    strip_base_path: bool = False

    def wire(self, arn: str) -> dict[str, Any]:
        """Return the rule as ListRoutingRules writes it."""
        action = {"apiId": self.api_id, "stage": self.stage, "stripBasePath": self.strip_base_path}
        return {
            "actions": [{"invokeApi": action}],
            "conditions": [dict(each) for each in self.conditions],
            "priority": self.priority,
            "routingRuleArn": f"{arn}/routingrules/{self.id}",
            "routingRuleId": self.id,
        }


@dataclass(slots=True)
class DomainName:
    """A custom domain name. ``id`` is that of a private one, ``None`` for all others."""

    name: str
    endpoint_type: str
    id: str | None
    created_at: datetime
    arn: str
    target: str
    certificate_arn: str
    settings: dict[str, Any] = field(default_factory=dict)
    mappings: dict[str, ApiMapping] = field(default_factory=dict)
    rules: dict[str, RoutingRule] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What distinguishes it from all others: its name, with the id of a private one."""
        return self.name if self.id is None else f"{self.name}+{self.id}"

    def wire(self) -> dict[str, Any]:
        """Return the domain name as GetDomainNames writes it."""
        private = self.endpoint_type == "PRIVATE"
        body: dict[str, Any] = {
            "domainName": self.name,
            "domainNameArn": self.arn,
            "endpointConfiguration": {
                "types": [self.endpoint_type],
                "ipAddressType": "dualstack" if private else "ipv4",
            },
            "domainNameStatus": "AVAILABLE",
            "securityPolicy": "TLS_1_2",
            "routingMode": "BASE_PATH_MAPPING_ONLY",
        }
        if self.endpoint_type == "REGIONAL":
            body |= {
                "regionalDomainName": self.target,
                "regionalHostedZoneId": "ZLY8HYME6SFDD",
                "regionalCertificateArn": self.certificate_arn,
            }
        else:
            body |= {
                "certificateArn": self.certificate_arn,
                "certificateUploadDate": epoch(self.created_at),
            }
        if self.endpoint_type == "EDGE":
            body |= {"distributionDomainName": self.target, "distributionHostedZoneId": _EDGE_ZONE}
        if self.id is not None:
            body["domainNameId"] = self.id
        return body | self.settings

    def v2_wire(self) -> dict[str, Any]:
        """Return the domain name as GetDomainNames of API Gateway V2 writes it."""
        shown = self.wire()
        configuration = {
            "apiGatewayDomainName": self.target,
            "certificateArn": self.certificate_arn,
            "domainNameStatus": shown["domainNameStatus"],
            "endpointType": self.endpoint_type,
            "hostedZoneId": shown.get("regionalHostedZoneId", _EDGE_ZONE),
            "ipAddressType": shown["endpointConfiguration"]["ipAddressType"],
            "securityPolicy": shown["securityPolicy"],
        }
        body: dict[str, Any] = {
            "apiMappingSelectionExpression": "$request.basepath",
            "domainName": self.name,
            "domainNameArn": self.arn,
            "domainNameConfigurations": [configuration],
            "routingMode": _V2_ROUTING[shown["routingMode"]],
        }
        return body | {name: shown[name] for name in ("mutualTlsAuthentication", "tags") if name in shown}


class DomainNames(Ground):
    """Custom domain names of an account-region, by key (see ``DomainName.key``)."""

    def __init__(self, **grounds: Any) -> None:
        super().__init__(**grounds)
        self.domain_names: dict[str, DomainName] = {}

    def add_domain_name(
        self,
        name: str,
        *,
        endpoint_type: str = "REGIONAL",
        certificate_arn: str | None = None,
        created_at: datetime | None = None,
        **settings: Any,
    ) -> DomainName:
        """Create a custom domain name (``REGIONAL``, ``EDGE``, ``PRIVATE``); ``settings`` are wire fields."""
        if endpoint_type not in _ENDPOINT_TYPES:
            raise ValueError(f"API Gateway has no endpoint type {endpoint_type!r}")
        _check(settings)
        with self._lock:
            label = self._new_id(10)
            private = endpoint_type == "PRIVATE"
            own_id = label if private else None
            owner = self.account_id if private else ""
            key = f"{name}+{label}" if private else name
            if key in self.domain_names:
                raise ValueError(f"there is a domain name {name} already")
            suffix = DNS_SUFFIX[self.partition]
            made = DomainName(
                name,
                endpoint_type,
                own_id,
                created_at or self._clock(),
                f"arn:{self.partition}:apigateway:{self.region}:{owner}:/domainnames/{key}",
                {
                    "EDGE": f"{label}.cloudfront.net",
                    "REGIONAL": f"d-{label}.execute-api.{self.region}.{suffix}",
                }.get(endpoint_type, name),
                certificate_arn
                or f"arn:{self.partition}:acm:{self.region}:{self.account_id}:certificate/{label}",
                dict(settings),
            )
            self.domain_names[key] = made
            return self._changed(made)

    def update_domain_name(self, key: str, **settings: Any) -> None:
        """Set wire fields of a domain name (``securityPolicy``, ``mutualTlsAuthentication``, ...)."""
        with self._lock:
            domain = self.domain_names[key]
            _check(domain.settings | settings)
            domain.settings |= settings
            self._changed(None)

    def clear_domain_name(self, key: str, *settings: str) -> None:
        """Take wire fields of a domain name away."""
        refuse_unknown(dict.fromkeys(settings), DOMAIN_SETTINGS, "domain name")
        with self._lock:
            for setting in settings:
                self.domain_names[key].settings.pop(setting, None)
            self._changed(None)

    def delete_domain_name(self, key: str) -> None:
        """Delete a domain name with its mappings and rules."""
        with self._lock:
            self._deleted["domain name", key] = self.domain_names.pop(key)
            self._changed(None)

    def restore_domain_name(self, key: str) -> DomainName:
        """Bring back a deleted domain name."""
        with self._lock:
            found: DomainName = self._deleted.pop(("domain name", key))
            self.domain_names[key] = found
            return self._changed(found)

    def map_api(self, key: str, api_id: str, stage: str, *, path: str = "") -> str:
        """Let a path of a domain name (``orders/v1``; empty: any) lead to a stage; return its id."""
        with self._lock:
            domain = self.domain_names[key]
            if any(each.path == path for each in domain.mappings.values()):
                raise ValueError(f"path {path!r} of {key} leads somewhere already")
            made = ApiMapping(self._new_id(6), api_id, stage, path)
            domain.mappings[made.id] = made
            return self._changed(made.id)

    def unmap_api(self, key: str, mapping_id: str) -> None:
        """Delete a mapping of a domain name."""
        with self._lock:
            del self.domain_names[key].mappings[mapping_id]
            self._changed(None)

    def add_routing_rule(
        self,
        key: str,
        api_id: str,
        stage: str,
        *,
        priority: int,
        base_paths: Sequence[str] = (),
        headers: Iterable[tuple[str, str]] = (),
        strip_base_path: bool = False,
    ) -> str:
        """Add a routing rule for calls of base paths and headers (name, pattern); return its id."""
        conditions: list[Mapping[str, Any]] = [
            {"matchHeaders": {"anyOf": [{"header": name, "valueGlob": glob}]}} for name, glob in headers
        ]
        if base_paths:
            conditions.append({"matchBasePaths": {"anyOf": list(base_paths)}})
        with self._lock:
            domain = self.domain_names[key]
            if any(each.priority == priority for each in domain.rules.values()):
                raise ValueError(f"{key} has a rule of priority {priority} already")
            made = RoutingRule(self._new_id(6), priority, api_id, stage, tuple(conditions), strip_base_path)
            domain.rules[made.id] = made
            return self._changed(made.id)

    def delete_routing_rule(self, key: str, rule_id: str) -> None:
        """Delete a routing rule of a domain name."""
        with self._lock:
            del self.domain_names[key].rules[rule_id]
            self._changed(None)


def _check(settings: Mapping[str, Any]) -> None:
    refuse_unknown(settings, DOMAIN_SETTINGS, "domain name")
    if settings.get("routingMode", "ROUTING_RULE_ONLY") not in _V2_ROUTING:
        raise ValueError(f"API Gateway has no routing mode {settings['routingMode']!r}")
    # API Gateway developer guide, "Security policies": enhanced ones go without mutual TLS.
    enhanced = str(settings.get("securityPolicy", "")).startswith("SecurityPolicy_")
    if enhanced and settings.get("mutualTlsAuthentication") is not None:
        raise ValueError("mutual TLS does not go with an enhanced security policy")
