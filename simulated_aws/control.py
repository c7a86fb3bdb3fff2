"""A side door for a simulated AWS in another process: counts, and switches, over HTTP.

``GET /-/report`` lists requests by operation and status, and how the quota was kept. ``POST /-/clear``
empties the log and fills the quota's buckets. ``POST /-/settings`` takes ``{"quota": bool, "latency_ms":
number, "faults": probability, "fault_seed": number}``, each optional. ``POST /-/redeploy`` takes ``{"share":
number, "seed": text}``, lets that share of all REST APIs be edited and deployed, and returns how many were.
"""

from __future__ import annotations

from typing import Any

import orjson

from simulated_aws.http.http11 import Request
from simulated_aws.http.responses import failure, success
from simulated_aws.scenarios.scaled import redeploy
from simulated_aws.service import Service
from simulated_aws.services.calls import Answer
from simulated_aws.services.errors import AwsError, not_simulated

CONTROL_PREFIX = "/-/"
_REDEPLOY = frozenset({"share", "seed"})
_SETTINGS = frozenset({"quota", "latency_ms", "faults", "fault_seed"})


def control(service: Service, request: Request) -> bytes:
    """Carry out one request of the side door; return the whole response."""
    asked = (request.method, request.target)
    try:
        if asked == ("GET", "/-/report"):
            return success("apigateway", Answer(orjson.dumps(_report(service)))).encode()
        if asked == ("POST", "/-/clear"):
            service.log.clear()
            service.quota.clear()
            return success("apigateway", Answer(b"{}")).encode()
        if asked == ("POST", "/-/settings"):
            _set(service, request.body)
            return success("apigateway", Answer(b"{}")).encode()
        if asked == ("POST", "/-/redeploy"):
            return success("apigateway", Answer(orjson.dumps(_redeploy(service, request.body)))).encode()
        raise not_simulated(f"{request.method} {request.target}")
    except AwsError as error:
        return failure("apigateway", error).encode()


def _redeploy(service: Service, body: bytes) -> dict[str, int]:
    wanted = _read(body, _REDEPLOY)
    with service.estate.lock:
        share, seed = float(wanted.get("share", 1.0)), str(wanted.get("seed", ""))
        return {"rest_apis": redeploy(service.estate, share, seed=seed)}


def _read(body: bytes, known: frozenset[str]) -> dict[str, Any]:
    try:
        wanted: dict[str, Any] = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AwsError(400, "BadRequestException", "Settings are a JSON object.") from None
    if unknown := wanted.keys() - known:
        raise AwsError(400, "BadRequestException", f"There is no setting {sorted(unknown)[0]!r}.")
    return wanted


def _set(service: Service, body: bytes) -> None:
    wanted = _read(body, _SETTINGS)
    service.quota_enabled = bool(wanted.get("quota", service.quota_enabled))
    service.latency_ms = float(wanted.get("latency_ms", service.latency_ms))
    if "faults" in wanted:
        service.faults.at_random(float(wanted["faults"]), seed=int(wanted.get("fault_seed", 0)))


def _report(service: Service) -> dict[str, Any]:
    rates = service.log.rates()
    operations: dict[str, dict[str, int]] = {}
    for (operation, status), times in sorted(service.log.operations().items()):
        operations.setdefault(operation, {})[str(status)] = times
    return {
        "requests": sum(service.log.counts().values()),
        "account_regions": len(service.log.counts()),
        "operations": operations,
        "most_in_a_second": max((each.most_in_a_second for each in rates), default=0),
        "worst_overdraft": max((each.overdraft for each in rates), default=0.0),
        "worst_resources_overdraft": max((each.resources_overdraft for each in rates), default=0.0),
    }
