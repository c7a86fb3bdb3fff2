"""Snapshots that are read and wait for others, so that one transaction stores them together.

A transaction costs about as much as reading an empty account-region. What waits is little and waits shortly,
so that a process that is killed loses next to nothing that it had read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cmdb.snapshot import AccountRegionSnapshot

#: Snapshots that are stored together, items that are never held back, and seconds that any may wait for the
#: next snapshot.
TOGETHER = 16
_ITEMS = 500
_SECONDS = 1.0


class Waiting:
    """What one run's threads have read and not stored yet. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._snapshots: list[AccountRegionSnapshot] = []
        self._items = 0
        self._since = 0.0

    def add(self, snapshot: AccountRegionSnapshot) -> list[AccountRegionSnapshot]:
        """Take a snapshot; return those to be stored now, in one transaction (none: not yet)."""
        with self._lock:
            now = self._clock()
            if not self._snapshots:
                self._since = now
            self._snapshots.append(snapshot)
            self._items += _items(snapshot)
            soon = snapshot.cost.duration_seconds >= _SECONDS or now - self._since >= _SECONDS
            if soon or self._items >= _ITEMS or len(self._snapshots) >= TOGETHER:
                return self._taken()
            return []

    def take(self) -> list[AccountRegionSnapshot]:
        """Return all that waits."""
        with self._lock:
            return self._taken()

    def _taken(self) -> list[AccountRegionSnapshot]:
        taken, self._snapshots, self._items = self._snapshots, [], 0
        return taken


def _items(snapshot: AccountRegionSnapshot) -> int:
    return sum(len(reading.items) for reading in snapshot.readings.values())
