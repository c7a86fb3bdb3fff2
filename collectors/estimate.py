"""What a collection would cost, before a call is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collectors.quota import Limit, Limits
from collectors.reader import pages_for
from collectors.readers import further


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls by operation, and the least seconds that the quota of one account-region allows for them.

    ``further`` are the calls for scopes that not every run reads, by scope.
    """

    get_rest_apis: int
    get_stages: int
    get_export: int
    get_client_certificates: int
    get_client_certificate: int
    describe_certificate: int
    further: Mapping[str, int]
    seconds: float

    @property
    def calls(self) -> int:
        """All calls, those to ACM included."""
        return self.api_gateway_calls + self.describe_certificate

    @property
    def api_gateway_calls(self) -> int:
        """The calls that API Gateway's quota counts."""
        return (
            self.get_rest_apis
            + self.get_stages
            + self.get_export
            + self.get_client_certificates
            + self.get_client_certificate
            + sum(self.further.values())
        )


def estimate(
    *,
    rest_apis: int,
    exports: int,
    listed_again: int,
    client_certificates: int,
    looked_up: int,
    acm_certificates: int,
    wanted: Iterable[str] = (),
    sizes: Mapping[str, int] | None = None,
    limits: Limits | None,
) -> Estimate:
    """Return the cost of reading an account-region of this size.

    ``exports`` counts deployments whose definitions would be read, ``listed_again`` the APIs that have such
    ones, whose stages are listed once more; ``looked_up`` counts client certificates that stages name and no
    listing holds. ``wanted`` are the scopes to read, and ``sizes`` how many live items each of them holds.
    """
    names = frozenset(wanted)
    found = {
        scope: calls
        for reader in further(names)
        for scope, calls in reader.calls(sizes or {}).items()
        if scope in names
    }
    pages, certificate_pages = pages_for(rest_apis), pages_for(client_certificates)
    stages = rest_apis + listed_again
    seconds = 0.0
    if limits is not None:
        calls = pages + stages + exports + certificate_pages + looked_up + sum(found.values())
        seconds = _least(calls, limits.overall)
    return Estimate(pages, stages, exports, certificate_pages, looked_up, acm_certificates, found, seconds)


def least_seconds(regions: Iterable[float], threads: int) -> float:
    """Return the least seconds for account-regions read side by side by so many threads."""
    each = list(regions)
    return max(max(each, default=0.0), sum(each) / max(1, threads))


def _least(calls: int, limit: Limit) -> float:
    return max(0.0, (calls - limit.burst) / limit.rate)
