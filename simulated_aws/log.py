"""What was asked: every request, counts per account-region, and how close callers came to the quota."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from simulated_aws.quota import BURST, RATE, RESOURCES_BURST, RESOURCES_RATE, TokenBucket


class Entry(NamedTuple):
    """One request. ``status`` is 0 when no answer was sent; ``fault`` names the fault it met, if any."""

    time: float
    """Arrival, in seconds of the monotonic clock."""
    service: str
    account_id: str | None
    region: str | None
    operation: str
    resource_id: str | None
    page: int | None
    status: int
    fault: str | None
    part_id: str | None = None


@dataclass(frozen=True, slots=True)
class RateReport:
    """How fast one account-region was asked, against what AWS permits.

    ``most_in_a_second`` is over any second. ``overdraft`` is by how many requests the token bucket would
    have been overdrawn at worst (0: the quota was kept); ``resources_overdraft`` the same for GetResources.
    """

    account_id: str
    region: str
    requests: int
    most_in_a_second: int
    overdraft: float
    resources_overdraft: float

    @property
    def within_quota(self) -> bool:
        """Whether AWS would have throttled nothing."""
        return self.overdraft <= 0 and self.resources_overdraft <= 0


class RequestLog:
    """Requests in order of arrival; the oldest are dropped beyond ``limit``, counters keep counting."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._counts: Counter[tuple[str | None, str | None]] = Counter()
        self._operations: Counter[tuple[str, int]] = Counter()
        self._lock = Lock()

    def add(self, entry: Entry) -> None:
        """Write one request down."""
        with self._lock:
            self._entries.append(entry)
            self._counts[entry.account_id, entry.region] += 1
            self._operations[entry.operation, entry.status] += 1

    def entries(
        self, *, operation: str | None = None, account_id: str | None = None, region: str | None = None
    ) -> list[Entry]:
        """Return the requests so far, narrowed by what is given."""
        with self._lock:
            kept = list(self._entries)
        return [
            each
            for each in kept
            if operation in {None, each.operation}
            and account_id in {None, each.account_id}
            and region in {None, each.region}
        ]

    def clear(self) -> None:
        """Forget all requests and counts."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()
            self._operations.clear()

    def counts(self) -> dict[tuple[str | None, str | None], int]:
        """Return the number of requests by (account id, region)."""
        with self._lock:
            return dict(self._counts)

    def operations(self) -> dict[tuple[str, int], int]:
        """Return the number of requests by (operation, HTTP status)."""
        with self._lock:
            return dict(self._operations)

    def rates(self) -> list[RateReport]:
        """Compare what API Gateway was asked, per account-region, with its quota."""
        by_region: dict[tuple[str, str], list[Entry]] = {}
        for each in self.entries():
            if each.service == "apigateway" and each.account_id and each.region:
                by_region.setdefault((each.account_id, each.region), []).append(each)
        return [_rate(account, region, made) for (account, region), made in sorted(by_region.items())]


def _rate(account_id: str, region: str, entries: list[Entry]) -> RateReport:
    times = [each.time for each in entries]
    resources = [each.time for each in entries if each.operation == "GetResources"]
    most, first = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return RateReport(
        account_id,
        region,
        len(times),
        most,
        _overdraft(times, RATE, BURST),
        _overdraft(resources, RESOURCES_RATE, RESOURCES_BURST),
    )


def _overdraft(times: Iterable[float], rate: float, burst: float) -> float:
    bucket, worst = None, 0.0
    for moment in times:
        bucket = bucket or TokenBucket.full(rate, burst, moment)
        bucket.refill(moment)
        bucket.tokens -= 1.0
        worst = max(worst, -bucket.tokens)
    return round(worst, 3)
