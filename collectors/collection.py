"""The unit of work: one account-region, read by whichever thread, process or machine takes it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from cmdb.snapshot import (
    AccountKey,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    KnownRegion,
    Reading,
    ScopeStatus,
)
from collectors.accounts import denied_and_accepted
from collectors.calls import Caller
from collectors.patterns import matching
from collectors.plan import CollectionPlan
from collectors.quota import Quotas, RegionQuota
from collectors.sessions import Sessions, Transport
from collectors.snapshot import RegionReader, failed_snapshot
from collectors.values import Hasher

log = logging.getLogger("collectors")


class Collection:
    """What all account-regions of one process share: plan, sessions, quotas, and the signal to stop.

    Leaving its ``with`` block closes the connections.
    """

    def __init__(self, plan: CollectionPlan, stop: threading.Event | None = None) -> None:
        """Open the session. Raises ``CollectionError`` when there are no usable credentials."""
        self.plan = plan
        self.stop = stop or threading.Event()
        self.quotas = Quotas(plan.quota)
        self.hasher = Hasher(plan.hash_key, plan.sensitive_tags)
        self.sessions = Sessions(
            role_name=plan.role_name,
            external_id=plan.external_id,
            transport=Transport(plan.connect_timeout, plan.read_timeout, max(1, plan.threads)),
            retries=plan.retries,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sessions.close()


def collect_account_region(
    collection: Collection, account: AccountKey, region: str, known: KnownRegion
) -> AccountRegionSnapshot:
    """Read one account-region; whatever goes wrong is in the snapshot, nothing is raised.

    Once ``collection.stop`` is set, what is left to read is marked as interrupted, without further calls.
    """
    quota = collection.quotas.of(account.account_id, region)
    caller = Caller(
        collection.sessions.sender(account, region),
        quota=quota,
        retries=collection.plan.retries,
        stop=collection.stop,
    )
    wanted = collection.plan.scopes
    reader = RegionReader(
        caller,
        collection.hasher,
        account,
        region,
        known,
        wanted,
        private_definitions=collection.plan.private_definitions,
    )
    try:
        snapshot = reader.read()
    except Exception as error:
        log.error(  # noqa: TRY400  the traceback goes to the debug line
            "%s %s: the collector failed (%s); nothing of it was read",
            account.account_id,
            region,
            type(error).__name__,
            extra={"event": "scope.crashed", "account_id": account.account_id, "region": region},
        )
        log.debug("the collector failed", exc_info=True, extra={"event": "scope.crashed"})
        snapshot = failed_snapshot(
            account,
            region,
            Failure(
                FailureKind.MALFORMED,
                "collect",
                f"The collector met an answer that it cannot handle ({type(error).__name__}).",
            ),
            wanted,
        )
        snapshot.cost = caller.counts
    _note_quota(caller, quota)
    _accept_denials(snapshot, collection.plan.accepted_denials)
    _log(snapshot)
    return snapshot


def skipped_snapshot(
    account: AccountKey, region: str, reason: Failure, wanted: Iterable[str]
) -> AccountRegionSnapshot:
    """Return the snapshot of an account-region that is left out, of whose scopes some are ``wanted``."""
    snapshot = failed_snapshot(account, region, reason, wanted)
    for reading in readings(snapshot):
        reading.status = ScopeStatus.SKIPPED
    return snapshot


def readings(snapshot: AccountRegionSnapshot) -> list[Reading]:
    """Return the readings of a snapshot's scopes."""
    return list(snapshot.readings.values())


def has_failed(snapshot: AccountRegionSnapshot) -> bool:
    """Return whether something could not be read that should have been."""
    return any(
        reading.status in {ScopeStatus.FAILED, ScopeStatus.PARTIAL} and not _is_accepted(reading)
        for reading in readings(snapshot)
    )


def _is_accepted(reading: Reading) -> bool:
    return reading.failure is not None and reading.failure.kind is FailureKind.DENIED_ACCEPTED


def _note_quota(caller: Caller, quota: RegionQuota | None) -> None:
    if quota is not None:
        use = quota.use()
        caller.counts.peak_per_second = use.peak_per_second
        caller.counts.quota_share = use.share
        caller.counts.step_backs = use.step_backs


def _accept_denials(snapshot: AccountRegionSnapshot, patterns: tuple[str, ...]) -> None:
    """Make denials that are known and accepted no failures.

    What was read beside them stays: a scope of which only a part was denied is still a partial reading.
    """
    pattern = matching(patterns, snapshot.account.account_id, snapshot.region)
    if pattern is None:
        return
    for reading in readings(snapshot):
        failure = reading.failure
        if failure is None or failure.kind is not FailureKind.DENIED:
            continue
        if all(each.kind is FailureKind.DENIED for each in reading.unread.values()):
            reading.failure = denied_and_accepted(pattern, failure)
            if reading.status is ScopeStatus.FAILED:
                reading.status = ScopeStatus.SKIPPED


def scope_statuses(snapshot: AccountRegionSnapshot) -> list[ScopeStatus]:
    """Return the statuses of a snapshot's scopes."""
    return [reading.status for reading in readings(snapshot)]


def _log(snapshot: AccountRegionSnapshot) -> None:
    cost = snapshot.cost
    items = sum(len(reading.items) for reading in snapshot.readings.values())
    incomplete = sum(status is not ScopeStatus.COMPLETE for status in scope_statuses(snapshot))
    troubled = has_failed(snapshot)
    log.log(
        logging.WARNING if troubled else logging.INFO,
        "%s %s: %d items, %d calls, %d throttled, waited %.1f s, took %.1f s, %d scopes incomplete",
        snapshot.account.account_id,
        snapshot.region,
        items,
        cost.calls,
        cost.throttles,
        cost.waited_seconds,
        cost.duration_seconds,
        incomplete,
        extra={
            "event": "scope.collected",
            "account_id": snapshot.account.account_id,
            "region": snapshot.region,
            "items": items,
            "calls": cost.calls,
            "throttles": cost.throttles,
            "waited_seconds": round(cost.waited_seconds, 3),
            "quota_share": round(cost.quota_share, 3),
            "peak_per_second": cost.peak_per_second,
            "step_backs": cost.step_backs,
            "duration_seconds": round(cost.duration_seconds, 3),
            "incomplete": incomplete,
        },
    )
