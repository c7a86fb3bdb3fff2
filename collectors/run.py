"""Collecting everything that a plan names: account-regions side by side, each stored and forgotten."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.snapshot import (
    AccountKey,
    AccountRegionSnapshot,
    Inventory,
    KnownRegion,
    MergeResult,
    ScopeStatus,
)
from collectors.account_access import enter_and_store
from collectors.accounts import Target, list_targets
from collectors.batching import Waiting
from collectors.collection import Collection, collect_account_region, has_failed, scope_statuses
from collectors.errors import CollectionError
from collectors.patterns import means_region
from collectors.plan import CollectionPlan
from collectors.progress import Progress, RegionDone
from collectors.quota_taken import QuotaTaken, RegionTaken

__all__ = [
    "Collection",
    "CollectionPlan",
    "CollectionSummary",
    "Progress",
    "collect",
    "collect_account_region",
    "require_some_region",
]


@dataclass(slots=True)
class CollectionSummary:
    """What a collection did. ``interrupted``: it was told to stop before all was read."""

    accounts: int = 0
    account_regions: int = 0
    scopes_ok: int = 0
    scopes_failed: int = 0
    scopes_skipped: int = 0
    items_seen: int = 0
    items_changed: int = 0
    calls: int = 0
    throttles: int = 0
    waited_seconds: float = 0.0
    duration_seconds: float = 0.0
    quota: QuotaTaken = field(default_factory=QuotaTaken)
    interrupted: bool = False

    def count(self, statuses: Iterable[ScopeStatus]) -> None:
        """Add scopes by how they ended."""
        for status in statuses:
            if status is ScopeStatus.COMPLETE:
                self.scopes_ok += 1
            elif status is ScopeStatus.SKIPPED:
                self.scopes_skipped += 1
            else:
                self.scopes_failed += 1


def collect(
    plan: CollectionPlan,
    inventory: Inventory,
    as_of: datetime,
    progress: Progress,
    stop: threading.Event | None = None,
) -> CollectionSummary:
    """Read all accounts and regions of the plan into the inventory.

    Raises ``CollectionError`` when it cannot begin (no credentials, organization not listed) or found none of
    the regions to read, and whatever the inventory raises, after the threads have ended. Setting ``stop`` (or
    interrupting the calling thread) ends the run soon: account-regions in progress store what they have, the
    others are left for the next run.
    """
    began = time.monotonic()
    with Collection(plan, stop) as collection:
        known = inventory.known_accounts() if plan.accounts == "organization" else []
        targets = list_targets(plan, collection.sessions, known, collection.stop)
        progress.started(None)
        run = _Run(collection, inventory, as_of, progress, targets)
        run.work()
    run.summary.interrupted = collection.stop.is_set()
    run.summary.duration_seconds = time.monotonic() - began
    require_some_region(plan, run.summary)
    return run.summary


def require_some_region(plan: CollectionPlan, summary: CollectionSummary) -> None:
    """Raise ``CollectionError`` when regions are named and no account that was entered has any of them.

    A misspelt region would otherwise look like an estate with nothing in it.
    """
    entered = summary.scopes_ok > 0
    read = summary.account_regions or summary.interrupted
    wanted = [region for region in plan.regions if not means_region(plan.excluded, region)]
    if plan.regions != "enabled" and wanted and entered and not read:
        raise CollectionError(
            f"No account that could be entered has any of the regions to read ({', '.join(plan.regions)}) "
            "enabled: correct GATELEDGER_REGIONS, or enable one of them."
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """An account-region to read, and what is known of it."""

    account: AccountKey
    region: str
    known: KnownRegion


class _Run:
    """Accounts still to enter and regions still to read, shared by the threads that do either.

    Threads read regions first and enter a further account only when few regions are left in line, so that
    neither memory nor the number of assumed roles grows with the organization.
    """

    def __init__(
        self,
        collection: Collection,
        inventory: Inventory,
        as_of: datetime,
        progress: Progress,
        targets: list[Target],
    ) -> None:
        self.summary = CollectionSummary(accounts=len(targets))
        self._collection = collection
        self._inventory = inventory
        self._as_of = as_of
        self._progress = progress
        self._targets = deque(targets)
        self._regions: deque[_Job] = deque()
        self._left: dict[AccountKey, int] = {}
        self._waiting = Waiting()
        self._entering = 0
        self._known_regions = 0
        self._change = threading.Condition()

    def work(self) -> None:
        """Work until nothing is left; raise what the inventory raised."""
        threads = max(1, self._collection.plan.threads)
        with ThreadPoolExecutor(threads, thread_name_prefix="collect") as pool:
            workers = [pool.submit(self._worker) for _ in range(threads)]
            try:
                while not _ended(workers):
                    # In turns: a signal that comes as a wait begins is acted on when it ends.
                    wait(workers, timeout=0.5, return_when=FIRST_EXCEPTION)
            finally:
                if not all(worker.done() for worker in workers):
                    self._stop()
        for worker in workers:
            worker.result()

    def _worker(self) -> None:
        try:
            while (job := self._next()) is not None:
                if isinstance(job, Target):
                    self._enter(job)
                else:
                    self._read(job)
            self._store(self._waiting.take())
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        self._collection.stop.set()
        with self._change:
            self._change.notify_all()

    def _next(self) -> Target | _Job | None:
        """Return the next thing to do, waiting for regions of accounts being entered; None: all is done."""
        with self._change:
            while not self._collection.stop.is_set():
                few = len(self._regions) < 2 * self._collection.plan.threads
                if self._targets and few and (not self._regions or self._entering == 0):
                    self._entering += 1
                    return self._targets.popleft()
                if self._regions:
                    return self._regions.popleft()
                if self._entering == 0:
                    return None
                # The time-out lets a stop from outside be seen, which notifies nobody.
                self._change.wait(timeout=0.5)
            return None

    def _enter(self, target: Target) -> None:
        known: Mapping[str, KnownRegion] = {}
        try:
            status, regions = enter_and_store(self._collection, self._inventory, target)
            known = self._inventory.known_in(target.account, regions) if regions else {}
            with self._change:
                self.summary.count([status])
        finally:
            with self._change:
                self._entering -= 1
                self._regions.extend(_Job(target.account, region, of) for region, of in known.items())
                self._known_regions += len(known)
                if known:
                    self._left[target.account] = len(known)
                total = self._known_regions if not self._targets and self._entering == 0 else None
                self._change.notify_all()
        self._progress.started(total)

    def _read(self, job: _Job) -> None:
        snapshot = collect_account_region(self._collection, job.account, job.region, job.known)
        with self._change:
            self._left[job.account] -= 1
            finished = self._left[job.account] == 0
            if finished:
                del self._left[job.account]
        if finished:
            self._collection.sessions.forget(job.account)
        self._store(self._waiting.add(snapshot))

    def _store(self, snapshots: list[AccountRegionSnapshot]) -> None:
        if not snapshots:
            return
        merged = self._inventory.store_many(snapshots)
        for snapshot, result in zip(snapshots, merged, strict=True):
            self._count(snapshot, result)

    def _count(self, snapshot: AccountRegionSnapshot, merged: MergeResult) -> None:
        statuses = scope_statuses(snapshot)
        with self._change:
            summary = self.summary
            summary.count(statuses)
            summary.account_regions += 1
            summary.items_seen += merged.items_seen
            summary.items_changed += merged.items_changed
            summary.calls += snapshot.cost.calls
            summary.throttles += snapshot.cost.throttles
            summary.waited_seconds += snapshot.cost.waited_seconds
            summary.quota.add(
                RegionTaken(
                    snapshot.account.account_id,
                    snapshot.region,
                    snapshot.cost.quota_share,
                    snapshot.cost.peak_per_second,
                    snapshot.cost.step_backs,
                )
            )
        self._progress.account_region_done(
            RegionDone(
                snapshot.account.account_id,
                snapshot.region,
                merged.items_seen,
                merged.items_changed,
                has_failed(snapshot),
                snapshot.cost.calls,
                snapshot.cost.throttles,
            )
        )


def _ended(workers: Sequence[Future[None]]) -> bool:
    """Return whether all have ended, or one with an error."""
    ended = [worker for worker in workers if worker.done()]
    return len(ended) == len(workers) or any(worker.exception() is not None for worker in ended)
