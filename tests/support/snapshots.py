"""Snapshots by hand."""

from __future__ import annotations

from cmdb.items import collected_scopes
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, Failure, Reading, ScopeStatus


def nothing_read(account: AccountKey, region: str, failure: Failure) -> AccountRegionSnapshot:
    """Return an account-region of which nothing could be read."""
    return AccountRegionSnapshot(
        account, region, {name: Reading(ScopeStatus.FAILED, failure) for name in collected_scopes()}
    )
