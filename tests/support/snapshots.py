"""Snapshots by hand."""

from __future__ import annotations

from cmdb.items import collected_scopes
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, Failure, Reading, ScopeStatus
from collectors.readers import ALWAYS, readable


def nothing_read(account: AccountKey, region: str, failure: Failure) -> AccountRegionSnapshot:
    """Return an account-region of which nothing could be read that is read always, or by the test's own types."""
    scopes = [name for name in collected_scopes() if name in ALWAYS or name not in readable()]
    return AccountRegionSnapshot(
        account, region, {name: Reading(ScopeStatus.FAILED, failure) for name in scopes}
    )
