"""The oracle's policies: the design's tables of conditions, top to bottom, as plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.model.knowledge import Knowledge, KnownApi, KnownCertificate, KnownRegion, KnownStage, StageKey
from tests.model.truth import names_one

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"
POLICIES = (EXPIRY, SSL)

_UNDETERMINED = ("inventory_stale", "integrations_unknown", "certificates_unknown", "expiry_unknown")
_STATUSES = {
    SSL: {
        "stage_disappeared": "DISAPPEARED",
        "private_endpoint": "INAPPLICABLE",
        "no_http_integration": "INAPPLICABLE",
        "certificate_empty": "INCOMPLIANT",
        "certificate_deleted": "INCOMPLIANT",
        "certificate_present": "COMPLIANT",
        **dict.fromkeys(_UNDETERMINED, "UNDETERMINED"),
    },
    EXPIRY: {
        "stage_disappeared": "DISAPPEARED",
        "private_endpoint": "INAPPLICABLE",
        "no_http_integration": "INAPPLICABLE",
        "certificate_empty": "INAPPLICABLE",
        "certificate_deleted": "INAPPLICABLE",
        "certificate_expired": "INCOMPLIANT",
        "certificate_expires_soon": "INCOMPLIANT",
        "certificate_valid": "COMPLIANT",
        **dict.fromkeys(_UNDETERMINED, "UNDETERMINED"),
    },
}


@dataclass(frozen=True)
class Rules:
    """What an evaluation is told."""

    max_staleness: timedelta = timedelta(hours=72)
    days: int = 30


def status_of(policy_id: str, condition: str) -> str:
    """Return the status that a condition gives."""
    return _STATUSES[policy_id][condition]


def verdicts(known: Knowledge, policy_id: str, as_of: datetime, rules: Rules) -> dict[StageKey, str]:
    """Return the condition of every stage ever known, as of a time."""
    found = {}
    judge = _ssl if policy_id == SSL else _expiry
    for key, region in known.regions.items():
        for rest_api_id, api in region.apis.items():
            for name, stage in api.stages.items():
                condition = _always(api, stage, as_of, rules) or judge(region, api, stage, as_of, rules)
                found[(*key, rest_api_id, name)] = condition
    return found


def _always(api: KnownApi, stage: KnownStage, as_of: datetime, rules: Rules) -> str | None:
    if stage.gone_at is not None:
        return "stage_disappeared"
    return None if _is_fresh(api.stages_read_at, as_of, rules) else "inventory_stale"


def _ssl(region: KnownRegion, api: KnownApi, stage: KnownStage, as_of: datetime, rules: Rules) -> str:
    return (
        _about_api(api, stage)
        or ("certificate_empty" if not names_one(stage.certificate) else None)
        or _about_certificate(_certificate(region, stage), api, stage, as_of, rules)
        or "certificate_present"
    )


def _expiry(region: KnownRegion, api: KnownApi, stage: KnownStage, as_of: datetime, rules: Rules) -> str:
    if not names_one(stage.certificate):
        return "certificate_empty"
    certificate = _certificate(region, stage)
    condition = _about_api(api, stage) or _about_certificate(certificate, api, stage, as_of, rules)
    if condition is not None or certificate is None:
        return condition or "certificates_unknown"
    if certificate.expires_at is None:
        return "expiry_unknown"
    if certificate.expires_at <= as_of:
        return "certificate_expired"
    soon = certificate.expires_at <= as_of + timedelta(days=rules.days)
    return "certificate_expires_soon" if soon else "certificate_valid"


def _about_api(api: KnownApi, stage: KnownStage) -> str | None:
    """Return what keeps a stage from calling HTTP backends, or from being known to."""
    if api.is_private:
        return "private_endpoint"
    # A stage always serves a deployment, named or not; a canary only where it has one.
    served = [None if stage.deployment is None else api.deployments.get(stage.deployment)]
    if stage.canary is not None:
        served.append(api.deployments.get(stage.canary))
    if any(types & {"HTTP", "HTTP_PROXY"} for types in served if types is not None):
        return None
    return "integrations_unknown" if None in served else "no_http_integration"


def _about_certificate(
    certificate: KnownCertificate | None, api: KnownApi, stage: KnownStage, as_of: datetime, rules: Rules
) -> str | None:
    """Return what keeps a certificate from being there: not known, or proven deleted.

    The proof has to be younger than the stage's naming the certificate, and the stage has to name it still.
    """
    if certificate is None or not _is_fresh(certificate.read_at, as_of, rules):
        return "certificates_unknown"
    if certificate.absent_since is None:
        return None if certificate.followed else "certificates_unknown"
    assert api.stages_read_at is not None
    is_later = stage.named_at <= certificate.read_at and certificate.absent_since <= api.stages_read_at
    return "certificate_deleted" if is_later else "certificates_unknown"


def _certificate(region: KnownRegion, stage: KnownStage) -> KnownCertificate | None:
    return None if stage.certificate is None else region.certificates.get(stage.certificate)


def _is_fresh(read_at: datetime | None, as_of: datetime, rules: Rules) -> bool:
    return read_at is not None and as_of - read_at <= rules.max_staleness
