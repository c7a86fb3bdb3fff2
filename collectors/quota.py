"""AWS's request quotas, kept from this side: token buckets per account and region.

API Gateway's control plane allows, per account and region, 10 requests a second with a burst of 40 over all
operations, and 5 GetResources every 2 seconds (API Gateway developer guide, "Quotas for creating, deploying
and managing an API"). The limits here stay a little below: requests arrive at other distances than they were
sent at, and a first request that opens its connection arrives late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests a second in the long run, and how many may go at once after a rest."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one account-region: for all operations together, and for some of their own."""

    overall: Limit
    operations: Mapping[str, Limit] = field(default_factory=dict)


#: 1 % under the rate and 2 under the burst. GetResources go evenly spaced: whether AWS fills a bucket or
#: counts within windows, no two seconds then hold more than five, at the price of four requests' time.
API_GATEWAY = Limits(Limit(9.9, 38.0), {"GetResources": Limit(2.475, 1.0)})


class TokenBucket:
    """Tokens that flow in at a rate up to a burst; not thread-safe by itself."""

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._tokens = limit.burst
        self._at = now

    def wait(self, now: float) -> float:
        """Return the seconds until a token is there."""
        self._refill(now)
        return max(0.0, (1.0 - self._tokens) / self._limit.rate) + max(0.0, self._at - now)

    def take(self, now: float) -> None:
        """Take a token, in advance when there is none yet."""
        self._refill(now)
        self._tokens -= 1.0

    def drain(self, now: float, pause: float = 0.0) -> None:
        """Believe AWS that the quota is used up; tokens flow again after ``pause`` seconds."""
        self._refill(now)
        self._tokens = min(self._tokens, 0.0)
        self._at = max(self._at, now + pause)

    def is_full(self, now: float) -> bool:
        """Tell whether the bucket remembers nothing."""
        self._refill(now)
        return self._tokens >= self._limit.burst and self._at <= now

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._limit.burst, self._tokens + (now - self._at) * self._limit.rate)
            self._at = now


class RegionQuota:
    """The buckets of one account-region, shared by all threads that read it."""

    def __init__(self, limits: Limits, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        now = clock()
        self._overall = TokenBucket(limits.overall, now)
        self._operations = {name: TokenBucket(limit, now) for name, limit in limits.operations.items()}

    def reserve(self, operation: str) -> float:
        """Take a place in line for one request; return the seconds to wait before sending it."""
        with self._lock:
            now = self._clock()
            buckets = self._buckets(operation)
            wait = max(bucket.wait(now) for bucket in buckets)
            for bucket in buckets:
                bucket.take(now)
            return wait

    def throttled(self, operation: str, retry_after: float | None) -> None:
        """AWS refused a request in spite of the buckets: empty them, for ``retry_after`` seconds or more."""
        with self._lock:
            now = self._clock()
            for bucket in self._buckets(operation):
                bucket.drain(now, retry_after or 0.0)

    def is_rested(self) -> bool:
        """Tell whether forgetting this quota would change nothing."""
        with self._lock:
            now = self._clock()
            return all(bucket.is_full(now) for bucket in (self._overall, *self._operations.values()))

    def _buckets(self, operation: str) -> list[TokenBucket]:
        own = self._operations.get(operation)
        return [self._overall] if own is None else [self._overall, own]


class Quotas:
    """The quotas of all account-regions of this process; those at rest are forgotten."""

    _SWEEP = 512

    def __init__(self, limits: Limits | None, clock: Clock = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._quotas: dict[tuple[str, str], RegionQuota] = {}
        self._sweep_at = self._SWEEP

    def of(self, account_id: str, region: str) -> RegionQuota | None:
        """Return an account-region's quota; None when quotas are switched off."""
        if self._limits is None:
            return None
        with self._lock:
            quota = self._quotas.get((account_id, region))
            if quota is None:
                self._sweep()
                quota = self._quotas[account_id, region] = RegionQuota(self._limits, self._clock)
            return quota

    def _sweep(self) -> None:
        if len(self._quotas) >= self._sweep_at:
            self._quotas = {key: quota for key, quota in self._quotas.items() if not quota.is_rested()}
            self._sweep_at = max(self._SWEEP, 2 * len(self._quotas))
