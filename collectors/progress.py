"""What a collection reports while it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RegionDone:
    """An account-region that was read and stored."""

    account_id: str
    region: str
    items: int
    changes: int
    failed: bool
    """Whether some scope of it could not be read."""
    calls: int = 0
    """Requests to AWS that were made for it."""
    throttles: int = 0
    """How many of them were answered 429."""


class Progress(Protocol):
    """Told by a collection, from several threads."""

    def started(self, total: int | None) -> None:
        """There are ``total`` steps; None: not known yet. Called again when more becomes known."""

    def account_region_done(self, done: RegionDone) -> None:
        """An account-region was read and stored."""
