"""A run that hands its account-regions to workers: queues them, waits, and adds up what comes back."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine

from cmdb.runs.dispatch import Dispatch, Order, RunOver
from cmdb.runs.runs import Run
from cmdb.server.queue_schema import require_queue
from cmdb.snapshot import AccountKey, Failure, FailureKind
from cmdb.storage.inventory import PostgresInventory
from cmdb.storage.worker_inventory import WorkerInventory
from collectors.account_access import enter_and_store
from collectors.accounts import list_targets
from collectors.collection import Collection
from collectors.plan import CollectionPlan
from collectors.progress import RegionDone
from collectors.quota_taken import RegionTaken
from collectors.run import CollectionSummary, require_some_region
from collectors.snapshot import failed_snapshot
from gateledger.settings.durations import format_duration
from gateledger.terminal.progress import Progress
from gateledger.workers.tasks import TaskQueue, fingerprint, shared_plan

log = logging.getLogger("gateledger.workers")

#: Seconds between looks at results, at dead workers, and at account-regions that no task waits for.
_POLL = 0.5
_REVIVE = 3.0
_SEARCH = 15.0
#: Seconds without any worker until that is said, and then between two times of saying it.
_PATIENCE = 30.0
_REMIND = 300.0


class Coordinator:
    """One run with workers."""

    def __init__(
        self, engine: Engine, run: Run, plan: CollectionPlan, progress: Progress, deadline: timedelta
    ) -> None:
        """Begin to hand out. Raises ``DatabaseOutdated`` when the queue is not that of this code."""
        with engine.connect() as connection:
            require_queue(connection)
        self._engine = engine
        self._run = run
        self._plan = plan
        self._progress = progress
        self._deadline = deadline
        self._ends_at = time.monotonic() + deadline.total_seconds()
        self.summary = CollectionSummary()
        self.missed = ""
        """Why account-regions were left unread, in one sentence; empty: none were."""
        key = fingerprint(plan.hash_key)
        self._dispatch = Dispatch(engine, run, key, shared_plan(plan))
        self._queue = TaskQueue(engine, run.run_id, key)
        self._lock = threading.Lock()
        self._to_enter = 0
        self._handed_out = 0
        self._done = 0

    def collect(self) -> CollectionSummary:
        """Hand out all account-regions and wait for them, until the deadline at most.

        Raises ``CollectionError`` when the collection cannot begin, and what the database raises.
        """
        began = time.monotonic()
        try:
            self._queue.forget_others()
            with Collection(self._plan) as collection:
                self._work(collection)
        finally:
            self._dispatch.close()
            self._queue.withdraw()
        self._count()
        if self._handed_out > self._done or self._to_enter:
            self._miss()
        self.summary.duration_seconds = time.monotonic() - began
        if not self.missed:
            require_some_region(self._plan, self.summary)
        return self.summary

    def mark_unreached(self) -> int:
        """Note in the scopes that nobody read why, once the collection is finished.

        Returns how many there are, an account that was not even entered counting as one.
        """
        return (
            self._to_enter + self._dispatch.mark_unreached(self.missed, self._plan.scopes)
            if self.missed
            else 0
        )

    def _work(self, collection: Collection) -> None:
        inventory = PostgresInventory(self._engine, self._run.as_of, self._run.run_id, self._plan.scopes)
        known = inventory.known_accounts() if self._plan.accounts == "organization" else []
        targets = list_targets(self._plan, collection.sessions, known, collection.stop)
        self.summary.accounts = self._to_enter = len(targets)
        self._progress.started(None)
        entering = iter(targets)

        def enter() -> None:
            while not collection.stop.is_set():
                with self._lock:
                    target = next(entering, None)
                if target is None:
                    return
                status, regions = enter_and_store(collection, inventory, target)
                self._hand_out(target.account, regions)
                with self._lock:
                    self.summary.count([status])
                    self._to_enter -= 1
                collection.sessions.forget(target.account)

        with ThreadPoolExecutor(max(1, self._plan.threads), thread_name_prefix="enter") as pool:
            threads = [pool.submit(enter) for _ in range(max(1, min(self._plan.threads, len(targets))))]
            try:
                self._wait(threads)
            finally:
                collection.stop.set()
        for thread in threads:
            thread.result()

    def _hand_out(self, account: AccountKey, regions: tuple[str, ...]) -> None:
        if not regions:
            return
        self._dispatch.add(account, regions)
        self._queue.put((account, region) for region in regions)
        with self._lock:
            self._handed_out += len(regions)

    def _wait(self, entering: list[Future[None]]) -> None:
        clock = time.monotonic
        revive_at, search_at = clock() + _REVIVE, clock() + _SEARCH
        seen_worker, remind_at = clock(), clock() + _PATIENCE
        told: int | None = None
        while clock() < self._ends_at:
            self._count()
            entered = all(thread.done() for thread in entering)
            if any(thread.done() and thread.exception() is not None for thread in entering):
                return
            if entered and told != self._handed_out:
                told = self._handed_out
                self._progress.started(told)
            if entered and self._done >= self._handed_out:
                return
            now = clock()
            if now >= revive_at:
                revive_at = now + _REVIVE
                self._revive()
                if self._queue.workers():
                    seen_worker = now
                elif now >= remind_at and now - seen_worker >= _PATIENCE:
                    remind_at = now + _REMIND
                    self._miss_workers()
            if entered and now >= search_at:
                search_at = now + _SEARCH
                self._find_lost()
            time.sleep(_POLL)

    def _count(self) -> None:
        for done in self._dispatch.count():
            self._done += 1
            summary = self.summary
            summary.account_regions += 1
            summary.scopes_ok += done.scopes_ok
            summary.scopes_failed += done.scopes_failed
            summary.items_seen += done.items_seen
            summary.items_changed += done.items_changed
            summary.calls += done.calls
            summary.throttles += done.throttles
            summary.waited_seconds += done.waited_seconds
            summary.quota.add(
                RegionTaken(
                    done.account_id, done.region, done.quota_share, done.peak_per_second, done.step_backs
                )
            )
            self._progress.account_region_done(
                RegionDone(
                    done.account_id,
                    done.region,
                    done.items_seen,
                    done.items_changed,
                    done.scopes_failed > 0,
                    done.calls,
                    done.throttles,
                )
            )

    def _revive(self) -> None:
        revived = self._queue.revive()
        if revived:
            log.warning(
                "a worker died: %d account-regions that it was reading are given to others",
                revived,
                extra={"event": "worker.died", "account_regions": revived},
            )

    def _find_lost(self) -> None:
        """Queue what the queue has lost once more; store as failed what workers cannot do."""
        lost = self._queue.lost()
        self._queue.put((account, region) for account, region, has_failed in lost if not has_failed)
        inventory = WorkerInventory(self._engine, Order(self._run.run_id, self._run.as_of, {}), "run")
        for account, region, has_failed in lost:
            if has_failed:
                failure = Failure(
                    FailureKind.INTERRUPTED,
                    "collect",
                    "Workers failed to read it, time and again; their logs say why.",
                )
                try:
                    inventory.store(failed_snapshot(account, region, failure, self._plan.scopes))
                except RunOver:
                    return

    def _miss_workers(self) -> None:
        log.warning(
            "no worker takes account-regions: start `gateledger worker` with the same database and hash key "
            "(%d of %d are waiting)",
            self._handed_out - self._done,
            self._handed_out,
            extra={"event": "run.no_workers", "waiting": self._handed_out - self._done},
        )

    def _miss(self) -> None:
        left = self._handed_out - self._done
        self.summary.interrupted = True
        self.missed = (
            f"No worker had read it when the run's deadline of {format_duration(self._deadline)} came."
        )
        log.warning(
            "the deadline of %s came: %d of %d account-regions are not read",
            format_duration(self._deadline),
            left,
            self._handed_out,
            extra={"event": "run.deadline", "left": left, "handed_out": self._handed_out},
        )
