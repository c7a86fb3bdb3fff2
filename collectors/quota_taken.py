"""How much of API Gateway's quota a run took, over all account-regions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: Account-regions that are remembered: those of which most was taken.
_REMEMBERED = 10


@dataclass(frozen=True, slots=True)
class RegionTaken:
    """What was taken of one account-region's quota: see ``collectors.quota.QuotaUse``."""

    account_id: str
    region: str
    share: float
    peak_per_second: int
    step_backs: int


@dataclass(slots=True)
class QuotaTaken:
    """The account-regions of which most was taken, and how often 429s of others made the run step back."""

    step_backs: int = 0
    stepped_back_in: int = 0
    """Account-regions in which that happened."""
    busiest: list[RegionTaken] = field(default_factory=list)

    def add(self, taken: RegionTaken) -> None:
        """Count an account-region."""
        self.step_backs += taken.step_backs
        self.stepped_back_in += taken.step_backs > 0
        if taken.peak_per_second and (
            len(self.busiest) < _REMEMBERED or taken.share > self.busiest[-1].share
        ):
            self.busiest.append(taken)
            self.busiest.sort(key=lambda each: (-each.share, each.account_id, each.region))
            del self.busiest[_REMEMBERED:]

    def as_object(self, allowed: float) -> dict[str, Any] | None:
        """Return it for storage, with the share that the settings allowed; None: nothing was taken."""
        if not self.busiest:
            return None
        return {
            "allowed": allowed,
            "share": round(self.busiest[0].share, 3),
            "peak_per_second": max(each.peak_per_second for each in self.busiest),
            "step_backs": self.step_backs,
            "stepped_back_in": self.stepped_back_in,
            "account_regions": [{**asdict(each), "share": round(each.share, 3)} for each in self.busiest],
        }
