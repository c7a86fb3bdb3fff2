"""Snapshots by hand."""

from __future__ import annotations

from cmdb.snapshot import AccountKey, AccountRegionSnapshot, Failure, Reading, ScopeStatus
from collectors.readers import ALWAYS


def nothing_read(account: AccountKey, region: str, failure: Failure) -> AccountRegionSnapshot:
    """Return an account-region of which nothing could be read."""
    return AccountRegionSnapshot(
        account, region, {name: Reading(ScopeStatus.FAILED, failure) for name in sorted(ALWAYS)}
    )
