"""API Gateway's fixed control-plane quotas, as token buckets per account and region.

API Gateway developer guide, "Quotas for creating, deploying and managing an API": all operations together
10 requests a second with a burst of 40; GetResources 5 requests every 2 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

RATE = 10.0
BURST = 40.0
RESOURCES_RATE = 2.5
RESOURCES_BURST = 5.0


@dataclass(slots=True)
class TokenBucket:
    """Holds up to ``burst`` tokens and gains ``rate`` a second; every request takes one."""

    rate: float
    burst: float
    tokens: float
    filled_at: float

    @classmethod
    def full(cls, rate: float, burst: float, now: float) -> TokenBucket:
        """Return a full bucket."""
        return cls(rate, burst, burst, now)

    def refill(self, now: float) -> float:
        """Bring the bucket up to date; return its tokens."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled_at) * self.rate)
        self.filled_at = max(now, self.filled_at)
        return self.tokens


class Quota:
    """Buckets of all account-regions. Used by the server's thread alone."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], TokenBucket] = {}
        self._resources: dict[tuple[str, str], TokenBucket] = {}

    def take(self, account_id: str, region: str, operation: str, now: float) -> bool:
        """Take what a call costs at ``now`` (seconds, monotonic); ``False``: over the quota."""
        key = (account_id, region)
        buckets = [self._all.setdefault(key, TokenBucket.full(RATE, BURST, now))]
        if operation == "GetResources":
            full = TokenBucket.full(RESOURCES_RATE, RESOURCES_BURST, now)
            buckets.append(self._resources.setdefault(key, full))
        # A refused request costs nothing, and one of two limits reached leaves the other untouched.
        if any(bucket.refill(now) < 1.0 for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.tokens -= 1.0
        return True

    def clear(self) -> None:
        """Fill all buckets."""
        self._all.clear()
        self._resources.clear()
