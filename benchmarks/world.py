"""One server and one size: its database, the estate in it, and the nights that it has lived through."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine

from benchmarks import servers
from benchmarks.estate import Answered, Estate, night_time
from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import open_engine, transaction, upgrade
from cmdb.snapshot import AccountRegionSnapshot
from cmdb.storage.inventory import PostgresInventory
from collectors.answers import AnswerDigests
from evaluator.catalog.loading import load_catalog
from evaluator.catalog.policy import Policy
from evaluator.judging.engine import Evaluation, evaluate

SSL_POLICY = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
MAX_STALENESS = timedelta(hours=72)
#: Account-regions merged in one transaction, threads that merge, as the collectors' threads do, and
#: transactions that are made ready for them at a time.
BATCH = 20
THREADS = 2
READY = 2
_DIGESTS = AnswerDigests(b"benchmark")


class World:
    """A server with a database of the size that is measured; made as far as a case asks for it."""

    def __init__(self, server: str, server_url: str, stages: int) -> None:
        """Describe it; nothing is made yet."""
        self.server = server
        self.stages = stages
        self.server_url = server_url
        self._stack = ExitStack()
        self._engine: Engine | None = None
        self.night = -1
        self._later = 0
        self.policy = load_catalog().policy(SSL_POLICY)

    def close(self) -> None:
        """Drop the database."""
        self._stack.close()
        self._stack = ExitStack()
        self._engine = None
        self.night = -1

    @property
    def engine(self) -> Engine:
        """Engine on the database."""
        if self._engine is None:
            url = self._stack.enter_context(servers.database(self.server_url))
            self._engine = open_engine(url)
            self._stack.callback(self._engine.dispose)
            upgrade(self._engine)
        return self._engine

    def ensure_loaded(self) -> None:
        """Have at least one night merged."""
        if self.night < 0:
            self.live(0)

    def estate(self, *, churn: float = 0.01) -> Estate:
        """Return the estate of this size."""
        return Estate(self.stages, churn)

    def live(self, night: int, *, evaluated: bool = False) -> float:
        """Merge a night as one run; return the seconds that merging took, making snapshots excluded."""
        with self.run(RunKind.RUN if evaluated else RunKind.COLLECT, night) as run:
            seconds = self.merge(run, night)
            runs.finish_collection(self.engine, run)
            if evaluated:
                self.evaluate(run)
        self.night = max(self.night, night)
        return seconds

    def merge(self, run: Run, night: int, *, shown_as: int | None = None) -> float:
        """Merge the estate as it is on ``shown_as`` (the night itself unless told) under a run.

        Counted are the digests of answers and all that storing takes; not making snapshots and answers.
        """
        inventory = PostgresInventory(self.engine, run.as_of)
        estate = self.estate()
        if night == 0:
            for account in estate.accounts():
                inventory.store_account(account)
        seconds = 0.0
        shown = estate.snapshots(night if shown_as is None else shown_as, first=night == 0)
        # The thread that made the snapshots merges too: one that sleeps meanwhile costs the others a wake-up.
        with ThreadPoolExecutor(THREADS - 1) as pool:
            for batch in batches(shown, BATCH * READY):
                parts = [
                    [Answered.of(snapshot) for snapshot in batch[at : at + BATCH]]
                    for at in range(0, len(batch), BATCH)
                ]
                began = time.perf_counter()
                others = [pool.submit(_store, inventory, part) for part in parts[1:]]
                _store(inventory, parts[0])
                for other in others:
                    other.result()
                seconds += time.perf_counter() - began
                # Not to be held while the next ones are made.
                batch.clear()
                parts.clear()
        return seconds

    def judge_again(self, **options: Any) -> tuple[float, Evaluation]:
        """Evaluate once more, some seconds later in the same night; return the seconds and what it found."""
        self._later += 10
        with self.run(RunKind.EVALUATE, self.night, later=timedelta(seconds=self._later)) as run:
            began = time.perf_counter()
            found = self.evaluate(run, **options)
            return time.perf_counter() - began, found

    @contextmanager
    def run(self, kind: RunKind, night: int, *, later: timedelta = timedelta()) -> Iterator[Run]:
        """Give a run of that night and close it."""
        started = runs.start(self.engine, kind, night_time(night) + later)
        yield started
        runs.finish(self.engine, started, RunStatus.COMPLETE, RunTotals())

    def evaluate(self, run: Run, policy: Policy | None = None, **options: Any) -> Evaluation:
        """Judge under a policy as the nightly job does."""
        return evaluate(
            self.engine, policy or self.policy, run, max_staleness=MAX_STALENESS, parameters={}, **options
        )

    def execute(self, statement: str, *, autocommit: bool = False) -> list[tuple[Any, ...]]:
        """Run a statement of the benchmark's own and return its rows."""
        if autocommit:
            url = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(statement.encode())
            return []
        with transaction(self.engine) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def settle(self) -> None:
        """Vacuum, analyze and checkpoint, so that one measurement does not pay for the one before."""
        self.execute("VACUUM ANALYZE", autocommit=True)
        self.execute("CHECKPOINT", autocommit=True)

    def server_seconds(self) -> float:
        """Return the CPU seconds that this database's server processes have used, where the system tells."""
        pids = self.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return sum(_cpu_seconds(pid) for (pid,) in pids)


def _store(inventory: PostgresInventory, part: Sequence[Answered]) -> None:
    inventory.store_many([answered.digested(_DIGESTS) for answered in part])


def batches(snapshots: Iterator[AccountRegionSnapshot], size: int) -> Iterator[list[AccountRegionSnapshot]]:
    """Yield snapshots several at a time, never holding more."""
    while batch := list(islice(snapshots, size)):
        yield batch


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
