"""Merge snapshots of account-regions into versions, at the cost of what changed.

Several account-regions are merged with the same statements. Everything happens on one cursor and so in the
caller's one transaction: versions, scopes and their history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.errors import GateledgerError
from cmdb.items import ItemType, Scope, children_of, item_types
from cmdb.queries import query
from cmdb.runs import scopes
from cmdb.runs.scopes import Held, Outcome
from cmdb.server.database import Cursor
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, MergeResult, ScopeStatus
from cmdb.storage.compare import Work
from cmdb.storage.digest import UNKNOWN
from cmdb.storage.versions import Merge, close_children

_SQL = "cmdb.storage.sql"

READ = frozenset({ScopeStatus.COMPLETE, ScopeStatus.PARTIAL})

Place = tuple[AccountKey, str]
"""An account and a region."""


@dataclass(slots=True)
class _Batch:
    """Account-regions on their way through the item types."""

    snapshots: Mapping[int, AccountRegionSnapshot]
    """By the key of the account-region, in the order of the keys."""
    held: dict[tuple[int, str], Held]
    """Scopes as they were before."""
    outcomes: list[Outcome] = field(default_factory=list)
    changed: dict[int, int] = field(default_factory=dict)
    forgotten: set[tuple[int, str]] = field(default_factory=set)
    """Scopes whose digests no longer hold, unless a reading replaces them."""

    def work(self, scope: str) -> list[Work]:
        """Return the readings of a scope that conclude anything."""
        found = []
        for region_id, snapshot in self.snapshots.items():
            one = snapshot.readings.get(scope)
            if one is not None and one.status in READ:
                before = self.held.get((region_id, scope))
                found.append(Work(region_id, one, None if before is None else before.digest, before is None))
        return found

    def done(self, scope: str, work: Sequence[Work]) -> None:
        """Note how the scope ended in each account-region."""
        done = {one.region_id: one for one in work}
        for one in work:
            self.count(one.region_id, one.changed)
        for region_id, snapshot in self.snapshots.items():
            read = snapshot.readings.get(scope)
            if read is None:
                continue
            digest, tokens = self._carried(scope, region_id, done.get(region_id))
            self.outcomes.append(
                Outcome(
                    account_region_id=region_id,
                    item_type=scope,
                    status=read.status,
                    failure=read.failure,
                    items=len(read.items),
                    unread=read.unread,
                    digest=digest,
                    tokens=tokens,
                    cost=snapshot.cost,
                )
            )

    def _carried(self, scope: str, region_id: int, work: Work | None) -> tuple[bytes | None, bytes | None]:
        """Return digest and tokens that a scope carries from now on."""
        if work is not None:
            return work.digest, work.tokens
        before = self.held.get((region_id, scope))
        if before is None or (region_id, scope) in self.forgotten:
            return None, UNKNOWN
        return before.digest, None

    def count(self, region_id: int, changed: int) -> None:
        """Count changed items."""
        self.changed[region_id] = self.changed.get(region_id, 0) + changed


def merge_snapshots(
    cursor: Cursor, snapshots: Sequence[AccountRegionSnapshot], as_of: datetime
) -> list[MergeResult]:
    """Merge account-regions read by one run, none twice; return for each what was seen and changed."""
    places = [(snapshot.account, snapshot.region) for snapshot in snapshots]
    ids = account_region_ids(cursor, places)
    by_id = {ids[place]: snapshot for place, snapshot in zip(places, snapshots, strict=True)}
    batch = _Batch(dict(sorted(by_id.items())), scopes.held(cursor, sorted(by_id)))
    made: dict[str, dict[tuple[int, str], int]] = {}
    for declared in item_types():
        parents = made.get(declared.parent, {}) if declared.parent is not None else {}
        for scope in declared.scopes:
            made.setdefault(declared.name, {}).update(
                _merge_scope(cursor, batch, declared, scope, parents, as_of)
            )
    scopes.record(cursor, batch.outcomes, batch.held, as_of)
    seen: dict[int, int] = {}
    for outcome in batch.outcomes:
        seen[outcome.account_region_id] = seen.get(outcome.account_region_id, 0) + outcome.items
    return [MergeResult(seen.get(ids[place], 0), batch.changed.get(ids[place], 0)) for place in places]


def _merge_scope(
    cursor: Cursor,
    batch: _Batch,
    declared: ItemType,
    scope: Scope,
    new_parents: Mapping[tuple[int, str], int],
    as_of: datetime,
) -> dict[tuple[int, str], int]:
    """Merge one scope of all account-regions; return the keys of new items by account-region and AWS id."""
    work = batch.work(scope.name)
    merged = Merge(cursor, declared, scope, as_of).run(work, new_parents)
    batch.done(scope.name, work)
    _close_below(cursor, batch, declared, merged.gone, as_of)
    return merged.new


def _close_below(
    cursor: Cursor, batch: _Batch, parent: ItemType, gone: Mapping[int, list[int]], as_of: datetime
) -> None:
    """Close what belonged to items that are gone, all the way down."""
    if not gone:
        return
    for declared in children_of(parent.name):
        closed = close_children(cursor, declared, gone, as_of)
        for region_id, keys in closed.items():
            batch.count(region_id, len(keys))
        batch.forgotten.update((region_id, scope.name) for region_id in gone for scope in declared.scopes)
        _close_below(cursor, batch, declared, closed, as_of)


def account_region_ids(cursor: Cursor, places: Sequence[Place]) -> dict[Place, int]:
    """Return the keys of account-regions, made where they are new, and lock them for the transaction."""
    found = _locked(cursor, places)
    missing = sorted(set(places) - found.keys())
    if missing:
        cursor.execute(query("account_region_add", _SQL), _columns(missing))
        found |= _locked(cursor, missing)
        for account, region in missing:
            if (account, region) not in found:
                raise GateledgerError(
                    f"Account {account.account_id} was never recorded, so its region {region} cannot be "
                    "stored: record the account first."
                )
    return found


def _locked(cursor: Cursor, places: Sequence[Place]) -> dict[Place, int]:
    cursor.execute(query("account_region_lock", _SQL), _columns(places))
    return {
        (AccountKey(partition, account_id), region): key
        for partition, account_id, region, key in cursor.fetchall()
    }


def _columns(places: Sequence[Place]) -> dict[str, list[str]]:
    return {
        "partitions": [account.partition for account, _ in places],
        "account_ids": [account.account_id for account, _ in places],
        "regions": [region for _, region in places],
    }
