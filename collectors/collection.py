"""The unit of work: one account-region, read by whichever thread, process or machine takes it."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from cmdb.snapshot import (
    AccountKey,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    KnownRegion,
    ScopeStatus,
)
from collectors.calls import Caller
from collectors.plan import CollectionPlan
from collectors.quota import Quotas
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
    caller = Caller(
        collection.sessions.sender(account, region),
        quota=collection.quotas.of(account.account_id, region),
        retries=collection.plan.retries,
        stop=collection.stop,
    )
    reader = RegionReader(caller, collection.hasher, account, region, known)
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
        )
        snapshot.cost = caller.counts
    _log(snapshot)
    return snapshot


def scope_statuses(snapshot: AccountRegionSnapshot) -> list[ScopeStatus]:
    """Return the statuses of a snapshot's scopes."""
    return [reading.status for reading in snapshot.readings.values()]


def _log(snapshot: AccountRegionSnapshot) -> None:
    cost = snapshot.cost
    items = sum(len(reading.items) for reading in snapshot.readings.values())
    incomplete = sum(status is not ScopeStatus.COMPLETE for status in scope_statuses(snapshot))
    log.log(
        logging.WARNING if incomplete else logging.INFO,
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
            "duration_seconds": round(cost.duration_seconds, 3),
            "incomplete": incomplete,
        },
    )
