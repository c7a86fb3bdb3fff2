"""What a run with workers does about tasks that are lost, fail, or belong to workers that died."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from procrastinate.jobs import Job
from psycopg.rows import dict_row
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.dispatch import order_of, run_with_other_key
from cmdb.runs.runs import Run, RunKind
from cmdb.server.database import transaction
from cmdb.snapshot import AccountKey, AccountReading, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from collectors.plan import CollectionPlan
from collectors.readers import ALWAYS
from gateledger.terminal.progress import SilentProgress
from gateledger.workers.dispatching import Coordinator
from gateledger.workers.tasks import fingerprint, plan_of, shared_plan
from gateledger.workers.worker import Reader, _GivenBack, _Retry

ACCOUNT = AccountKey("aws", "111122223333")
REGIONS = ("eu-central-1", "us-east-1")
PLAN = CollectionPlan(
    hash_key=b"the key of this test", sensitive_tags=("owner*",), scopes=ALWAYS | {"usage_plan"}
)


@pytest.fixture
def run(engine: Engine) -> Run:
    return runs.start(engine, RunKind.COLLECT, None)


@pytest.fixture
def coordinator(engine: Engine, run: Run) -> Coordinator:
    """A run that has handed out two account-regions."""
    made = Coordinator(engine, run, PLAN, SilentProgress(), timedelta(hours=1))
    PostgresInventory(engine, run.as_of).store_account(
        AccountReading(ACCOUNT, "Shop", ScopeStatus.COMPLETE, regions=REGIONS)
    )
    made._hand_out(ACCOUNT, REGIONS)
    return made


@pytest.fixture
def ask(engine: Engine) -> Callable[..., list[dict[str, Any]]]:
    def rows(statement: str, *values: object) -> list[dict[str, Any]]:
        with transaction(engine) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("SET LOCAL search_path = queue")
            cursor.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    return rows


Ask = Callable[..., list[dict[str, Any]]]


def test_tasks_that_vanished_are_queued_again(coordinator: Coordinator, ask: Ask) -> None:
    assert len(ask("SELECT id FROM procrastinate_jobs")) == 2
    ask("DELETE FROM procrastinate_jobs WHERE lock LIKE %s", "%us-east-1")
    coordinator._find_lost()
    coordinator._find_lost()
    locks = {row["lock"] for row in ask("SELECT lock FROM procrastinate_jobs")}
    assert locks == {f"aws/111122223333/{region}" for region in REGIONS}


def test_what_workers_fail_at_for_good_is_a_failed_scope(coordinator: Coordinator, ask: Ask) -> None:
    ask("UPDATE procrastinate_jobs SET status = 'doing'")
    ask("UPDATE procrastinate_jobs SET status = 'failed' WHERE lock LIKE %s", "%us-east-1")
    coordinator._find_lost()
    coordinator._count()
    assert (coordinator.summary.account_regions, coordinator.summary.scopes_failed) == (1, 6)
    told = ask("SELECT DISTINCT region, status, error FROM report.scope_health WHERE region <> 'global'")
    assert told == [
        {
            "region": "us-east-1",
            "status": "failed",
            "error": "Workers failed to read it, time and again; their logs say why.",
        }
    ]


def test_tasks_of_dead_workers_are_queued_again_and_those_of_live_ones_are_not(
    coordinator: Coordinator, ask: Ask
) -> None:
    [alive] = ask("SELECT worker_id FROM procrastinate_register_worker_v1()")
    ask("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", alive["worker_id"])
    coordinator._revive()
    assert {row["status"] for row in ask("SELECT status FROM procrastinate_jobs")} == {"doing"}
    assert coordinator._queue.workers() == 1
    ask("UPDATE procrastinate_workers SET last_heartbeat = clock_timestamp() - interval '1 minute'")
    coordinator._revive()
    assert {row["status"] for row in ask("SELECT status FROM procrastinate_jobs")} == {"todo"}
    assert coordinator._queue.workers() == 0


def test_tasks_of_earlier_runs_are_forgotten(coordinator: Coordinator, engine: Engine, ask: Ask) -> None:
    later = runs.start(engine, RunKind.COLLECT, None)
    second = Coordinator(engine, later, PLAN, SilentProgress(), timedelta(hours=1))
    second._queue.forget_others()
    assert ask("SELECT id FROM procrastinate_jobs") == []
    assert ask("SELECT run_id FROM cmdb.dispatch_item") == []


def test_keys_are_told_apart_by_their_fingerprints(
    coordinator: Coordinator, engine: Engine, run: Run
) -> None:
    own = fingerprint(PLAN.hash_key)
    assert b"key" not in own.encode()
    assert run_with_other_key(engine, own) is None
    assert run_with_other_key(engine, fingerprint(b"another key")) == run.run_id
    coordinator._dispatch.close()
    assert run_with_other_key(engine, fingerprint(b"another key")) is None


def test_a_worker_goes_by_the_runs_settings_and_its_own_secrets(
    coordinator: Coordinator, engine: Engine, run: Run
) -> None:
    own = CollectionPlan(hash_key=b"own", external_id="own", role_name="Other", threads=3)
    plan = plan_of(own, order_of(engine, run.run_id).plan)
    assert shared_plan(plan) == shared_plan(PLAN)
    assert plan.scopes == PLAN.scopes
    assert (plan.hash_key, plan.external_id, plan.threads) == (b"own", "own", 3)


def test_what_is_tried_again(coordinator: Coordinator) -> None:
    def decided(error: BaseException, attempts: int) -> bool:
        job = Job(queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
        return _Retry().get_retry_decision(exception=error, job=job) is not None

    assert decided(_GivenBack(), 50)
    assert decided(asyncio.CancelledError(), 50)
    assert decided(psycopg.OperationalError("gone"), 50)
    assert decided(ValueError("a mistake"), 0)
    assert not decided(ValueError("a mistake"), 2)


def test_a_stopping_worker_gives_back_what_it_could_not_read(
    coordinator: Coordinator, engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.setattr("collectors.sessions.Sessions._identify", lambda _self: ACCOUNT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    stop = threading.Event()
    reader = Reader(engine, PLAN, stop)
    stop.set()
    with pytest.raises(_GivenBack):
        reader.read(run.run_id, ACCOUNT, REGIONS[0])
    reader.close()
    assert ask("SELECT done_at FROM cmdb.dispatch_item WHERE done_at IS NOT NULL") == []
