"""One collection in a process of its own: ``python -m benchmarks.one_collection DATABASE_URL ORDER``.

``ORDER`` is a JSON object: ``regions`` (names), ``accounts`` (as in ``CollectionPlan``), ``as_of`` (ISO
8601), ``quota`` (whether the client-side quota is on), ``threads``. AWS is found through the SDK's environment.
Prints one line of JSON: wall and CPU seconds of collecting and merging, peak of memory, calls.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from datetime import datetime
from typing import Any

from cmdb.runs import runs
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from cmdb.server.database import open_engine
from cmdb.storage.inventory import PostgresInventory
from collectors.plan import CollectionPlan
from collectors.progress import RegionDone
from collectors.quota import API_GATEWAY
from collectors.run import collect


class Silence:
    """A progress report for nobody."""

    def started(self, total: int | None) -> None:
        """Say nothing."""

    def account_region_done(self, done: RegionDone) -> None:
        """Say nothing."""


def main(url: str, order: dict[str, Any]) -> dict[str, Any]:
    """Collect once, as ``gateledger collect`` does, and return what it took."""
    plan = CollectionPlan(
        accounts=order["accounts"],
        role_name=order.get("role_name"),
        regions=tuple(order["regions"]),
        hash_key=b"of the benchmark, nothing secret",
        threads=order["threads"],
        quota=API_GATEWAY if order["quota"] else None,
    )
    engine = open_engine(url)
    began, busy = time.perf_counter(), time.process_time()
    with runs.run_lock(engine):
        run = runs.start(engine, RunKind.COLLECT, datetime.fromisoformat(order["as_of"]))
        inventory = PostgresInventory(engine, run.as_of, run.run_id)
        summary = collect(plan, inventory, run.as_of, Silence())
        scopes = runs.finish_collection(engine, run)
        runs.finish(engine, run, RunStatus.COMPLETE, RunTotals(), scopes)
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - busy,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "calls": summary.calls,
        "throttles": summary.throttles,
        "failed": scopes[1],
    }


if __name__ == "__main__":
    told = main(sys.argv[1], json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(told) + os.linesep)
