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

from cmdb.snapshot import Item
from collectors import values
from collectors.errors import malformed
from collectors.pem import parse_pem
from collectors.secrets import looks_secret
from collectors.values import Hasher


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
        raise malformed(operation, "it describes another certificate than the one asked for")
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
