"""What every part of an account-region stands on: lock, time, ids, and the answers that it has to drop."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from threading import RLock
from typing import Any, TypeVar

ThingT = TypeVar("ThingT")

_ID_ALPHABET = string.ascii_lowercase + string.digits


class Ground:
    """The lock, clock and source of ids of one account-region.

    Ids follow from the seed and the order of calls.
    """

    def __init__(
        self,
        *,
        lock: RLock,
        clock: Callable[[], datetime],
        seed: str,
        partition: str,
        account_id: str,
        region: str,
    ) -> None:
        self.partition = partition
        self.account_id = account_id
        self.region = region
        self.seed = seed
        self.answers: dict[Hashable, Any] = {}
        """Encoded answers, kept until something changes; owned by the server."""
        self._deleted: dict[tuple[str, ...], Any] = {}
        self._lock = lock
        self._clock = clock
        self._random: random.Random | None = None

    def _changed(self, subject: ThingT) -> ThingT:
        self.answers.clear()
        return subject

    def _dice(self) -> random.Random:
        if self._random is None:
            self._random = random.Random(f"{self.seed}/{self.account_id}/{self.region}")  # noqa: S311 - ids, no secrets
        return self._random

    def _new_id(self, length: int) -> str:
        return "".join(self._dice().choices(_ID_ALPHABET, k=length))

    def _new_hex(self, length: int) -> str:
        return "".join(self._dice().choices("0123456789abcdef", k=length))


def refuse_unknown(settings: Mapping[str, Any], known: Iterable[str], thing: str) -> None:
    """Refuse a field that AWS does not have.

    :raises ValueError: naming the first field that is not known.
    """
    if unknown := settings.keys() - set(known):
        raise ValueError(f"a {thing} has no field {sorted(unknown)[0]!r}")
