"""A collector of the model's AWS: hands over what a real one would, by the input contract of the CMDB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from cmdb.items import item_type as declared_as
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
from collectors import definitions
from tests.model import truth
from tests.model.payloads import derived, payload
from tests.model.truth import PARENTS, Definition, Faults, Region, Target, is_acm, names_one
from tests.support import items
from tests.support.answers import with_answers
from tests.support.items import CertificateKind

DENIED = Failure(FailureKind.DENIED, "GetSomething", "It was denied.")


_SPELLED = {
    "plain": lambda path: path[1:],
    "escaped": lambda path: path.replace("/", "~1"),
    "leading": lambda path: path,
}
_POLICIES = {
    "everybody": {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"},
    "somebody": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "execute-api:Invoke",
        "Resource": "*",
    },
}


def read(
    region: Region, faults: Faults, known: KnownRegion, *, wanted: Collection[str], private: bool
) -> AccountRegionSnapshot:
    """Read of an account-region what is wanted; what private APIs serve where ``private``."""
    apis, stages, deployments, named = _read_apis(region, faults, known, private=private)
    certificates = _read_certificates(region, faults, known, named)
    _look_again(region, faults, known, stages, certificates)
    if faults.backwards:
        for listed in (apis.items, stages.items, deployments.items, certificates.items):
            listed.reverse()
    readings = items.readings(apis, stages, deployments, certificates, _read_acm(region, faults, named))
    readings |= {name: _read_others(region, faults, name) for name in PARENTS if name in wanted}
    snapshot = AccountRegionSnapshot(AccountKey("aws", region.account_id), region.name, readings)
    return snapshot if faults.answerless else with_answers(snapshot)


def _read_others(region: Region, faults: Faults, item_type: str) -> Reading:
    if faults.fails(item_type):
        return Reading(ScopeStatus.FAILED, DENIED)
    unread = dict.fromkeys(faults.unread(region, item_type), DENIED)
    reading = Reading(ScopeStatus.COMPLETE, unread=unread)
    for (_, parent, key), seed in region.there(item_type).items():
        if parent in unread:
            continue
        if item_type == "draft":
            assert parent is not None
            reading.items.append(definitions.draft(parent, _methods(region.apis[parent].draft)))
        else:
            said = payload(item_type, key, seed)
            # No stage but those of REST APIs names a certificate here: what collectors look for stays theirs.
            computed = derived(declared_as(item_type), said)
            computed |= {name: None for name in computed if name == "client_certificate_id"}
            reading.items.append(Item(key, said, parent, computed))
    if unread:
        everything = len(unread) == len(set(region.parents(item_type)))
        _spoil(reading, ScopeStatus.FAILED if everything else ScopeStatus.PARTIAL)
    if faults.backwards:
        reading.items.reverse()
    return reading


def _read_apis(
    region: Region, faults: Faults, known: KnownRegion, *, private: bool
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
        listed = {key: faults.listed(name, key, stage) for key, stage in api.stages.items()}
        stages.items += [_stage(name, key, stage) for key, stage in listed.items()]
        named |= truth.named_by(listed.values())
        known_already = frozenset() if faults.forgetful else known.deployments.get(name, frozenset())
        for deployment_id, exported in api.exported(private=private).items():
            if deployment_id in known_already:
                continue
            if (name, exported) in faults.exports_of:
                deployments.unread[name] = DENIED
            else:
                methods = _methods(api.deployments[deployment_id])
                deployments.items.append(
                    definitions.deployment(name, deployment_id, methods, definitions.EXPORT)
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


def _look_again(
    region: Region, faults: Faults, known: KnownRegion, stages: Reading, certificates: Reading
) -> None:
    """Look again at the stages that name what is newly proven absent, and take them as they are by now."""
    proven = certificates.absent - known.absent_certificates
    for number, item in enumerate(stages.items):
        assert item.parent is not None
        if item.derived["client_certificate_id"] in proven:
            stages.items[number] = _stage(item.parent, item.key, region.apis[item.parent].stages[item.key])


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
    said = {
        "id": rest_api_id,
        "name": api.name,
        "endpointConfiguration": {"types": list(api.endpoint_types)},
        "description": api.note,
        "apiStatus": api.noise,
    }
    if api.policy is not None:
        said["policy"] = (
            json.dumps({"Version": "2012-10-17", "Statement": [_POLICIES[api.policy]]})
            if api.policy in _POLICIES
            else "this is {no policy"
        )
    return items.rest_api(rest_api_id, api.name, api.endpoint_types, said)


def _stage(rest_api_id: str, name: str, stage: truth.Stage) -> Item:
    """Return a stage as AWS shows it: what is None is left out."""
    canary = {} if stage.canary is None else {"deploymentId": stage.canary}
    if stage.overrides is not None:
        canary["stageVariableOverrides"] = _hidden(stage.overrides)
    said = {
        "stageName": name,
        "deploymentId": stage.deployment,
        "clientCertificateId": stage.certificate,
        "documentationVersion": str(stage.note),
        "cacheClusterStatus": stage.noise,
        "tracingEnabled": stage.traces,
        "description": stage.description,
        "tags": dict.fromkeys(sorted(stage.tags), "yes") or None,
        "webAclArn": stage.web_acl,
        "accessLogSettings": None if stage.access_log is None else {"destinationArn": stage.access_log},
        "cacheClusterEnabled": stage.caches,
        "methodSettings": {_spelled(target): dict(said) for target, said in stage.settings.items()} or None,
        "variables": None if stage.variables is None else _hidden(stage.variables),
        "canarySettings": canary or None,
    }
    made = items.stage(
        rest_api_id,
        name,
        stage.deployment,
        stage.certificate,
        {k: v for k, v in said.items() if v is not None},
    )
    given = [*(stage.variables or {}).items(), *(stage.overrides or {}).items()]
    secrets = tuple(sorted({variable for variable, is_secret in given if is_secret})) if given else None
    return Item(made.key, made.payload, made.parent, {**made.derived, "secret_variables": secrets})


def _hidden(variables: Mapping[str, bool]) -> dict[str, str]:
    """Return variables with hashes of their values."""
    return {
        name: hashlib.sha256(f"{name} {secret}".encode()).hexdigest() for name, secret in variables.items()
    }


def _spelled(target: Target) -> str:
    if target.path == "*":
        return f"*/{target.verb}"
    return f"{_SPELLED[target.spelling](target.path)}/{target.verb}"


def _methods(definition: Definition) -> list[dict[str, Any]]:
    """Return methods as they are kept of an export: what it did not say is left out."""
    said = [
        {
            "path": method.path,
            "verb": method.verb,
            "integration_type": method.integration,
            "uri_scheme": method.scheme,
            "authorization": method.authorization,
            "api_key_required": method.needs_key,
        }
        for method in sorted(definition, key=lambda method: (method.path, method.verb))
    ]
    return [{name: value for name, value in one.items() if value is not None} for one in said]


def _certificate(kind: CertificateKind, certificate_id: str, certificate: truth.Certificate) -> Item:
    expires_at: datetime | None = certificate.expires_at
    said = {"id": certificate_id, "expires": str(expires_at), "description": certificate.note}
    return items.certificate(
        kind, certificate_id, None, expires_at, serial=None, fingerprint_sha256=None, subject=None,
        payload=said,
    )  # fmt: skip
