"""Compare what was read with what is known: which items are new, changed, back, gone or proven absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.items import Absence, ItemType, Scope
from cmdb.snapshot import Item, Reading
from cmdb.storage.digest import UNKNOWN, Encoded, Tokens
from cmdb.storage.encoding import Form

Key = tuple[str | None, str]
"""AWS id of the parent, key within it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the CMDB as a comparison needs it."""

    item_id: int
    digest: bytes
    valid_to: datetime | None
    is_proven: bool


@dataclass(slots=True)
class Compared:
    """What readings change. ``changed`` includes items that come back."""

    new: list[tuple[int, Item, Encoded]] = field(default_factory=list)
    """Account-region, item, its stored forms."""
    changed: list[tuple[int, Item, Encoded]] = field(default_factory=list)
    """Row key, item, its stored forms: the version ends and another begins."""
    read_again: list[tuple[int, Item]] = field(default_factory=list)
    """Row key, item: read and as it was, of a type that notes when each item was read."""
    filled: list[tuple[int, Item]] = field(default_factory=list)
    """Row key, item: as it was, with values of fields that its version may lack."""
    reopened: list[int] = field(default_factory=list)
    """Row keys of items that an earlier run of the same as_of closed and that are unchanged."""
    gone: list[int] = field(default_factory=list)
    """Row keys of live items that are gone; their absence is proven where the type asks for that."""
    released: list[int] = field(default_factory=list)
    """Row keys of live items that nobody follows any longer."""
    late: list[int] = field(default_factory=list)
    """Row keys of items let go of earlier and only now proven absent: the proof begins tonight."""
    tombstones: list[tuple[int, str]] = field(default_factory=list)
    """Account-region and key of what was never seen and is proven absent."""

    @property
    def count(self) -> int:
        """How many items change."""
        seen = len(self.new) + len(self.changed) + len(self.reopened)
        return seen + len(self.gone) + len(self.released) + len(self.late) + len(self.tombstones)


@dataclass(slots=True)
class Work:
    """One scope's reading on its way into the CMDB, and what came of it."""

    region_id: int
    reading: Reading
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
        """Note the digest of the whole reading (None: there is none); return whether it is the stored one."""
        self.digest = digest or UNKNOWN
        return digest is not None and digest == self.stored


@dataclass(slots=True)
class Differing:
    """What of a scope's reading has to be compared with its rows."""

    work: Work
    items: Sequence[Item]
    groups: Sequence[str] | None
    """Groups whose rows are needed; None: all."""
    stale: int = 0
    """Groups that the stored tokens know otherwise than the reading, or that they alone know."""


def group_of(item: Item) -> str:
    """Return the group that an item belongs to: its parent, else itself."""
    return item.key if item.parent is None else item.parent


def differing(work: Work, stored: bytes | None, tokens: Mapping[str, bytes] | None) -> Differing | None:
    """Compare a reading's tokens by group with those stored, and set the scope's new ones.

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
    items = [item for item in work.reading.items if group_of(item) in new] if new else []
    return Differing(work, items, sorted(new), stale)


def compare(
    compared: Compared,
    of: Differing,
    known: Mapping[Key, Known],
    *,
    declared: ItemType,
    scope: Scope,
    form: Form,
    as_of: datetime,
) -> None:
    """Compare items with the rows known of their groups; add to ``compared`` and count what changes.

    An item that a listing holds twice counts once, as it came first.
    """
    before = compared.count
    work = of.work
    seen: set[Key] = set()
    notes = declared.absence is Absence.NONE
    for item in of.items:
        key = (item.parent, item.key)
        if key in seen:
            continue
        seen.add(key)
        encoded = form.encode(item)
        row = known.get(key)
        if row is None:
            compared.new.append((work.region_id, item, encoded))
        elif row.digest != encoded.digest or (row.valid_to is not None and row.valid_to < as_of):
            compared.changed.append((row.item_id, item, encoded))
        else:
            if row.valid_to is not None:
                compared.reopened.append(row.item_id)
            if declared.filled and form.fills(item):
                compared.filled.append((row.item_id, item))
        if notes and row is not None:
            compared.read_again.append((row.item_id, item))
    if not notes:
        _missing(compared, work, known, seen, declared=declared, scope=scope)
    work.changed += compared.count - before


def _missing(
    compared: Compared,
    work: Work,
    known: Mapping[Key, Known],
    seen: set[Key],
    *,
    declared: ItemType,
    scope: Scope,
) -> None:
    """Sort the known items that a reading lacks."""
    reading = work.reading
    absent = reading.absent - {key for _, key in seen}
    for (parent, key), row in known.items():
        if row.valid_to is not None:
            if key in absent and not row.is_proven:
                compared.late.append(row.item_id)
        elif (parent, key) not in seen and (key if parent is None else parent) not in reading.unread:
            is_gone = not declared.proves_absence or scope.lists_all or key in absent
            (compared.gone if is_gone else compared.released).append(row.item_id)
    unseen = absent - {key for _, key in known}
    compared.tombstones += [(work.region_id, key) for key in sorted(unseen)]


def to_look_up(found: Iterable[Differing]) -> tuple[dict[str, list[int] | list[str]], list[int]]:
    """Return where rows are needed: as the lookups' arrays of account-region and group, and whole."""
    regions: list[int] = []
    ids: list[str] = []
    whole = []
    for one in found:
        if one.groups is not None:
            regions += [one.work.region_id] * len(one.groups)
            ids += one.groups
        elif not one.work.is_first:
            whole.append(one.work.region_id)
    return {"regions": regions, "ids": ids}, whole
