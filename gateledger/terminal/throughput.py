"""How fast a job goes, and how long it will still take at that."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throughput:
    """Steps, calls and throttles since it was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._steps = 0
        self.calls = 0
        self.throttles = 0

    def step(self, calls: int = 0, throttles: int = 0) -> None:
        """Count one step and what it took."""
        self._steps += 1
        self.calls += calls
        self.throttles += throttles

    @property
    def calls_a_second(self) -> float:
        """Calls a second on average."""
        return self.calls / max(self._clock() - self._began, 0.001)

    def seconds_left(self, total: int | None) -> float | None:
        """Return the seconds that the steps left of ``total`` take at this pace; None: nobody knows."""
        if total is None or not self._steps:
            return None
        return (self._clock() - self._began) / self._steps * max(total - self._steps, 0)
