"""What a collection would cost, before a call is made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from collectors.apigateway import PAGE_SIZE
from collectors.quota import Limit, Limits


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls to API Gateway and to ACM, and the least seconds that the quota of one account-region allows."""

    api_gateway_calls: int
    get_resources_calls: int
    acm_calls: int
    seconds: float


def estimate(
    *,
    rest_apis: int,
    methods_due: int,
    client_certificates: int,
    acm_certificates: int,
    limits: Limits | None,
) -> Estimate:
    """Return the cost of reading an account-region of this size.

    ``methods_due`` counts APIs whose methods would be read, each taken to fit one page of resources.
    """
    calls = _pages(rest_apis) + rest_apis + methods_due + _pages(client_certificates)
    seconds = 0.0
    if limits is not None:
        seconds = _least(calls, limits.overall)
        own = limits.operations.get("GetResources")
        if own is not None:
            seconds = max(seconds, _least(methods_due, own))
    return Estimate(calls, methods_due, acm_certificates, seconds)


def _pages(items: int) -> int:
    return max(1, math.ceil(items / PAGE_SIZE))


def _least(calls: int, limit: Limit) -> float:
    return max(0.0, (calls - limit.burst) / limit.rate)
