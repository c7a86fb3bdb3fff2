"""Merge a snapshot of one account-region into versions, at the cost of what changed.

Everything happens on one cursor and so in the caller's one transaction: versions, scopes and their history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cmdb import certificates, integrations, rest_apis, scopes, stages
from cmdb.database import Cursor
from cmdb.queries import query
from cmdb.scopes import Outcome
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, ItemType, MergeResult, Reading, ScopeStatus

READ = frozenset({ScopeStatus.COMPLETE, ScopeStatus.PARTIAL})


@dataclass(slots=True)
class _Merged:
    changed: int = 0
    outcomes: list[Outcome] = field(default_factory=list)


def merge_snapshots(
    cursor: Cursor, snapshots: Iterable[AccountRegionSnapshot], as_of: datetime
) -> MergeResult:
    """Merge account-regions read by one run; return what was seen and changed."""
    seen = changed = 0
    outcomes: list[Outcome] = []
    for snapshot in snapshots:
        merged = _merge(cursor, snapshot, as_of)
        outcomes += merged.outcomes
        seen += sum(outcome.items for outcome in merged.outcomes)
        changed += merged.changed
    scopes.record(cursor, outcomes, as_of)
    return MergeResult(items_seen=seen, items_changed=changed)


def account_region_id(cursor: Cursor, account: AccountKey, region: str) -> int:
    """Return the key of an account-region, made where it is new, and lock it for the transaction."""
    row = cursor.execute(
        query("account_region_lock"),
        {"partition": account.partition, "account_id": account.account_id, "region": region},
    ).fetchone()
    if row is None:
        cursor.execute(
            query("account_region_add"),
            {"partition": account.partition, "account_id": account.account_id, "region": region},
        )
        return account_region_id(cursor, account, region)
    return int(row[0])


def _merge(cursor: Cursor, snapshot: AccountRegionSnapshot, as_of: datetime) -> _Merged:
    region_id = account_region_id(cursor, snapshot.account, snapshot.region)
    digests = scopes.digests(cursor, region_id)
    merged = _Merged()

    def done(item_type: ItemType, reading: Reading[Any], digest: bytes | None) -> None:
        merged.outcomes.append(
            Outcome(
                account_region_id=region_id,
                item_type=item_type,
                status=reading.status,
                failure=reading.failure,
                items=len(reading.items),
                unread=reading.unread,
                digest=digest if reading.status in READ else digests.get(item_type),
                cost=snapshot.cost,
            )
        )

    gone: list[int] = []
    api_digest = digests.get(ItemType.REST_API)
    if snapshot.rest_apis.status in READ:
        result = rest_apis.merge(cursor, region_id, snapshot.rest_apis, api_digest, as_of)
        gone, api_digest = result.gone, result.digest
        merged.changed += result.changed
    done(ItemType.REST_API, snapshot.rest_apis, api_digest)

    stage_digest = digests.get(ItemType.STAGE)
    if gone:
        merged.changed += stages.close_of_apis(cursor, region_id, gone, as_of)
        merged.changed += integrations.close_of_apis(cursor, gone, as_of)
        stage_digest = digests[ItemType.STAGE] = None
    if snapshot.stages.status in READ:
        changes, stage_digest = stages.merge(cursor, region_id, snapshot.stages, stage_digest, as_of)
        merged.changed += changes
    done(ItemType.STAGE, snapshot.stages, stage_digest)

    if snapshot.integrations.status in READ:
        merged.changed += integrations.merge(cursor, region_id, snapshot.integrations, as_of)
    done(ItemType.INTEGRATION, snapshot.integrations, None)

    for item_type, certificate_reading in (
        (ItemType.CLIENT_CERTIFICATE, snapshot.client_certificates),
        (ItemType.ACM_CERTIFICATE, snapshot.acm_certificates),
    ):
        digest = digests.get(item_type)
        if certificate_reading.status in READ:
            changes, digest = certificates.merge(
                cursor, region_id, item_type, certificate_reading, digest, as_of
            )
            merged.changed += changes
        done(item_type, certificate_reading, digest)
    return merged
