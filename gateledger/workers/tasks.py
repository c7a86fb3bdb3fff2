"""What a run and its workers agree on: the queue, its tasks, and the key that both must have."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.jobs import Job
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.server.database import address_of, transaction
from cmdb.server.queue_schema import SCHEMA
from cmdb.server.session import SettledConnection
from cmdb.snapshot import AccountKey
from collectors.plan import CollectionPlan

_SQL = "gateledger.workers.sql"

TASK = "collect_account_region"
#: Seconds between a worker's signs of life, and without one until its tasks are given to others.
HEARTBEAT = 3.0
DEAD_AFTER = 15.0


def fingerprint(key: bytes) -> str:
    """Return what distinguishes two hash keys and discloses neither."""
    return hmac.new(key, b"gateledger: fingerprint of the hash key", sha256).hexdigest()[:16]


def queue_of(key_fingerprint: str) -> str:
    """Return the queue of a key: workers with another one never see its tasks."""
    return f"collect-{key_fingerprint}"


def connection_arguments(engine: Engine) -> dict[str, Any]:
    """Return how procrastinate's connectors reach the queue in an engine's database."""
    return {
        "conninfo": make_conninfo(**address_of(engine).connection_parameters()),
        "kwargs": {"fallback_application_name": "gateledger queue"},
        "connection_class": _QueueConnection,
    }


class _QueueConnection(SettledConnection):
    """A session set up as all others are, but that it finds the queue's tables without a schema."""

    search_path = f"{SCHEMA}, pg_catalog, pg_temp"


def shared_plan(plan: CollectionPlan) -> dict[str, Any]:
    """Return what of a plan workers go by: all that decides what is stored, but for secrets."""
    return {
        "role_name": plan.role_name,
        "sensitive_tags": list(plan.sensitive_tags),
        "accepted_denials": list(plan.accepted_denials),
        "scopes": sorted(plan.scopes),
        "private_definitions": plan.private_definitions,
    }


def plan_of(own: CollectionPlan, shared: dict[str, Any]) -> CollectionPlan:
    """Return a worker's own plan (key, external id, time-outs, threads) with what a run shares."""
    from dataclasses import replace

    return replace(
        own,
        role_name=shared["role_name"],
        sensitive_tags=tuple(shared["sensitive_tags"]),
        accepted_denials=tuple(shared["accepted_denials"]),
        scopes=frozenset(shared["scopes"]),
        private_definitions=shared["private_definitions"],
    )


class TaskQueue:
    """The run's side of the queue. Thread-safe."""

    def __init__(self, engine: Engine, run_id: int, key_fingerprint: str) -> None:
        self._engine = engine
        self._run_id = run_id
        self._queue = queue_of(key_fingerprint)
        # Statements go through the engine's connections; procrastinate opens none of its own.
        self._manager = App(connector=SyncPsycopgConnector()).job_manager

    def forget_others(self) -> None:
        """Drop tasks of runs that are over."""
        with self._transaction() as connection:
            connection.execute(query("queue_forget", _SQL), {"run_id": self._run_id})

    def put(self, account_regions: Iterable[tuple[AccountKey, str]]) -> None:
        """Queue account-regions; of one at most one task is worked on at a time, whichever run it is of."""
        jobs = [
            Job(
                queue=self._queue,
                task_name=TASK,
                lock=f"{account.partition}/{account.account_id}/{region}",
                queueing_lock=f"{self._run_id}/{account.partition}/{account.account_id}/{region}",
                task_kwargs={
                    "run_id": self._run_id,
                    "partition": account.partition,
                    "account_id": account.account_id,
                    "region": region,
                },
            )
            for account, region in account_regions
        ]
        if jobs:
            with self._transaction() as connection:
                self._manager.batch_defer_jobs(jobs, connection=connection)

    def revive(self) -> int:
        """Queue the tasks of workers that died once more; return how many."""
        with self._transaction() as connection:
            stalled = connection.execute(query("queue_stalled", _SQL), {"seconds": DEAD_AFTER}).fetchall()
            for (job_id,) in stalled:
                connection.execute(
                    "SELECT procrastinate_retry_job_v2(%s, clock_timestamp(), NULL, NULL, NULL)", (job_id,)
                )
        return len(stalled)

    def lost(self) -> list[tuple[AccountKey, str, bool]]:
        """Return account-regions that no task waits for, and whether the last one failed for good."""
        with self._transaction() as connection:
            rows = connection.execute(query("queue_lost", _SQL), {"run_id": self._run_id}).fetchall()
        return [(AccountKey(row[0], row[1]), row[2], row[3]) for row in rows]

    def workers(self) -> int:
        """Return how many workers are up."""
        with self._transaction() as connection:
            row = connection.execute(query("queue_workers", _SQL), {"seconds": DEAD_AFTER}).fetchone()
        return 0 if row is None else int(row[0])

    def withdraw(self) -> None:
        """Take what is left off the queue."""
        with self._transaction() as connection:
            connection.execute(query("queue_withdraw", _SQL), {"run_id": self._run_id})

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with transaction(self._engine) as connection:
            # Procrastinate's functions and triggers name their tables without a schema.
            connection.execute("SELECT set_config('search_path', %s, true)", (SCHEMA,))
            yield connection
