"""A collector of the model's AWS: hands over what a real one would, by the input contract of the CMDB."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cmdb.snapshot import (
    AccountKey,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    Item,
    KnownRegion,
    Reading,
    ScopeStatus,
)
from tests.model import truth
from tests.model.truth import Faults, Region, is_acm, names_one
from tests.support import items
from tests.support.answers import with_answers
from tests.support.items import CertificateKind

DENIED = Failure(FailureKind.DENIED, "GetSomething", "It was denied.")


def read(
    region: Region, faults: Faults, known: KnownRegion, methods_due: frozenset[str]
) -> AccountRegionSnapshot:
    """Read an account-region."""
    apis, stages, integrations, named = _read_apis(region, faults, known, methods_due)
    certificates = _read_certificates(region, faults, known, named)
    if faults.backwards:
        for listed in (apis.items, stages.items, integrations.items, certificates.items):
            listed.reverse()
    snapshot = AccountRegionSnapshot(
        AccountKey("aws", region.account_id),
        region.name,
        items.readings(apis, stages, integrations, certificates, _read_acm(region, faults, named)),
    )
    return snapshot if faults.answerless else with_answers(snapshot)


def _read_apis(
    region: Region, faults: Faults, known: KnownRegion, methods_due: frozenset[str]
) -> tuple[Reading, Reading, Reading, set[str]]:
    if faults.apis:
        failed: dict[str, Any] = {"status": ScopeStatus.FAILED, "failure": DENIED}
        named = {name for names in known.named_certificates.values() for name in names}
        return Reading(**failed), Reading(**failed), Reading(**failed), named
    apis = Reading(ScopeStatus.COMPLETE, items=[_rest_api(name, api) for name, api in region.apis.items()])
    stages: Reading = Reading(ScopeStatus.COMPLETE)
    integrations: Reading = Reading(ScopeStatus.COMPLETE)
    named = set()
    for name, api in region.apis.items():
        if name in faults.stages_of:
            stages.unread[name] = integrations.unread[name] = DENIED
            named |= known.named_certificates.get(name, frozenset())
            continue
        stages.items += [_stage(name, stage_name, stage) for stage_name, stage in api.stages.items()]
        named |= truth.named_by(api.stages.values())
        if not _is_due(name, api, known, methods_due):
            continue
        if name in faults.methods_of:
            integrations.unread[name] = DENIED
        else:
            integrations.items.append(items.integration(name, tuple(sorted(api.types)), _deployments(api)))
    if stages.unread:
        everything = len(stages.unread) == len(region.apis)
        _spoil(stages, ScopeStatus.FAILED if everything else ScopeStatus.PARTIAL)
        _spoil(integrations, ScopeStatus.FAILED if everything else ScopeStatus.PARTIAL)
    elif integrations.unread:
        _spoil(integrations, ScopeStatus.PARTIAL)
    return apis, stages, integrations, named


def _read_certificates(region: Region, faults: Faults, known: KnownRegion, named: Iterable[str]) -> Reading:
    if faults.certificates:
        return Reading(ScopeStatus.FAILED, DENIED)
    there = region.certificates
    listed = there.keys() - faults.hidden
    reading = Reading(
        ScopeStatus.COMPLETE,
        items=[_certificate(CertificateKind.API_GATEWAY, name, there[name]) for name in sorted(listed)],
        absent=set(known.absent_certificates - listed),
    )
    wanted = {name for name in named if not is_acm(name) and names_one(name)}
    for name in sorted(wanted - listed - reading.absent):
        if faults.second_look:
            reading.unread[name] = DENIED
        elif name in there:
            reading.items.append(_certificate(CertificateKind.API_GATEWAY, name, there[name]))
        else:
            reading.absent.add(name)
    if reading.unread:
        _spoil(reading, ScopeStatus.PARTIAL)
    return reading


def _read_acm(region: Region, faults: Faults, named: Iterable[str]) -> Reading:
    reading: Reading = Reading(ScopeStatus.COMPLETE)
    wanted = sorted(name for name in named if is_acm(name))
    for name in wanted:
        if name in faults.acm:
            reading.unread[name] = DENIED
        elif name in region.acm:
            reading.items.append(_certificate(CertificateKind.ACM, name, region.acm[name]))
        else:
            reading.absent.add(name)
    if reading.unread:
        everything = len(reading.unread) == len(wanted)
        _spoil(reading, ScopeStatus.FAILED if everything else ScopeStatus.PARTIAL)
    return reading


def _spoil(reading: Reading, status: ScopeStatus) -> None:
    reading.status, reading.failure = status, DENIED
    if status is ScopeStatus.FAILED:
        reading.unread = {}
        reading.items = []


def _is_due(name: str, api: truth.Api, known: KnownRegion, methods_due: frozenset[str]) -> bool:
    if set(api.endpoint_types) == {"PRIVATE"} or not api.stages:
        return False
    before = known.methods.get(name)
    return before is None or before.deployment_ids != frozenset(_deployments(api)) or name in methods_due


def _deployments(api: truth.Api) -> tuple[str, ...]:
    return tuple(sorted({stage.deployment for stage in api.stages.values() if stage.deployment}))


def _rest_api(rest_api_id: str, api: truth.Api) -> Item:
    payload = {
        "id": rest_api_id,
        "name": api.name,
        "endpointConfiguration": {"types": list(api.endpoint_types)},
        "description": api.note,
        "apiStatus": api.noise,
    }
    return items.rest_api(rest_api_id, api.name, api.endpoint_types, payload)


def _stage(rest_api_id: str, name: str, stage: truth.Stage) -> Item:
    payload = {
        "stageName": name,
        "deploymentId": stage.deployment,
        "clientCertificateId": stage.certificate,
        "description": stage.note,
        "cacheClusterStatus": stage.noise,
    }
    return items.stage(rest_api_id, name, stage.deployment, stage.certificate, payload)


def _certificate(kind: CertificateKind, certificate_id: str, certificate: truth.Certificate) -> Item:
    expires_at: datetime | None = certificate.expires_at
    payload = {"id": certificate_id, "expires": str(expires_at), "description": certificate.note}
    return items.certificate(
        kind, certificate_id, None, expires_at, serial=None, fingerprint_sha256=None, subject=None,
        payload=payload,
    )  # fmt: skip
