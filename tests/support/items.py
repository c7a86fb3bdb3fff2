"""Items as readers make them, by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from cmdb.snapshot import Item, Reading, ScopeStatus
from collectors import definitions


class CertificateKind(StrEnum):
    """Who keeps a certificate that a stage presents to its backends."""

    API_GATEWAY = "API_GATEWAY"
    ACM = "ACM"


def rest_api(
    rest_api_id: str,
    name: str | None = None,
    endpoint_types: tuple[str, ...] = ("REGIONAL",),
    payload: Mapping[str, Any] | None = None,
) -> Item:
    """Return a REST API; its payload says at least its id, its name and its endpoint types."""
    said: dict[str, Any] = {"id": rest_api_id, "endpointConfiguration": {"types": list(endpoint_types)}}
    if name is not None:
        said["name"] = name
    derived = {"endpoint_types": endpoint_types, "is_private": set(endpoint_types) == {"PRIVATE"}}
    return Item(rest_api_id, {**said, **(payload or {})}, derived=derived)


def stage(
    rest_api_id: str,
    stage_name: str,
    deployment_id: str | None = None,
    client_certificate_id: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Item:
    """Return a stage; its payload says at least its name and what it names."""
    said: dict[str, Any] = {"stageName": stage_name}
    if deployment_id is not None:
        said["deploymentId"] = deployment_id
    if client_certificate_id is not None:
        said["clientCertificateId"] = client_certificate_id
    derived = {"client_certificate_id": client_certificate_id}
    return Item(stage_name, {**said, **(payload or {})}, rest_api_id, derived)


def deployment(rest_api_id: str, deployment_id: str, types: Iterable[str]) -> Item:
    """Return a deployment with a method for each integration type."""
    listed = tuple(sorted(types))
    methods = [
        {"path": f"/path{number}", "verb": "GET", "integration_type": kind}
        for number, kind in enumerate(listed, start=1)
    ]
    return definitions.deployment(rest_api_id, deployment_id, methods, definitions.EXPORT)


def certificate(
    kind: str,
    certificate_id: str,
    created_at: datetime | None = None,
    expires_at: datetime | None = None,
    serial: str | None = None,
    fingerprint_sha256: str | None = None,
    subject: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Item:
    """Return a client certificate."""
    derived = {
        "kind": kind,
        "created_at": created_at,
        "expires_at": expires_at,
        "serial": serial,
        "fingerprint_sha256": fingerprint_sha256,
        "subject": subject,
    }
    return Item(certificate_id, dict(payload or {"clientCertificateId": certificate_id}), derived=derived)


def readings(
    rest_apis: Reading | None = None,
    stages: Reading | None = None,
    deployments: Reading | None = None,
    client_certificates: Reading | None = None,
    acm_certificates: Reading | None = None,
) -> dict[str, Reading]:
    """Return the readings of an account-region; what is not given was read and is empty."""
    given = (rest_apis, stages, deployments, client_certificates, acm_certificates)
    names = ("rest_api", "stage", "deployment", "client_certificate", "acm_certificate")
    return {
        name: Reading(ScopeStatus.COMPLETE) if reading is None else reading
        for name, reading in zip(names, given, strict=True)
    }
