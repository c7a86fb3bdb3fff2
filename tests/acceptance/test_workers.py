"""Runs that hand their account-regions to workers: real worker processes, killed and stopped for real."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.dispatch import Dispatch, RunOver, order_of
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from cmdb.snapshot import AccountKey, AccountReading, ScopeStatus
from cmdb.storage.worker_inventory import WorkerInventory
from gateledger.cli.entry import execute
from gateledger.nightly.summary import RunSummary
from gateledger.terminal.exits import ExitCode
from gateledger.workers import tasks
from simulated_aws import DEFAULT_ROLE, Estate, SimulatedAws
from tests.support.histories import DENIED
from tests.support.nights import ACCOUNT, REGION, Nights
from tests.support.snapshots import nothing_read

ROOT = Path(__file__).parents[2]
MEMBERS = ("222222222222", "333333333333")
REGIONS = (REGION, "us-east-1")


@dataclass
class WorkerProcess:
    """A ``gateledger worker`` whose log is read as it comes."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)

    def wait_for(self, event: str) -> None:
        """Read the log until the event; fail when the worker ends before."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == event:
                    return
        raise AssertionError(f"the worker ended before {event}: {self.lines[-3:]}")

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code and the rest of what it wrote."""
        self.process.send_signal(number)
        rest = self.process.communicate(timeout=40)[1]
        return self.process.returncode, rest


@pytest.fixture
def start_worker(nights: Nights) -> Iterator[Callable[..., WorkerProcess]]:
    """Start workers in the environment of the nights; killed at the end at the latest."""
    started: list[WorkerProcess] = []

    def start(**environment: str) -> WorkerProcess:
        process = subprocess.Popen(
            [sys.executable, "-c", "from gateledger.cli import main; main()", "worker", "--concurrency", "4"],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "GATELEDGER_LOG_FORMAT": "json",
                **environment,
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(WorkerProcess(process))
        return started[-1]

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.communicate()


@pytest.fixture
def nights(make_nights: Callable[..., Nights], estate: Estate) -> Nights:
    """An organization of three accounts in two regions, a stage in each account-region."""
    for member in MEMBERS:
        estate.add_account(member, f"Member {member[0]}", regions=REGIONS)
    for account_id in (ACCOUNT, *MEMBERS):
        for region in REGIONS:
            place = estate.region(account_id, region)
            place.add_stage(place.add_api("orders").id, "prod")
    return make_nights(
        accounts="organization",
        role_name=DEFAULT_ROLE,
        regions=",".join(REGIONS),
        workers="true",
        deadline="60s",
    )


def live(nights: Nights) -> Future[RunSummary]:
    """Live through a night in a thread of its own."""
    pool = ThreadPoolExecutor(1)
    night = pool.submit(nights.night)
    pool.shutdown(wait=False)
    return night


def results(nights: Nights) -> list[dict[str, Any]]:
    return nights.rows("SELECT * FROM cmdb.dispatch_item ORDER BY account_region_id")


def test_workers_share_the_account_regions_of_a_run(
    nights: Nights, start_worker: Callable[..., WorkerProcess], aws: SimulatedAws
) -> None:
    # given two workers
    workers = [start_worker() for _ in range(2)]
    for worker in workers:
        worker.wait_for("worker.up")
    # when a run hands out six account-regions
    summary = nights.night()
    # then all are read, each once, and the run's totals are theirs
    assert summary.scopes_failed == 0
    assert summary.scopes_ok == 3 + 6 * 5
    items = results(nights)
    assert len(items) == 6
    assert all(item["done_at"] is not None and item["is_counted"] for item in items)
    [run] = nights.rows("SELECT status, calls, throttles, items_seen, quota FROM report.run")
    assert run["status"] == "complete"
    assert run["calls"] == sum(item["calls"] for item in items) == 6 * 5
    assert run["items_seen"] == sum(item["items_seen"] for item in items)
    assert len(run["quota"]["account_regions"]) == 6
    assert run["quota"]["peak_per_second"] == max(item["peak_per_second"] for item in items) > 0
    # The stages are listed once more after the exports, which name no deployment.
    assert [nights.asked(name) for name in ("GetRestApis", "GetExport", "GetStages")] == [6, 6, 12]
    assert len(nights.findings()) == 2 * 6
    # and the queue is empty again
    assert nights.rows("SELECT id FROM queue.procrastinate_jobs") == []
    # when the next night finds the same
    assert nights.night().items_changed == 0
    # then workers told to stop end well
    for worker in workers:
        code, rest = worker.end(signal.SIGTERM)
        assert code == ExitCode.DONE
        assert "worker.down" in rest


def test_a_worker_that_is_killed_loses_nothing(
    nights: Nights,
    start_worker: Callable[..., WorkerProcess],
    aws: SimulatedAws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a worker in the midst of account-regions whose answers are slow to come
    monkeypatch.setattr(tasks, "DEAD_AFTER", 6.0)
    slow = aws.faults.add("slow", "GetStages", seconds=20.0)
    first = start_worker()
    first.wait_for("worker.up")
    night = live(nights)
    wait_until(lambda: nights.asked("GetStages") >= 4)
    assert [row["n"] for row in doing(nights)] == [4]
    # when it is killed and another one comes up
    first.process.kill()
    aws.faults.remove(slow)
    start_worker().wait_for("worker.up")
    # then that one reads all, and the night is complete
    summary = night.result(timeout=60)
    assert summary.scopes_failed == 0
    assert len({item["worker"] for item in results(nights)}) == 1
    assert len(nights.findings()) == 2 * 6


def test_a_worker_told_to_stop_finishes_what_it_reads(
    nights: Nights, start_worker: Callable[..., WorkerProcess], aws: SimulatedAws
) -> None:
    # given a worker in the midst of account-regions
    slow = aws.faults.add("slow", "GetStages", seconds=3.0)
    first = start_worker()
    first.wait_for("worker.up")
    night = live(nights)
    wait_until(lambda: nights.asked("GetStages") >= 4)
    # when it is told to stop
    began = time.monotonic()
    code, _ = first.end(signal.SIGTERM)
    # then it ends soon and well, what it had begun is stored, and another worker does the rest
    assert code == ExitCode.DONE
    assert time.monotonic() - began < 30
    wait_until(lambda: sum(item["done_at"] is not None for item in results(nights)) == 4)
    aws.faults.remove(slow)
    start_worker().wait_for("worker.up")
    assert night.result(timeout=60).scopes_failed == 0
    assert len({item["worker"] for item in results(nights)}) == 2


def test_a_run_without_workers_says_so_and_ends_by_its_deadline(
    nights: Nights, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run that nobody comes to help
    monkeypatch.setattr("gateledger.workers.dispatching._PATIENCE", 0.5)
    monkeypatch.setattr("gateledger.workers.dispatching._REVIVE", 0.2)
    with caplog.at_level(logging.WARNING):
        arguments = ["run", "--deadline", "3s", "--as-of", nights.as_of(1).isoformat()]
        assert execute(arguments) == ExitCode.INCOMPLETE
    nights.day = 1
    nights.told[nights.as_of()] = nights.findings()
    # then it says so, and its scopes are uncollected with a sentence
    events = [getattr(record, "event", "") for record in caplog.records]
    assert "run.no_workers" in events
    assert "run.deadline" in events
    [run] = nights.rows("SELECT status, scopes_failed FROM report.run")
    assert run == {"status": "incomplete", "scopes_failed": 6 * 5}
    assert set(nights.scopes().values()) == {("uncollected", None)}
    errors = nights.rows("SELECT DISTINCT error FROM report.scope_health WHERE status = 'uncollected'")
    assert errors == [{"error": "No worker had read it when the run's deadline of 3s came."}]
    assert nights.rows("SELECT id FROM queue.procrastinate_jobs") == []
    # when a run does without workers, then it needs none and all is read
    assert execute(["run", "--no-workers", "--as-of", nights.as_of(2).isoformat()]) == ExitCode.DONE
    nights.day = 2
    nights.told[nights.as_of()] = nights.findings()
    assert len(nights.findings()) == 2 * 6
    assert len(nights.rows("SELECT run_id FROM cmdb.dispatch")) == 1


def test_a_worker_with_another_hash_key_says_so_and_takes_nothing(
    nights: Nights, start_worker: Callable[..., WorkerProcess], aws: SimulatedAws
) -> None:
    # given a worker whose key is not the run's
    stranger = start_worker(GATELEDGER_HASH_KEY="quite another key than that")
    stranger.wait_for("worker.up")
    night = live(nights)
    # when the run begins, then the worker ends with a sentence, having read nothing
    rest = stranger.process.communicate(timeout=40)[1]
    assert stranger.process.returncode == ExitCode.ERROR
    assert "GATELEDGER_HASH_KEY" in rest
    assert nights.asked("GetRestApis") == 0
    # and one with the right key does the work
    start_worker().wait_for("worker.up")
    assert night.result(timeout=60).scopes_failed == 0


def test_results_that_come_too_late_are_not_stored(engine: Engine) -> None:
    """Given a result for a run that goes on to evaluate or is over, when it is stored, then it is refused."""
    account = AccountKey("aws", ACCOUNT)
    run = runs.start(engine, RunKind.COLLECT, None)
    dispatch = Dispatch(engine, run, "key", {})
    WorkerInventory(engine, order_of(engine, run.run_id), "worker").store_account(
        AccountReading(account, None, ScopeStatus.COMPLETE, regions=REGIONS)
    )
    dispatch.add(account, REGIONS)
    inventory = WorkerInventory(engine, order_of(engine, run.run_id), "worker")
    inventory.store(nothing_read(account, REGION, DENIED))
    # a second result for the same account-region changes nothing
    assert inventory.store(nothing_read(account, REGION, DENIED)).items_seen == 0
    assert [done.region for done in dispatch.count()] == [REGION]
    assert dispatch.count() == []
    dispatch.close()
    for _ in range(2):
        with pytest.raises(RunOver):
            inventory.store(nothing_read(account, "us-east-1", DENIED))
        with pytest.raises(RunOver):
            order_of(engine, run.run_id)
        runs.finish(engine, run, RunStatus.INCOMPLETE, RunTotals())


def doing(nights: Nights) -> list[dict[str, Any]]:
    return nights.rows("SELECT count(*) AS n FROM queue.procrastinate_jobs WHERE status = 'doing'")


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "it did not come true in time"
        time.sleep(0.05)
