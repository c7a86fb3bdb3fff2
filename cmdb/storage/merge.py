"""Merge snapshots of account-regions into versions, at the cost of what changed.

Several account-regions are merged with the same statements. Everything happens on one cursor and so in the
caller's one transaction: versions, scopes and their history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cmdb.errors import GateledgerError
from cmdb.queries import query
from cmdb.runs import scopes
from cmdb.runs.scopes import Held, Outcome
from cmdb.server.database import Cursor
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, ItemType, MergeResult, Reading, ScopeStatus
from cmdb.storage import certificates, integrations, rest_apis, stages
from cmdb.storage.compare import Work
from cmdb.storage.digest import UNKNOWN

READ = frozenset({ScopeStatus.COMPLETE, ScopeStatus.PARTIAL})

Place = tuple[AccountKey, str]
"""An account and a region."""


@dataclass(slots=True)
class _Batch:
    """Account-regions on their way through the item types."""

    snapshots: Mapping[int, AccountRegionSnapshot]
    """By the key of the account-region, in the order of the keys."""
    held: dict[tuple[int, str], Held]
    """Scopes as they stood before."""
    outcomes: list[Outcome] = field(default_factory=list)
    changed: dict[int, int] = field(default_factory=dict)
    forgotten: set[tuple[int, str]] = field(default_factory=set)
    """Scopes whose digests no longer hold, unless a reading replaces them."""

    def work(
        self, item_type: ItemType, reading: Callable[[AccountRegionSnapshot], Reading[Any]]
    ) -> list[Work[Any]]:
        """Return the readings of one item type that conclude anything."""
        found = []
        for region_id, snapshot in self.snapshots.items():
            one = reading(snapshot)
            if one.status in READ:
                before = self.held.get((region_id, item_type))
                found.append(Work(region_id, one, None if before is None else before.digest, before is None))
        return found

    def done(
        self,
        item_type: ItemType,
        reading: Callable[[AccountRegionSnapshot], Reading[Any]],
        work: Sequence[Work[Any]],
    ) -> None:
        """Note how the scopes of one item type ended."""
        done = {one.region_id: one for one in work}
        for one in work:
            self.count(one.region_id, one.changed)
        for region_id, snapshot in self.snapshots.items():
            read = reading(snapshot)
            digest, tokens = self._carried(item_type, region_id, done.get(region_id))
            self.outcomes.append(
                Outcome(
                    account_region_id=region_id,
                    item_type=item_type,
                    status=read.status,
                    failure=read.failure,
                    items=len(read.items),
                    unread=read.unread,
                    digest=digest,
                    tokens=tokens,
                    cost=snapshot.cost,
                )
            )

    def _carried(
        self, item_type: ItemType, region_id: int, work: Work[Any] | None
    ) -> tuple[bytes | None, bytes | None]:
        """Return digest and tokens that a scope carries from now on."""
        if work is not None:
            return work.digest, work.tokens
        before = self.held.get((region_id, item_type))
        if before is None or (region_id, item_type) in self.forgotten:
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
    new_apis = _merge_apis(cursor, batch, as_of)
    _merge_stages(cursor, batch, new_apis, as_of)

    work = batch.work(ItemType.INTEGRATION, _integrations)
    integrations.merge(cursor, work, new_apis, as_of)
    batch.done(ItemType.INTEGRATION, _integrations, work)
    for item_type, reading in (
        (ItemType.CLIENT_CERTIFICATE, _client_certificates),
        (ItemType.ACM_CERTIFICATE, _acm_certificates),
    ):
        work = batch.work(item_type, reading)
        certificates.merge(cursor, item_type, work, as_of)
        batch.done(item_type, reading, work)
    scopes.record(cursor, batch.outcomes, batch.held, as_of)
    seen: dict[int, int] = {}
    for outcome in batch.outcomes:
        seen[outcome.account_region_id] = seen.get(outcome.account_region_id, 0) + outcome.items
    return [MergeResult(seen[ids[place]], batch.changed.get(ids[place], 0)) for place in places]


def account_region_ids(cursor: Cursor, places: Sequence[Place]) -> dict[Place, int]:
    """Return the keys of account-regions, made where they are new, and lock them for the transaction."""
    found = _locked(cursor, places)
    missing = sorted(set(places) - found.keys())
    if missing:
        cursor.execute(query("account_region_add"), _columns(missing))
        found |= _locked(cursor, missing)
        for account, region in missing:
            if (account, region) not in found:
                raise GateledgerError(
                    f"Account {account.account_id} was never recorded, so its region {region} cannot be "
                    "stored: record the account first."
                )
    return found


def _locked(cursor: Cursor, places: Sequence[Place]) -> dict[Place, int]:
    cursor.execute(query("account_region_lock"), _columns(places))
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


def _merge_apis(cursor: Cursor, batch: _Batch, as_of: datetime) -> Mapping[tuple[int, str], int]:
    work = batch.work(ItemType.REST_API, _rest_apis)
    merged = rest_apis.merge(cursor, work, as_of)
    batch.done(ItemType.REST_API, _rest_apis, work)
    if merged.gone:
        for close in (stages.close_of_apis, integrations.close_of_apis):
            for region_id, count in close(cursor, merged.gone, as_of).items():
                batch.count(region_id, count)
        batch.forgotten.update((region_id, ItemType.STAGE) for region_id in merged.gone)
    return merged.new


def _merge_stages(
    cursor: Cursor, batch: _Batch, new_apis: Mapping[tuple[int, str], int], as_of: datetime
) -> None:
    work = batch.work(ItemType.STAGE, _stages)
    stages.merge(cursor, work, new_apis, as_of)
    batch.done(ItemType.STAGE, _stages, work)


def _rest_apis(snapshot: AccountRegionSnapshot) -> Reading[Any]:
    return snapshot.rest_apis


def _stages(snapshot: AccountRegionSnapshot) -> Reading[Any]:
    return snapshot.stages


def _integrations(snapshot: AccountRegionSnapshot) -> Reading[Any]:
    return snapshot.integrations


def _client_certificates(snapshot: AccountRegionSnapshot) -> Reading[Any]:
    return snapshot.client_certificates


def _acm_certificates(snapshot: AccountRegionSnapshot) -> Reading[Any]:
    return snapshot.acm_certificates
