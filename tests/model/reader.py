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


def read(region: Region, faults: Faults, known: KnownRegion) -> AccountRegionSnapshot:
    """Read an account-region."""
    apis, stages, deployments, named = _read_apis(region, faults, known)
    certificates = _read_certificates(region, faults, known, named)
    if faults.backwards:
        for listed in (apis.items, stages.items, deployments.items, certificates.items):
            listed.reverse()
    snapshot = AccountRegionSnapshot(
        AccountKey("aws", region.account_id),
        region.name,
        items.readings(apis, stages, deployments, certificates, _read_acm(region, faults, named)),
    )
    return snapshot if faults.answerless else with_answers(snapshot)


def _read_apis(
    region: Region, faults: Faults, known: KnownRegion
) -> tuple[Reading, Reading, Reading, set[str]]:
    if faults.apis:
        failed: dict[str, Any] = {"status": ScopeStatus.FAILED, "failure": DENIED}
        named = {name for names in known.named_certificates.values() for name in names}
        return Reading(**failed), Reading(**failed), Reading(**failed), named
    apis = Reading(ScopeStatus.COMPLETE, items=[_rest_api(name, api) for name, api in region.apis.items()])
    stages: Reading = Reading(ScopeStatus.COMPLETE)
    deployments: Reading = Reading(ScopeStatus.COMPLETE)
    named = set()
    for name, api in region.apis.items():
        if name in faults.stages_of:
            stages.unread[name] = deployments.unread[name] = DENIED
            named |= known.named_certificates.get(name, frozenset())
            continue
        stages.items += [_stage(name, stage_name, stage) for stage_name, stage in api.stages.items()]
        named |= truth.named_by(api.stages.values())
        known_already = frozenset() if faults.forgetful else known.deployments.get(name, frozenset())
        for deployment_id, exported in api.exported().items():
            if deployment_id in known_already:
                continue
            if (name, exported) in faults.exports_of:
                deployments.unread[name] = DENIED
            else:
                deployments.items.append(
                    items.deployment(name, deployment_id, api.deployments[deployment_id])
                )
    if stages.unread:
        everything = len(stages.unread) == len(region.apis)
        _spoil(stages, ScopeStatus.FAILED if everything else ScopeStatus.PARTIAL)
        _spoil(deployments, ScopeStatus.FAILED if everything else ScopeStatus.PARTIAL)
    elif deployments.unread:
        _spoil(deployments, ScopeStatus.PARTIAL)
    return apis, stages, deployments, named


def _read_certificates(region: Region, faults: Faults, known: KnownRegion, named: Iterable[str]) -> Reading:
    if faults.certificates:
        return Reading(ScopeStatus.FAILED, DENIED)
    there = region.certificates
    listed = there.keys() - faults.hidden
    reading = Reading(
        ScopeStatus.COMPLETE,
        items=[_certificate(CertificateKind.API_GATEWAY, name, there[name]) for name in sorted(listed)],
        absent={name for name in known.absent_certificates - listed if not is_acm(name)},
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
        **({} if stage.canary is None else {"canarySettings": {"deploymentId": stage.canary}}),
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
