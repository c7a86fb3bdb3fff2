"""Counts of findings by status, and the percentage that the reporting views define."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gateledger.queries.statuses import Status

#: Statuses of live stages, in the order in which the report shows them.
SHOWN = (Status.INCOMPLIANT, Status.UNDETERMINED, Status.COMPLIANT, Status.INAPPLICABLE)
_CENT = Decimal("0.01")


@dataclass(slots=True)
class Tally:
    """Findings by status."""

    incompliant: int = 0
    undetermined: int = 0
    compliant: int = 0
    inapplicable: int = 0
    excepted: int = 0
    """Of the incompliant ones, those that an exception covers."""

    def add(self, status: str, findings: int) -> None:
        """Count findings of a status; statuses of stages that are gone are not counted."""
        name = status.lower()
        if status in SHOWN:
            setattr(self, name, getattr(self, name) + findings)

    def include(self, other: Tally) -> None:
        """Count all that another one counts."""
        for status in SHOWN:
            self.add(status, other.of(status))
        self.excepted += other.excepted

    def of(self, status: str) -> int:
        """Return the count of a status."""
        return int(getattr(self, status.lower()))

    @property
    def total(self) -> int:
        """Findings of all statuses."""
        return self.incompliant + self.undetermined + self.compliant + self.inapplicable

    @property
    def judged(self) -> int:
        """Findings that the percentage is of."""
        return self.incompliant + self.compliant

    @property
    def percent(self) -> Decimal | None:
        """compliant / (compliant + incompliant) in percent with two decimals, as ``report.percent``."""
        if not self.judged:
            return None
        return (Decimal(100 * self.compliant) / self.judged).quantize(_CENT, ROUND_HALF_UP)

    @property
    def percent_with_exceptions(self) -> Decimal | None:
        """The same with what exceptions cover left out; None where none covers anything."""
        judged = self.judged - self.excepted
        if not (self.excepted and judged):
            return None
        return (Decimal(100 * self.compliant) / judged).quantize(_CENT, ROUND_HALF_UP)

    @property
    def parts(self) -> list[tuple[Status, int]]:
        """The statuses that occur, with their counts."""
        return [(status, self.of(status)) for status in SHOWN if self.of(status)]


def total_of(tallies: Mapping[str, Tally]) -> Tally:
    """Return the sum over all."""
    total = Tally()
    for tally in tallies.values():
        total.include(tally)
    return total
