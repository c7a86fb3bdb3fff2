"""Compare what was read with what is known, bucket by bucket: which items are new, changed, back or gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from cmdb.digest import BUCKETS, ScopeDigest, bucket_digest, item_digest

ItemT = TypeVar("ItemT")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the CMDB as a comparison needs it."""

    row_key: int
    digest: bytes
    valid_to: datetime | None


@dataclass(slots=True)
class Compared(Generic[ItemT]):
    """What a reading changes. ``changed`` includes items that come back."""

    new: list[tuple[ItemT, int, bytes]] = field(default_factory=list)
    """Item, bucket, digest."""
    changed: list[tuple[int, ItemT, int, bytes]] = field(default_factory=list)
    """Row key, item, bucket, digest."""
    reopened: list[int] = field(default_factory=list)
    """Row keys of items that were closed by an earlier run of the same as_of and are unchanged."""
    gone: list[int] = field(default_factory=list)
    """Row keys of live items that the reading proves gone."""

    @property
    def count(self) -> int:
        return len(self.new) + len(self.changed) + len(self.reopened) + len(self.gone)


@dataclass(slots=True)
class Buckets(Generic[ItemT]):
    """A reading's items by bucket, and which buckets differ from the stored digest."""

    items: dict[int, list[ItemT]]
    differing: list[int]
    digest: ScopeDigest


def in_buckets(
    items: Iterable[ItemT],
    stored: bytes | None,
    *,
    bucket_of: Callable[[ItemT], int],
    order: Callable[[ItemT], Any],
    parts: Callable[[ItemT], Any],
    incomplete: frozenset[int],
) -> Buckets[ItemT]:
    """Sort items into buckets and compare each bucket's digest with the stored one.

    ``incomplete`` buckets hold unread items: they always differ and their digest is forgotten.
    """
    by_bucket: dict[int, list[ItemT]] = {}
    for item in items:
        by_bucket.setdefault(bucket_of(item), []).append(item)
    digest = ScopeDigest(stored)
    differing = []
    for bucket in range(BUCKETS):
        held = by_bucket.get(bucket)
        if held is not None:
            held.sort(key=order)
        now = _EMPTY if held is None else bucket_digest([parts(item) for item in held])
        if bucket in incomplete:
            differing.append(bucket)
            digest.forget(bucket)
        elif digest[bucket] != now:
            differing.append(bucket)
            digest[bucket] = now
    return Buckets(by_bucket, differing, digest)


_EMPTY = bucket_digest([])


def compare(
    buckets: Buckets[ItemT],
    known: Mapping[Key, Known],
    *,
    key_of: Callable[[ItemT], Key],
    parts: Callable[[ItemT], Any],
    unread: Callable[[Key], bool],
    as_of: datetime,
) -> Compared[ItemT]:
    """Compare the items of differing buckets with the rows known of those buckets."""
    compared: Compared[ItemT] = Compared()
    seen: set[Key] = set()
    for bucket in buckets.differing:
        for item in buckets.items.get(bucket, ()):
            key = key_of(item)
            seen.add(key)
            digest = item_digest(parts(item))
            row = known.get(key)
            if row is None:
                compared.new.append((item, bucket, digest))
            elif row.digest != digest or (row.valid_to is not None and row.valid_to < as_of):
                compared.changed.append((row.row_key, item, bucket, digest))
            elif row.valid_to is not None:
                compared.reopened.append(row.row_key)
    for key, row in known.items():
        if row.valid_to is None and key not in seen and not unread(key):
            compared.gone.append(row.row_key)
    return compared
