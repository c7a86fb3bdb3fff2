"""What the charts draw, and the same as rows for those who read tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from markupsafe import Markup

from gateledger.report.rendering import embedded_json
from gateledger.report.tallies import SHOWN, Tally

#: Rows of a chart's table: every day when there are few, else one a week.
TABLE_ROWS = 60


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its label, the name of its colour, and a value for each day (None: nothing was known)."""

    label: str
    tone: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over days, with a sentence that says what it shows."""

    name: str
    title: str
    summary: str
    days: Sequence[date]
    series: Sequence[Series]
    kind: str = "lines"
    unit: str = ""

    @property
    def data(self) -> Markup:
        """What the page's script draws."""
        return embedded_json(
            {
                "kind": self.kind,
                "unit": self.unit,
                "days": [_seconds(day) for day in self.days],
                "series": [
                    {"label": series.label, "tone": series.tone, "values": list(series.values)}
                    for series in self.series
                ],
            }
        )

    @property
    def rows(self) -> list[tuple[date, list[Any]]]:
        """The same, newest first; a long time week by week."""
        step = 1 if len(self.days) <= TABLE_ROWS else 7
        return [
            (self.days[at], [series.values[at] for series in self.series])
            for at in range(len(self.days) - 1, -1, -step)
        ]


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def percent_series(label: str, tone: str, tallies: Sequence[Tally | None]) -> Series:
    """Return the compliance percentage of a policy, day by day."""
    return Series(
        label,
        tone,
        [None if held is None or held.percent is None else float(held.percent) for held in tallies],
    )


def status_series(tallies: Sequence[Tally | None]) -> list[Series]:
    """Return the count of every status that ever occurs, day by day."""
    return [
        Series(
            str(status).lower(),
            str(status).lower(),
            [None if held is None else held.of(status) for held in tallies],
        )
        for status in SHOWN
        if any(held is not None and held.of(status) for held in tallies)
    ]


def told(label: str, values: Sequence[float | None], unit: str) -> str:
    """Return a sentence about how a line went."""
    known = [value for value in values if value is not None]
    if not known:
        return f"{label}: nothing is known."
    form = ".2f" if unit == "%" else ",.0f"
    return (
        f"{label}: from {known[0]:{form}}{unit} to {known[-1]:{form}}{unit}, "
        f"lowest {min(known):{form}}{unit}, highest {max(known):{form}}{unit}."
    )
