"""Compare what was read with what is known, bucket by bucket: which items are new, changed, back or gone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from cmdb.digest import BUCKETS, Encoded, ScopeDigest, bucket_of, reading_digest
from cmdb.snapshot import Reading


class OfApi(Protocol):
    """An item that belongs to a REST API, or is one."""

    rest_api_id: str


ItemT = TypeVar("ItemT")
OfApiT = TypeVar("OfApiT", bound=OfApi)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the CMDB as a comparison needs it."""

    row_key: int
    digest: bytes
    valid_to: datetime | None


@dataclass(slots=True)
class New(Generic[ItemT]):
    """An item to insert."""

    region_id: int
    item: ItemT
    bucket: int
    encoded: Encoded


@dataclass(slots=True)
class Changed(Generic[ItemT]):
    """An item whose version ends and begins anew."""

    row_key: int
    item: ItemT
    bucket: int
    encoded: Encoded


@dataclass(slots=True)
class Compared(Generic[ItemT]):
    """What readings change. ``changed`` includes items that come back."""

    new: list[New[ItemT]] = field(default_factory=list)
    changed: list[Changed[ItemT]] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)
    """Row keys of items that were closed by an earlier run of the same as_of and are unchanged."""
    gone: list[int] = field(default_factory=list)
    """Row keys of live items that a reading proves gone."""

    @property
    def count(self) -> int:
        return len(self.new) + len(self.changed) + len(self.reopened) + len(self.gone)


@dataclass(slots=True)
class Work(Generic[ItemT]):
    """One scope's reading on its way into the CMDB, and what came of it."""

    region_id: int
    reading: Reading[ItemT]
    stored: bytes | None
    """The scope's stored digest."""
    is_first: bool
    """Whether the scope was never recorded before: nothing is known of it then."""
    changed: int = 0
    digest: bytes | None = None


@dataclass(slots=True)
class Buckets(Generic[ItemT]):
    """A reading's items by bucket, and which buckets differ from the stored digest."""

    items: Mapping[int, Sequence[ItemT]]
    differing: list[int]
    digest: ScopeDigest


def in_buckets(
    items: Sequence[OfApiT],
    stored: bytes | None,
    *,
    parts: Callable[[OfApiT], Any],
    incomplete: Iterable[str],
) -> Buckets[OfApiT]:
    """Compare a reading's digests with the stored ones: of the whole, or else of each bucket.

    ``incomplete`` names REST APIs with unread items: their buckets always differ and are forgotten. After a
    change the digest of the whole is left unknown, so that a scope that changes night after night is not
    hashed twice a night.
    """
    digest = ScopeDigest(stored)
    unsure = frozenset(map(bucket_of, incomplete))
    if not unsure and digest.whole is not None:
        if digest.whole == reading_digest(map(parts, items)):
            return Buckets({}, [], digest)
        digest.whole = None
    by_bucket = _sorted_in(items)
    differing = []
    for bucket in range(BUCKETS):
        now = reading_digest(map(parts, by_bucket.get(bucket, ())))
        if bucket in unsure:
            differing.append(bucket)
            digest.forget(bucket)
        elif digest[bucket] != now:
            differing.append(bucket)
            digest[bucket] = now
    if not differing:
        digest.whole = reading_digest(map(parts, items))
    return Buckets(by_bucket, differing, digest)


def _sorted_in(items: Iterable[OfApiT]) -> dict[int, list[OfApiT]]:
    by_bucket: dict[int, list[OfApiT]] = {}
    lists: dict[str, list[OfApiT]] = {}
    for item in items:
        held = lists.get(item.rest_api_id)
        if held is None:
            held = lists[item.rest_api_id] = by_bucket.setdefault(bucket_of(item.rest_api_id), [])
        held.append(item)
    return by_bucket


def compare(
    compared: Compared[ItemT],
    region_id: int,
    buckets: Buckets[ItemT],
    known: Mapping[Key, Known],
    *,
    key_of: Callable[[ItemT], Key],
    encode: Callable[[ItemT], Encoded],
    unread: Callable[[Key], bool],
    as_of: datetime,
) -> int:
    """Compare the items of differing buckets with the rows known of those buckets; add to ``compared``.

    An item that a listing holds twice counts once, as it came first. Returns how many items change.
    """
    before = compared.count
    seen: set[Key] = set()
    for bucket in buckets.differing:
        for item in buckets.items.get(bucket, ()):
            key = key_of(item)
            if key in seen:
                continue
            seen.add(key)
            encoded = encode(item)
            row = known.get(key)
            if row is None:
                compared.new.append(New(region_id, item, bucket, encoded))
            elif row.digest != encoded.digest or (row.valid_to is not None and row.valid_to < as_of):
                compared.changed.append(Changed(row.row_key, item, bucket, encoded))
            elif row.valid_to is not None:
                compared.reopened.append(row.row_key)
    for key, row in known.items():
        if row.valid_to is None and key not in seen and not unread(key):
            compared.gone.append(row.row_key)
    return compared.count - before


def to_look_up(work: Iterable[tuple[Work[ItemT], Buckets[ItemT]]]) -> dict[str, list[int]]:
    """Return the differing buckets of scopes that may have rows, as the lookups' arrays."""
    pairs = [(one.region_id, bucket) for one, held in work if not one.is_first for bucket in held.differing]
    return {
        "regions": sorted({region for region, _ in pairs}),
        "of_regions": [region for region, _ in pairs],
        "buckets": [bucket for _, bucket in pairs],
    }
