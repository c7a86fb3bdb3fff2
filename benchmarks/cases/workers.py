"""Account-regions shared by worker processes: four against one, each reading one at a time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.cases.collect import FIRST, LATENCY_MS, Simulated, collector, simulated
from benchmarks.frame import Case, Result
from benchmarks.world import World
from simulated_aws.estate import DEFAULT_ROLE

WORKERS = 4
_ACCOUNTS, _REGIONS, _APIS = 20, 10, 10
_COMMAND = (sys.executable, "-c", "from gateledger.cli import main; main()")
_UP_WITHIN = 60.0


@contextmanager
def _workers(number: int, environment: dict[str, str]) -> Iterator[None]:
    """Have so many workers up, with one account-region at a time each."""
    with tempfile.TemporaryDirectory(prefix="gl-bench-") as folder:
        logs = [Path(folder, f"worker-{index}.log") for index in range(number)]
        started = []
        try:
            for log in logs:
                with log.open("wb") as out:
                    started.append(
                        subprocess.Popen(
                            [*_COMMAND, "worker", "--concurrency", "1"], env=environment, stderr=out
                        )
                    )
            until = time.monotonic() + _UP_WITHIN
            while not all("worker up" in log.read_text(encoding="utf-8") for log in logs):
                if time.monotonic() > until:
                    raise SystemExit("The workers did not come up: " + logs[0].read_text(encoding="utf-8"))
                time.sleep(0.1)
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait()


def _run(number: int, environment: dict[str, str], hour: int) -> float:
    """Return the seconds of a run that so many workers share, its own start and judgement included."""
    as_of = (FIRST + timedelta(hours=hour)).isoformat()
    with _workers(number, environment):
        began = time.perf_counter()
        subprocess.run(
            [*_COMMAND, "run", "--workers", "--as-of", as_of],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - began


def _environment(aws: Simulated, url: str) -> dict[str, str]:
    return aws.environment | {
        "GATELEDGER_DATABASE_URL": url,
        "GATELEDGER_ACCOUNTS": "organization",
        "GATELEDGER_ROLE_NAME": DEFAULT_ROLE,
        "GATELEDGER_REGIONS": ",".join(aws.regions),
        "GATELEDGER_HASH_KEY": "of the benchmark, nothing secret",
    }


def _case(world: World) -> Sequence[Result]:
    scopes = _ACCOUNTS * _REGIONS
    with (
        simulated(regions=_REGIONS, apis=_APIS, accounts=_ACCOUNTS) as aws,
        collector(world, aws) as one,
    ):
        one.collect(accounts="organization")
        environment = _environment(aws, one.url)
        aws.set(quota=True, latency_ms=LATENCY_MS)
        floor = _run(1, environment, 2)
        aws.set()
        measured = _run(WORKERS, environment, 4)
        calls, refused = int(aws.report()["requests"]), aws.refused()
    least = calls * LATENCY_MS / 1000 / WORKERS
    note = f"{calls} calls, {refused} answers 429; their latency alone takes {WORKERS} workers {least:.0f} s"
    ratio = measured / floor
    return [
        Result(
            "collect_workers", world.server, scopes, floor, measured, ratio, 1 / 3, driver=scopes, note=note
        )
    ]


CASES = (Case("collect_workers", _case, order=10),)
