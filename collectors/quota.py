"""AWS's request quotas, kept from this side: token buckets per account and region.

API Gateway's control plane allows, per account and region, 10 requests a second with a burst of 40 over all
operations, and 5 GetResources every 2 seconds (API Gateway developer guide, "Quotas for creating, deploying
and managing an API"). The limits here stay a little below: requests arrive at other distances than they were
sent at, and a first request that opens its connection arrives late. How much that shifts grows with the rate,
so the margin does too.

The quota is shared with everybody who manages API Gateway there. A share of it is taken, so a 429 was not of
this process's making: it halves what is taken, and after a minute without another one it grows back, as TCP
shares a line among those who know nothing of each other.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, insort
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

    def share(self, part: float) -> Limits:
        """Return limits that take a part of these, bursts included; a burst is one request at least."""

        def of(limit: Limit) -> Limit:
            return Limit(limit.rate * part, max(1.0, limit.burst * part))

        return Limits(of(self.overall), {name: of(limit) for name, limit in self.operations.items()})


#: The part of the quota that is taken where nothing else is said.
DEFAULT_SHARE = 0.8
#: What AWS allows in an account-region, over all operations.
QUOTA = Limit(10.0, 40.0)
#: The whole of it, 1 % under the rate and 2 under the burst. GetResources go evenly spaced: whether AWS fills
#: a bucket or counts within windows, no two seconds then hold more than five, at the price of four requests'
#: time.
API_GATEWAY = Limits(Limit(9.9, 38.0), {"GetResources": Limit(2.475, 1.0)})
#: The part of it that is taken by default.
API_GATEWAY_SHARED = API_GATEWAY.share(DEFAULT_SHARE)


#: After a 429: what is taken is halved, an eighth of the limits at least stays, nothing grows for a minute,
#: and then a half comes back in every further minute.
_BACK, _LEAST, _HOLD, _RECOVERY = 0.5, 0.125, 60.0, 0.5 / 60.0
#: Seconds within which several 429s are one step back: they answer requests that were under way together.
_TOGETHER = 1.0
#: Seconds over which requests are counted, to say how much of the quota was taken.
_WINDOWS = (1.0, 10.0)


class TokenBucket:
    """Tokens that flow in at a rate up to a burst; not thread-safe on its own."""

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._tokens = limit.burst
        self._at = now

    def wait(self, now: float, part: float = 1.0) -> float:
        """Return the seconds until a token is there, ``part`` of the limit being used."""
        self._refill(now, part)
        missing = max(0.0, (1.0 - self._tokens) / (self._limit.rate * part))
        return missing + max(0.0, self._at - now)

    def take(self, now: float, part: float = 1.0) -> None:
        """Take a token, in advance when there is none yet."""
        self._refill(now, part)
        self._tokens -= 1.0

    def drain(self, now: float, pause: float = 0.0, part: float = 1.0) -> None:
        """Believe AWS that the quota is used up; tokens flow again after ``pause`` seconds."""
        self._refill(now, part)
        self._tokens = min(self._tokens, 0.0)
        self._at = max(self._at, now + pause)

    def is_full(self, now: float) -> bool:
        """Return whether the bucket remembers nothing."""
        self._refill(now, 1.0)
        return self._tokens >= self._limit.burst and self._at <= now

    def _refill(self, now: float, part: float) -> None:
        if now > self._at:
            flowed = (now - self._at) * self._limit.rate * part
            self._tokens = min(max(1.0, self._limit.burst * part), self._tokens + flowed)
            self._at = now


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of an account-region's quota a process took.

    ``peak_per_second``: most requests within one second. ``share``: the smallest part of AWS's quota, burst
    included, that holds what was sent in any second and in any ten. ``step_backs``: how often a 429 made the
    process take less.
    """

    requests: int = 0
    peak_per_second: int = 0
    share: float = 0.0
    step_backs: int = 0


class RegionQuota:
    """The buckets of one account-region, shared by all threads that read it."""

    def __init__(self, limits: Limits, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        now = clock()
        self._overall = TokenBucket(limits.overall, now)
        self._operations = {name: TokenBucket(limit, now) for name, limit in limits.operations.items()}
        self._part = 1.0
        self._stepped_at = now - _HOLD
        self._sent: list[float] = []
        self._requests = self._peak = self._steps = 0
        self._share = 0.0

    def reserve(self, operation: str) -> float:
        """Take a place in line for one request; return the seconds to wait before sending it."""
        with self._lock:
            now = self._clock()
            part = self._part_now(now)
            buckets = self._buckets(operation)
            wait = max(bucket.wait(now, part) for bucket in buckets)
            for bucket in buckets:
                bucket.take(now, part)
            self._note(now + wait)
            return wait

    def throttled(self, operation: str, retry_after: float | None) -> None:
        """AWS refused a request in spite of the buckets: others use the quota too.

        The buckets are emptied, for ``retry_after`` seconds or more, and less is taken for a while.
        """
        with self._lock:
            now = self._clock()
            part = self._part_now(now)
            for bucket in self._buckets(operation):
                bucket.drain(now, retry_after or 0.0, part)
            if self._steps == 0 or now - self._stepped_at >= _TOGETHER:
                self._part = max(_LEAST, part * _BACK)
                self._stepped_at = now
                self._steps += 1

    def use(self) -> QuotaUse:
        """Return what was taken since the last time that this was asked."""
        with self._lock:
            taken = QuotaUse(self._requests, self._peak, self._share, self._steps)
            self._requests = self._peak = self._steps = 0
            self._share = 0.0
            return taken

    def is_rested(self) -> bool:
        """Return whether forgetting this quota would change nothing."""
        with self._lock:
            now = self._clock()
            if self._part_now(now) < 1.0:
                return False
            return all(bucket.is_full(now) for bucket in (self._overall, *self._operations.values()))

    def _part_now(self, now: float) -> float:
        """Return the part of the limits that is taken at this time."""
        return min(1.0, self._part + max(0.0, now - self._stepped_at - _HOLD) * _RECOVERY)

    def _note(self, at: float) -> None:
        """Count a request that is sent at this time."""
        self._requests += 1
        insort(self._sent, at)
        last = self._sent[-1]
        del self._sent[: bisect_left(self._sent, last - _WINDOWS[-1])]
        for seconds in _WINDOWS:
            count = len(self._sent) - bisect_left(self._sent, last - seconds)
            if seconds == 1.0:
                self._peak = max(self._peak, count)
            self._share = max(self._share, count / (QUOTA.burst + QUOTA.rate * seconds))

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
