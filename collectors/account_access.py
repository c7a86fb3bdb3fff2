"""Entering one account on behalf of a run: its regions are found, and its state is stored."""

from __future__ import annotations

import logging

from cmdb.snapshot import AccountReading, AccountRegionSnapshot, FailureKind, Inventory, ScopeStatus
from collectors.accounts import READABLE, Target, enter
from collectors.collection import Collection, skipped_snapshot

log = logging.getLogger("collectors")


def enter_and_store(
    collection: Collection, inventory: Inventory, target: Target
) -> tuple[ScopeStatus, tuple[str, ...]]:
    """Enter an account and store how that went; return its status and the regions to read.

    An account that a stop kept from being entered is not stored: that is not the account's fault, and it
    counts as not covered.
    """
    reading = enter(target, collection.plan, collection.sessions, collection.stop)
    if collection.stop.is_set() and reading.status is ScopeStatus.FAILED:
        return reading.status, ()
    inventory.store_account(reading)
    excluded = _excluded_regions(reading, collection.plan.scopes)
    if excluded:
        # Those never read before are shown as left out as well.
        inventory.store_many(excluded)
    _log(target, reading)
    return reading.status, reading.regions if reading.status in READABLE else ()


def _excluded_regions(reading: AccountReading, wanted: frozenset[str]) -> list[AccountRegionSnapshot]:
    """Return snapshots that say of the account's excluded regions that they are skipped, and why."""
    if reading.status not in READABLE:
        return []
    return [
        skipped_snapshot(reading.account, region, reason, wanted)
        for region, reason in reading.skipped_regions.items()
        if reason.kind is FailureKind.EXCLUDED
    ]


def _log(target: Target, reading: AccountReading) -> None:
    entered = reading.status in READABLE
    troubled = reading.status in {ScopeStatus.FAILED, ScopeStatus.PARTIAL}
    log.log(
        logging.WARNING if troubled else logging.INFO,
        "account %s: %s%s",
        target.account.account_id,
        reading.status,
        "" if reading.failure is None else f" ({reading.failure.message})",
        extra={
            "event": "account.entered" if entered else "account.not_entered",
            "account_id": target.account.account_id,
            "status": str(reading.status),
        },
    )
