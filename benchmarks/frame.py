"""What a benchmark case is, what it gives, and how a floor and the product are measured side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.world import World

REPEATS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. ``floor`` and ``measured`` share ``unit``; ``ratio`` is what the goal bounds.

    ``goal`` is the greatest ratio that is good, or, where there is no floor, the greatest ``measured``.
    """

    case: str
    server: str
    stages: int
    floor: float | None
    measured: float
    ratio: float | None
    goal: float | None
    unit: str = "s"
    driver: int = 0
    """Items that the figure grows with (seen or changed)."""
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None: there is none."""
        if self.goal is None:
            return None
        return (self.measured if self.ratio is None else self.ratio) <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Return the result for ``build/bench.json``."""
        return {**asdict(self), "reached": self.reached}


@dataclass(frozen=True, slots=True)
class Case:
    """A benchmark: a name to choose it by and what it does in a world of one server and one size."""

    name: str
    run: Callable[[World], Sequence[Result]]
    order: int = 50
    """Cases run in this order; later ones may go on with what earlier ones left."""


def timed(action: Callable[[], Any]) -> float:
    """Return the seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def side_by_side(floor: Callable[[], float], product: Callable[[], float]) -> tuple[float, float, float]:
    """Measure floor, product, floor, ... and return medians of floor, product and their ratio.

    Both return seconds of their own, so that what they prepare is not counted. Each ratio is taken against
    the mean of the floors before and after it.
    """
    floors, products = [floor()], []
    for _ in range(REPEATS):
        products.append(product())
        floors.append(floor())
    ratios = [
        measured / ((before + after) / 2)
        for before, measured, after in zip(floors, products, floors[1:], strict=False)
    ]
    return statistics.median(floors), statistics.median(products), statistics.median(ratios)
