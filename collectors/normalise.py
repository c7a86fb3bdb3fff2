"""AWS's answers as the CMDB's items: pure functions, one per kind of item.

Each takes one record as botocore parsed it and raises ``ReadFailure`` (malformed) when a field that is used
is not what the API Gateway or ACM API reference promises. Payloads keep every other field as AWS sent it.
A creation date that cannot be read is None; an expiry date that cannot be read fails the answer, because
policies rest on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cmdb.snapshot import AccountKey, Item
from collectors import values
from collectors.errors import malformed
from collectors.pem import parse_pem
from collectors.secrets import looks_secret
from collectors.values import Hasher

#: How API Gateway writes a mapping that needs no path.
_NO_PATH = "(none)"


def rest_api(record: Any, hasher: Hasher) -> Item:
    """Return a REST API of GetRestApis."""
    operation = "GetRestApis"
    fields = values.structure(operation, record, "a REST API")
    configuration = fields.get("endpointConfiguration")
    types: tuple[str, ...] = ()
    if configuration is not None:
        listed = values.structure(operation, configuration, "an endpoint configuration").get("types")
        if listed is not None:
            types = _texts(operation, listed, "an endpoint type")
    values.optional_text(operation, fields, "name")
    return Item(
        values.key_text(operation, fields, "id"),
        _payload(operation, fields, hasher),
        derived={"endpoint_types": types, "is_private": set(types) == {"PRIVATE"}},
    )


def stage(rest_api_id: str, record: Any, hasher: Hasher, operation: str = "GetStages") -> Item:
    """Return a stage of GetStages or GetStage; of its variables only names and keyed hashes remain."""
    fields = values.structure(operation, record, "a stage")
    payload = _payload(operation, fields, hasher)
    if fields.get("variables") is not None:
        payload["variables"] = hasher.hide_all(operation, fields["variables"])
    if fields.get("canarySettings") is not None:
        canary = values.structure(operation, fields["canarySettings"], "a stage's canary")
        values.optional_key(operation, canary, "deploymentId")
        open_part = {name: value for name, value in canary.items() if name != "stageVariableOverrides"}
        payload["canarySettings"] = values.clean(operation, open_part)
        if canary.get("stageVariableOverrides") is not None:
            payload["canarySettings"]["stageVariableOverrides"] = hasher.hide_all(
                operation, canary["stageVariableOverrides"]
            )
    variables = [fields.get("variables"), (fields.get("canarySettings") or {}).get("stageVariableOverrides")]
    values.optional_key(operation, fields, "deploymentId")
    named = certificate_named(values.optional_key(operation, fields, "clientCertificateId"))
    return Item(
        values.key_text(operation, fields, "stageName"),
        payload,
        rest_api_id,
        {"client_certificate_id": named, "secret_variables": secret_names(variables)},
    )


def client_certificate(operation: str, record: Any, hasher: Hasher) -> Item:
    """Return a client certificate of GetClientCertificates or GetClientCertificate."""
    fields = values.structure(operation, record, "a client certificate")
    parsed = parse_pem(fields.get("pemEncodedCertificate"))
    return Item(
        values.key_text(operation, fields, "clientCertificateId"),
        _payload(operation, fields, hasher),
        derived={
            "kind": "API_GATEWAY",
            "created_at": values.described_time(fields, "createdDate"),
            "expires_at": values.required_time(operation, fields, "expirationDate") or parsed.not_after,
            "serial": parsed.serial,
            "fingerprint_sha256": parsed.fingerprint_sha256,
            "subject": parsed.subject,
        },
    )


def acm_certificate(arn: str, record: Any, hasher: Hasher) -> Item:
    """Return a certificate of ACM as DescribeCertificate gives it; created when ACM made or imported it."""
    operation = "DescribeCertificate"
    fields = values.structure(operation, record, "a certificate")
    if fields.get("CertificateArn") != arn:
        raise malformed(operation, "it describes another certificate than the requested one")
    payload = _payload(operation, fields, hasher)
    users = payload.get("InUseBy")
    if isinstance(users, list) and all(isinstance(user, str) for user in users):
        # ACM promises no order, and a new order is no change.
        payload["InUseBy"] = sorted(users)
    created: datetime | None = values.described_time(fields, "CreatedAt")
    return Item(
        arn,
        payload,
        derived={
            "kind": "ACM",
            "created_at": created or values.described_time(fields, "ImportedAt"),
            "expires_at": values.required_time(operation, fields, "NotAfter"),
            "serial": values.optional_text(operation, fields, "Serial"),
            "fingerprint_sha256": None,
            "subject": values.optional_text(operation, fields, "Subject"),
        },
    )


def domain_name(record: Any, hasher: Hasher, account: AccountKey, region: str) -> Item:
    """Return a domain name of GetDomainNames; a private one goes by its ARN, since several may share a name."""
    operation = "GetDomainNames"
    fields = values.structure(operation, record, "a domain name")
    name = values.key_text(operation, fields, "domainName")
    key = name
    if values.optional_key(operation, fields, "domainNameId"):
        own_id = values.key_text(operation, fields, "domainNameId")
        partition, account_id = account.partition, account.account_id
        key = values.optional_key(operation, fields, "domainNameArn") or (
            f"arn:{partition}:apigateway:{region}:{account_id}:/domainnames/{name}+{own_id}"
        )
    configuration = fields.get("endpointConfiguration")
    if configuration is not None:
        types = values.structure(operation, configuration, "an endpoint configuration").get("types")
        if types is not None:
            _texts(operation, types, "an endpoint type")
    values.optional_text(operation, fields, "routingMode")
    return Item(key, _payload(operation, fields, hasher))


def domain_mapping(
    domain: str,
    mappings: Iterable[dict[str, Any]] | None,
    rules: Iterable[dict[str, Any]] | None,
    hasher: Hasher,
) -> Item:
    """Return where a domain name leads, from the pages of its mappings and rules (None: they have no effect)."""
    payload: dict[str, Any] = {}
    if mappings is not None:
        found = [_mapping(record) for page in mappings for record in page.get("Items", page.get("items", ()))]
        payload["mappings"] = sorted(found, key=lambda one: (one["path"], one["api_id"]))
    if rules is not None:
        listed = [_rule(record, hasher) for page in rules for record in page["RoutingRules"]]
        payload["routing_rules"] = sorted(
            (rule for each in listed for rule in each), key=lambda one: (one["priority"], one["api_id"])
        )
    led_to = {one["api_id"] for listed in payload.values() for one in listed}
    return Item("", payload, domain, {"api_ids": tuple(sorted(led_to))})


def usage_plan(record: Any, hasher: Hasher) -> Item:
    """Return a usage plan of GetUsagePlans."""
    operation = "GetUsagePlans"
    fields = values.structure(operation, record, "a usage plan")
    payload = _payload(operation, fields, hasher)
    if payload.get("apiStages") is not None:
        stages = values.sequence(operation, payload["apiStages"], "the list of a usage plan's stages")
        # AWS promises no order, and a new order is no change.
        payload["apiStages"] = sorted(
            (values.structure(operation, one, "a usage plan's stage") for one in stages),
            key=lambda one: (str(one.get("apiId")), str(one.get("stage"))),
        )
    if payload.get("throttle") is not None:
        throttle = values.structure(operation, payload["throttle"], "a usage plan's limits")
        for limit in ("rateLimit", "burstLimit"):
            value = throttle.get(limit)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise malformed(operation, f"a {limit} is not a number")
    values.optional_text(operation, fields, "name")
    return Item(values.key_text(operation, fields, "id"), payload)


def account_settings(record: Any, hasher: Hasher) -> Item:
    """Return the settings of an account and region of GetAccount."""
    operation = "GetAccount"
    fields = values.structure(operation, record, "the settings")
    values.structure(operation, fields.get("throttleSettings"), "the settings' limits")
    values.optional_text(operation, fields, "cloudwatchRoleArn")
    payload = _payload(operation, fields, hasher)
    if payload.get("features") is not None:
        payload["features"] = list(_texts(operation, payload["features"], "a feature"))
    return Item("account", payload)


def _mapping(record: Any) -> dict[str, Any]:
    """Return a mapping of GetApiMappings or GetBasePathMappings in one form."""
    fields = values.structure("GetApiMappings", record, "a mapping")
    is_v2 = "ApiId" in fields
    operation = "GetApiMappings" if is_v2 else "GetBasePathMappings"
    api, path, stage = ("ApiId", "ApiMappingKey", "Stage") if is_v2 else ("restApiId", "basePath", "stage")
    found = values.optional_text(operation, fields, path) or ""
    made = {
        "path": "" if found == _NO_PATH else found,
        "api_id": values.key_text(operation, fields, api),
        "stage": values.optional_text(operation, fields, stage),
    }
    return {name: value for name, value in made.items() if value is not None}


def _rule(record: Any, hasher: Hasher) -> list[dict[str, Any]]:
    """Return a routing rule of ListRoutingRules, once for each API that it leads to.

    Patterns of headers may be secrets that callers share: of them only keyed hashes remain.
    """
    operation = "ListRoutingRules"
    fields = values.structure(operation, record, "a routing rule")
    priority = fields.get("Priority")
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise malformed(operation, "a routing rule has no priority")
    common: dict[str, Any] = {"priority": values.clean(operation, priority)}
    paths: list[str] = []
    headers: list[list[str]] = []
    for condition in values.sequence(operation, fields.get("Conditions") or [], "a rule's conditions"):
        given = values.structure(operation, condition, "a rule's condition")
        by_path = values.structure(operation, given.get("MatchBasePaths") or {}, "a rule's condition")
        paths += _texts(operation, by_path.get("AnyOf") or [], "a base path")
        by_header = values.structure(operation, given.get("MatchHeaders") or {}, "a rule's condition")
        for header in values.sequence(operation, by_header.get("AnyOf") or [], "a rule's headers"):
            named = values.structure(operation, header, "a rule's header")
            pattern = values.optional_text(operation, named, "ValueGlob") or ""
            headers.append([values.key_text(operation, named, "Header"), hasher.hide(pattern)])
    if paths:
        common["base_paths"] = paths
    if headers:
        common["headers"] = headers
    made = []
    for action in values.sequence(operation, fields.get("Actions"), "a rule's actions"):
        invoked = values.structure(operation, action, "a rule's action").get("InvokeApi")
        leads_to = values.structure(operation, invoked, "a rule's action")
        parts = {
            "api_id": values.key_text(operation, leads_to, "ApiId"),
            "stage": values.optional_text(operation, leads_to, "Stage"),
            "strips_base_path": leads_to.get("StripBasePath") is True,
        }
        made.append(common | {name: value for name, value in parts.items() if value is not None})
    return made


def _payload(operation: str, fields: dict[str, Any], hasher: Hasher) -> dict[str, Any]:
    """Return all fields fit for storage, but for those that may hold secrets."""
    payload: dict[str, Any] = {}
    for name, value in fields.items():
        if name in {"variables", "canarySettings", "ResponseMetadata"}:
            continue
        if name == "tags" and value is not None:
            payload[name] = hasher.clean_tags(operation, value)
        else:
            payload[name] = values.clean(operation, value)
    return payload


def secret_names(maps: Iterable[dict[str, str] | None]) -> tuple[str, ...] | None:
    """Return the names of variables whose values look like secrets; None: there are no variables."""
    given = [variables for variables in maps if variables]
    if not given:
        return None
    found = {name for variables in given for name, value in variables.items() if looks_secret(name, value)}
    return tuple(sorted(values.clean("GetStages", name) for name in found))


def certificate_named(certificate_id: str | None) -> str | None:
    """Return the certificate that a stage names; a blank name, of whatever white space, names none."""
    return certificate_id if certificate_id and certificate_id.strip() else None


def _texts(operation: str, listed: Any, what: str) -> tuple[str, ...]:
    texts = values.sequence(operation, listed, f"the list of {what}s")
    if not all(isinstance(text, str) and text for text in texts):
        raise malformed(operation, f"{what} is not text")
    return tuple(sorted({values.clean(operation, text) for text in texts}))
