"""Snapshots by hand."""

from __future__ import annotations

from cmdb.snapshot import AccountKey, AccountRegionSnapshot, Failure, Reading, ScopeStatus


def nothing_read(account: AccountKey, region: str, failure: Failure) -> AccountRegionSnapshot:
    """Return an account-region of which nothing could be read."""
    return AccountRegionSnapshot(account, region, *(Reading(ScopeStatus.FAILED, failure) for _ in range(5)))
