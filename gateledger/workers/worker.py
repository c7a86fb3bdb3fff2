"""``gateledger worker``: takes account-regions that runs hand out, reads them, stores them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import psycopg
from procrastinate import App as TaskApp
from procrastinate import BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from cmdb.errors import SettingsError
from cmdb.runs.dispatch import Order, RunOver, order_of, run_with_other_key
from cmdb.server.database import unreachable
from cmdb.server.queue_schema import require_queue
from cmdb.snapshot import AccountKey
from cmdb.storage.worker_inventory import WorkerInventory
from collectors.collection import Collection, collect_account_region
from collectors.plan import CollectionPlan
from collectors.quota import Quotas
from gateledger.workers.tasks import (
    DEAD_AFTER,
    HEARTBEAT,
    TASK,
    connection_arguments,
    fingerprint,
    plan_of,
    queue_of,
)

log = logging.getLogger("gateledger.workers")

#: Seconds given to account-regions in progress when the worker is stopped, until they are given back,
#: and then until the process ends whatever they do.
FINISH_WITHIN = 20.0
_END_WITHIN = 6.0
#: Seconds until an account-region that was given back is taken again: AWS's bucket is full again by then.
_GIVE_BACK = 5
_AGAIN = 10
_MOST_TRIES = 3
#: Accounts whose credentials are kept.
_ACCOUNTS = 256


class _GivenBack(Exception):
    """The worker is stopping; somebody else reads the account-region."""


class _Retry(BaseRetryStrategy):
    """Tries again what may pass: a stop, a database that went away; everything else a few times."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, _GivenBack | asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": _GIVE_BACK})
        if _is_passing(exception) or job.attempts + 1 < _MOST_TRIES:
            return RetryDecision(retry_in={"seconds": _AGAIN})
        return None


def _is_passing(error: BaseException) -> bool:
    driver = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(driver, psycopg.OperationalError | psycopg.InterfaceError)


class Reader:
    """Reads and stores account-regions; shared by the threads of one worker."""

    def __init__(self, engine: Engine, plan: CollectionPlan, stop: threading.Event) -> None:
        """Open the session of AWS. Raises ``CollectionError`` when there are no usable credentials."""
        self._engine = engine
        self._own = plan
        self._stop = stop
        self._lock = threading.Lock()
        self._quotas = Quotas(plan.quota)
        self._collection = self._open(plan)
        self._accounts: OrderedDict[AccountKey, None] = OrderedDict()
        self._orders: tuple[float, Order] | None = None
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def read(self, run_id: int, account: AccountKey, region: str) -> None:
        """Read one account-region and store it, unless the run is over by then."""
        try:
            order = self._order(run_id)
            inventory = WorkerInventory(self._engine, order, self._name)
            known = inventory.known(account, region)
            snapshot = collect_account_region(self._collection_for(order, account), account, region, known)
            if self._stop.is_set():
                raise _GivenBack
            inventory.store(snapshot)
        except RunOver:
            log.info(
                "%s %s: run %d is over, nothing of it is stored",
                account.account_id,
                region,
                run_id,
                extra={"event": "worker.too_late", "run_id": run_id, "region": region},
            )

    def close(self) -> None:
        """Close the connections to AWS."""
        self._collection.sessions.close()

    def _open(self, plan: CollectionPlan) -> Collection:
        collection = Collection(plan, self._stop)
        # What AWS has counted does not change with the run.
        collection.quotas = self._quotas
        return collection

    def _order(self, run_id: int) -> Order:
        """Return a run's order, at most a second old; storing asks again."""
        with self._lock:
            held = self._orders
        if held is not None and held[1].run_id == run_id and time.monotonic() - held[0] < 1.0:
            return held[1]
        order = order_of(self._engine, run_id)
        with self._lock:
            self._orders = (time.monotonic(), order)
        return order

    def _collection_for(self, order: Order, account: AccountKey) -> Collection:
        """Return the collection for a run's plan; credentials of accounts not used lately are dropped."""
        plan = plan_of(self._own, order.plan)
        with self._lock:
            if self._collection.plan != plan:
                before, self._collection = self._collection, self._open(plan)
                before.sessions.close()
            collection = self._collection
            self._accounts[account] = None
            self._accounts.move_to_end(account)
            oldest = self._accounts.popitem(last=False)[0] if len(self._accounts) > _ACCOUNTS else None
        if oldest is not None:
            collection.sessions.forget(oldest)
        return collection


class Worker:
    """A process that works on the queue until it is stopped."""

    def __init__(self, engine: Engine, plan: CollectionPlan, concurrency: int) -> None:
        """Check that this process can work.

        Raises ``DatabaseOutdated``, ``CollectionError`` and, when a run in progress was begun with another
        hash key, ``SettingsError``.
        """
        with engine.connect() as connection:
            require_queue(connection)
        self._engine = engine
        self._key = fingerprint(plan.hash_key)
        self._concurrency = concurrency
        self._stop = threading.Event()
        self._is_draining = False
        self._check_key()
        self._reader = Reader(engine, plan, self._stop)

    def serve(self) -> None:
        """Work until SIGTERM or SIGINT, then finish or give back what is in progress within 30 seconds.

        Raises ``SettingsError`` when a run comes whose key is another one, and ``DatabaseUnreachable`` when
        the database stays away.
        """
        try:
            asyncio.run(self._serve())
        finally:
            self._reader.close()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        app = TaskApp(
            connector=PsycopgConnector(**connection_arguments(self._engine), min_size=1, max_size=4)
        )

        @app.task(name=TASK, retry=_Retry())
        async def collect(run_id: int, partition: str, account_id: str, region: str) -> None:
            await _in_thread(lambda: self._reader.read(run_id, AccountKey(partition, account_id), region))

        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[queue_of(self._key)],
                    concurrency=self._concurrency,
                    delete_jobs="successful",
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=DEAD_AFTER,
                    shutdown_graceful_timeout=FINISH_WITHIN + _END_WITHIN,
                    install_signal_handlers=False,
                )
            )
            checking = asyncio.create_task(self._watch_key())
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._drain, working, loop)
            log.info(
                "worker up: %d account-regions side by side",
                self._concurrency,
                extra={"event": "worker.up", "concurrency": self._concurrency},
            )
            await self._finish(working, checking)

    async def _finish(self, working: asyncio.Task[None], checking: asyncio.Task[None]) -> None:
        await asyncio.wait({working, checking}, return_when=asyncio.FIRST_COMPLETED)
        self._stop_reading_soon(asyncio.get_running_loop())
        for task in (working, checking):
            task.cancel()
        outcomes = await asyncio.gather(working, checking, return_exceptions=True)
        log.info("worker down", extra={"event": "worker.down"})
        for outcome in outcomes:
            if isinstance(outcome, ConnectorException):
                raise unreachable(outcome, self._engine) from outcome
            if isinstance(outcome, Exception):
                raise outcome
        if not self._is_draining:
            lost = ConnectorException("the connection was lost")
            raise unreachable(lost, self._engine)

    def _drain(self, working: asyncio.Task[None], loop: asyncio.AbstractEventLoop) -> None:
        if self._is_draining:
            self._stop.set()
            return
        self._is_draining = True
        log.info(
            "stopping: account-regions in progress are finished, or given back after %d s",
            FINISH_WITHIN,
            extra={"event": "worker.draining"},
        )
        self._stop_reading_soon(loop)
        working.cancel()

    def _stop_reading_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._is_draining:
            loop.call_later(FINISH_WITHIN, self._stop.set)
        else:
            self._stop.set()

    async def _watch_key(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            await _in_thread(self._check_key)

    def _check_key(self) -> None:
        other = run_with_other_key(self._engine, self._key)
        if other is not None:
            raise SettingsError(
                f"Run {other} hides secret values with another hash key than this worker's, so this worker "
                "cannot help: set GATELEDGER_HASH_KEY to the same value for `gateledger run` and all workers."
            )


async def _in_thread(work: Callable[[], None]) -> None:
    """Run work in a thread of its own that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def conclude(error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(conclude, error)

    threading.Thread(target=run, name="collect", daemon=True).start()
    await done
