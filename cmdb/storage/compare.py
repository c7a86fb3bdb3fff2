"""Compare what was read with what is known: which items are new, changed, back or gone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from cmdb.snapshot import Reading
from cmdb.storage.digest import UNKNOWN, Encoded, Tokens


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
    encoded: Encoded


@dataclass(slots=True)
class Changed(Generic[ItemT]):
    """An item whose version ends and begins anew."""

    row_key: int
    item: ItemT
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
    """The scope's new digest."""
    tokens: bytes | None = None
    """Its new tokens; None: those stored."""

    def is_unchanged(self, digest: bytes | None) -> bool:
        """Note the digest of the whole reading (None: there is none); tell whether it is the stored one."""
        self.digest = digest or UNKNOWN
        return digest is not None and digest == self.stored


@dataclass(slots=True)
class Differing(Generic[ItemT]):
    """What of a scope's reading has to be compared with its rows."""

    work: Work[ItemT]
    items: Sequence[ItemT]
    rest_apis: Sequence[str] | None
    """REST APIs whose rows are needed; None: all."""
    stale: int = 0
    """REST APIs that the stored tokens tell of otherwise than the reading, or that they alone tell of."""


def differing(
    work: Work[OfApiT],
    stored: bytes | None,
    tokens: Mapping[str, bytes] | None,
) -> Differing[OfApiT] | None:
    """Compare a reading's tokens by REST API with those stored, and set the scope's new ones.

    Returns what is left to compare; None: nothing. Without tokens everything is, and they become unknown.
    """
    if tokens is None:
        work.tokens = UNKNOWN
        return Differing(work, work.reading.items, None)
    before = Tokens(stored)
    work.tokens = Tokens.of(tokens.values()).to_bytes()
    if not before.are_known:
        return Differing(work, work.reading.items, None)
    known = before.as_set()
    new = {name for name, token in tokens.items() if token not in known}
    stale = len(known) - (len(tokens) - len(new))
    if not new and not stale:
        return None
    items = [item for item in work.reading.items if item.rest_api_id in new] if new else []
    return Differing(work, items, sorted(new), stale)


def compare(
    compared: Compared[ItemT],
    of: Differing[ItemT],
    known: Mapping[Key, Known],
    *,
    key_of: Callable[[ItemT], Key],
    encode: Callable[[ItemT], Encoded],
    unread: Callable[[Key], bool],
    as_of: datetime,
) -> int:
    """Compare items with the rows known of their REST APIs; add to ``compared``.

    An item that a listing holds twice counts once, as it came first. Returns how many items change.
    """
    before = compared.count
    seen: set[Key] = set()
    for item in of.items:
        key = key_of(item)
        if key in seen:
            continue
        seen.add(key)
        encoded = encode(item)
        row = known.get(key)
        if row is None:
            compared.new.append(New(of.work.region_id, item, encoded))
        elif row.digest != encoded.digest or (row.valid_to is not None and row.valid_to < as_of):
            compared.changed.append(Changed(row.row_key, item, encoded))
        elif row.valid_to is not None:
            compared.reopened.append(row.row_key)
    for key, row in known.items():
        if row.valid_to is None and key not in seen and not unread(key):
            compared.gone.append(row.row_key)
    return compared.count - before


def to_look_up(found: Iterable[Differing[Any]]) -> tuple[dict[str, list[Any]], list[int]]:
    """Return where rows are needed: as the lookups' arrays of account-region and REST API, and whole."""
    regions: list[int] = []
    ids: list[str] = []
    whole = []
    for one in found:
        if one.rest_apis is not None:
            regions += [one.work.region_id] * len(one.rest_apis)
            ids += one.rest_apis
        elif not one.work.is_first:
            whole.append(one.work.region_id)
    return {"regions": regions, "ids": ids}, whole
