"""Small account-regions wait for each other, so that one transaction stores several of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from cmdb.snapshot import AccountRegionSnapshot

#: Account-regions that are stored together at most, and items with which one is stored at once.
MOST_TOGETHER = 32
LARGE = 200
#: Seconds that a read account-region waits at most while others are being read.
PATIENCE = 2.0


class Waiting:
    """Read account-regions that are not stored yet. Thread-safe.

    Most account-regions of an organization are empty; a transaction for each costs as much as reading it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshots: list[AccountRegionSnapshot] = []
        self._items = 0
        self._since = 0.0

    def add(self, snapshot: AccountRegionSnapshot) -> Sequence[AccountRegionSnapshot]:
        """Let one wait; return those that are to be stored now, which wait no longer."""
        with self._lock:
            if not self._snapshots:
                self._since = time.monotonic()
            self._snapshots.append(snapshot)
            self._items += _items(snapshot)
            enough = len(self._snapshots) >= MOST_TOGETHER or self._items >= LARGE
            return self._take() if enough or time.monotonic() - self._since >= PATIENCE else ()

    def take(self) -> Sequence[AccountRegionSnapshot]:
        """Return all that wait, which wait no longer."""
        with self._lock:
            return self._take()

    def _take(self) -> Sequence[AccountRegionSnapshot]:
        taken, self._snapshots, self._items = self._snapshots, [], 0
        return taken


def _items(snapshot: AccountRegionSnapshot) -> int:
    readings = (
        snapshot.rest_apis,
        snapshot.stages,
        snapshot.integrations,
        snapshot.client_certificates,
        snapshot.acm_certificates,
    )
    return sum(len(reading.items) for reading in readings)
