"""Collecting against a simulated AWS in a process of its own, beside what quotas and boto3 permit."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.frame import REPEATS, Case, Result, side_by_side
from benchmarks.world import World
from cmdb.server.database import open_engine, upgrade
from collectors.quota import DEFAULT_SHARE
from simulated_aws.estate import DEFAULT_ROLE
from simulated_aws.quota import BURST, RATE
from simulated_aws.regions import regions_of

LATENCY_MS = 30.0
#: Part of the quotas that collecting may take (``GATELEDGER_QUOTA_SHARE``).
SHARE = float(os.environ.get("SHARE") or DEFAULT_SHARE)
PAGE = 500
FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated AWS that runs elsewhere."""

    environment: dict[str, str]
    endpoint: str
    regions: tuple[str, ...]

    def set(self, **settings: Any) -> None:
        """Switch the quota or the latency, and forget what was asked."""
        self._ask("settings", json.dumps(settings).encode())
        self._ask("clear", b"{}")

    def report(self) -> dict[str, Any]:
        """Return what was asked since."""
        found: dict[str, Any] = self._ask("report", None)
        return found

    def refused(self) -> int:
        """Return how many requests were answered 429."""
        return sum(statuses.get("429", 0) for statuses in self.report()["operations"].values())

    def asked(self, operation: str) -> int:
        """Return how many requests for an operation were answered well."""
        return int(self.report()["operations"].get(operation, {}).get("200", 0))

    def _ask(self, what: str, body: bytes | None) -> Any:
        request = urllib.request.Request(f"{self.endpoint}/-/{what}", data=body)  # noqa: S310 - loopback
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def simulated(*, regions: int, apis: int, accounts: int = 1, empty: float = 0.0) -> Iterator[Simulated]:
    """Run a simulated AWS with two stages an API."""
    options = {"accounts": accounts, "regions": regions, "apis": apis, "share-of-empty": empty}
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    process = subprocess.Popen(
        [sys.executable, "-m", "simulated_aws", "--estate", "scaled", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Simulated(
            os.environ | ready["environment"], ready["endpoint_url"], tuple(regions_of("aws")[:regions])
        )
    finally:
        process.terminate()
        process.wait()


class Collector:
    """Collections into one database, each a process of its own, an hour apart."""

    def __init__(self, aws: Simulated, url: str) -> None:
        """Begin at the first hour."""
        self._aws = aws
        self.url = url
        self._hour = 0

    def collect(self, *, quota: float = 0.0, accounts: str = "self", threads: int = 16) -> dict[str, Any]:
        """Collect; return what it took. Fails when a scope could not be read."""
        order = {
            "regions": self._aws.regions,
            "accounts": accounts,
            "role_name": DEFAULT_ROLE,
            "as_of": (FIRST + timedelta(hours=self._hour)).isoformat(),
            "quota": quota,
            "threads": threads,
        }
        self._hour += 1
        told = _process(self._aws, "benchmarks.one_collection", self.url, json.dumps(order))
        assert told["failed"] == 0, told
        return told


@contextmanager
def collector(world: World, aws: Simulated) -> Iterator[Collector]:
    """Give a collector with a database of its own."""
    with servers.database(world.server_url) as url:
        engine = open_engine(url)
        upgrade(engine)
        engine.dispose()
        yield Collector(aws, url)


def plain(aws: Simulated, what: str, calls: int | dict[str, int] = 0) -> dict[str, Any]:
    """Let boto3 alone ask; return what it took."""
    return _process(aws, "benchmarks.plain_boto3", what, ",".join(aws.regions), json.dumps(calls))


def _process(aws: Simulated, module: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=aws.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def least_seconds(apis: int, exports: int, exported: int) -> float:
    """Return the least seconds that the share of the quotas allows for one account-region.

    ``exports`` counts the deployments that are not known, ``exported`` the APIs that they belong to: each of
    these takes a further listing of the stages, without which nobody knows what was exported.
    """
    calls = 2 * ceil(apis / PAGE) + apis + exports + exported
    return (calls - BURST * SHARE) / (RATE * SHARE)


def _at_quota(name: str, goal: float, *, regions: int, apis: int, methods: bool = False) -> Case:
    def run(world: World) -> Sequence[Result]:
        seconds, refused, exports, exported = [], 0, 0, 0
        with simulated(regions=regions, apis=apis) as aws:
            for _ in range(1 if methods else REPEATS):
                with collector(world, aws) as one:
                    aws.set(quota=False, latency_ms=0)
                    if not methods:
                        one.collect()
                    aws.set(quota=True, latency_ms=LATENCY_MS)
                    seconds.append(one.collect(quota=SHARE)["seconds"])
                    refused += aws.refused()
                    exports = aws.asked("GetExport") // regions
                    exported = aws.asked("GetStages") // regions - apis
            script = None
            if regions > 1:
                aws.set(quota=True, latency_ms=LATENCY_MS)
                script = plain(aws, "script")["seconds"]
        floor, measured = least_seconds(apis, exports, exported), statistics.median(seconds)
        note = f"{refused} answers 429"
        if script is not None:
            note += f", a plain script takes {script:.1f} s"
        items = regions * apis * 2
        return [
            Result(
                name, world.server, items, floor, measured, measured / floor, goal, driver=items, note=note
            ),
            Result(f"{name}_429", world.server, items, None, refused, None, 0, unit="", driver=items),
        ]

    return Case(name, run, order=10)


def _whole_command(world: World) -> Sequence[Result]:
    """Time ``gateledger run`` from its start to its end, on an embedded server that has to be started first."""
    regions, apis = 8, 100
    if world.server != "embedded":
        return []
    command = [str(Path(sys.executable).with_name("gateledger"))]
    with simulated(regions=regions, apis=apis) as aws, tempfile.TemporaryDirectory() as folder:
        environment = aws.environment | {
            "GATELEDGER_DATA_DIR": folder,
            "GATELEDGER_REGIONS": ",".join(aws.regions),
            "GATELEDGER_QUOTA_SHARE": str(SHARE),
            "GATELEDGER_ACCOUNTS": "self",
        }

        def night() -> float:
            began = time.perf_counter()
            subprocess.run([*command, "run"], env=environment, check=True, capture_output=True)
            return time.perf_counter() - began

        aws.set(quota=False, latency_ms=0)
        night()
        aws.set(quota=True, latency_ms=LATENCY_MS)
        seconds = statistics.median(night() for _ in range(REPEATS))
        refused = aws.refused()
    floor, items = least_seconds(apis, 0, 0), regions * apis * 2
    name, note = "run_eight_regions", f"{refused} answers 429, the whole command with all policies"
    return [Result(name, world.server, items, floor, seconds, seconds / floor, 1.3, driver=items, note=note)]


def _without_quota(world: World) -> Sequence[Result]:
    apis = 2000
    with simulated(regions=1, apis=apis) as aws, collector(world, aws) as one:
        one.collect()
        floor, measured, ratio = side_by_side(
            lambda: float(plain(aws, "stages", apis)["seconds"]), lambda: float(one.collect()["seconds"])
        )
    note = f"{apis / floor:.0f} calls/s by boto3 alone"
    return [
        Result(
            "collect_no_quota", world.server, 2 * apis, floor, measured, ratio, 1.2, driver=apis, note=note
        )
    ]


def _organization(world: World) -> Sequence[Result]:
    accounts, regions = int(os.environ.get("ACCOUNTS", "1000")), 17
    told: list[dict[str, Any]] = []

    def product() -> float:
        told.append(one.collect(accounts="organization"))
        return float(told[-1]["cpu"])

    with (
        simulated(regions=regions, apis=10, accounts=accounts, empty=0.95) as aws,
        collector(world, aws) as one,
    ):
        one.collect(accounts="organization")
        aws.set()
        product()
        calls = {name: sum(given.values()) for name, given in aws.report()["operations"].items()}
        floor, measured, ratio = side_by_side(
            lambda: float(plain(aws, "organization", calls)["cpu"]), product
        )
    scopes = accounts * regions
    peak = max(each["peak"] for each in told)
    seconds = statistics.median(each["seconds"] for each in told)
    note = f"CPU, {sum(calls.values())} calls, {seconds:.0f} s by the clock"
    name = "collect_organization"
    return [
        Result(name, world.server, scopes, floor, measured, ratio, 1.5, driver=scopes, note=note),
        Result(f"{name}_memory", world.server, scopes, None, peak, None, 200.0, unit="MiB",
               driver=scopes),
    ]  # fmt: skip


def _ceiling(world: World) -> Sequence[Result]:
    calls, connections = 5000, 4
    with simulated(regions=1, apis=100) as aws:

        def raw() -> float:
            arguments = (aws.regions[0], str(calls), str(connections))
            return float(_process(aws, "benchmarks.raw_http", *arguments)["seconds"])

        floor, measured, ratio = side_by_side(lambda: float(plain(aws, "stages", calls)["seconds"]), raw)
    note = f"{calls / measured:.0f} calls/s answered, {calls / floor:.0f} calls/s asked by boto3 alone"
    name = "simulated_ceiling"
    return [Result(name, world.server, calls, floor, measured, ratio, 0.5, driver=calls, note=note)]


def _case(name: str, run: Callable[[World], Sequence[Result]]) -> Case:
    return Case(name, run, order=10)


CASES = (
    _at_quota("collect_one_region", 1.05, regions=1, apis=300),
    _at_quota("collect_first_night", 1.05, regions=1, apis=300, methods=True),
    _at_quota("collect_eight_regions", 1.08, regions=8, apis=100),
    _case("run_eight_regions", _whole_command),
    _case("collect_no_quota", _without_quota),
    _case("collect_organization", _organization),
    _case("simulated_ceiling", _ceiling),
)
