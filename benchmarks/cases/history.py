"""A year of nights at 1 % churn: backfill, growth on disk, and how long the reports take to answer."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import timedelta

from benchmarks.floors import bare_copy
from benchmarks.frame import REPEATS, Case, Result
from benchmarks.world import MAX_STALENESS, World
from cmdb.runs.runs import RunKind
from cmdb.server.database import transaction
from evaluator.judging.backfill import backfill

NIGHTS = 365
#: The year is lived through at most at this size: every night is merged for real.
LARGEST = 100_000
#: Servers and sizes that have lived through it in this run of the benchmarks.
_lived: set[tuple[str, int]] = set()


def year(world: World) -> Sequence[Result]:
    """Live through a year, backfill the policy, and ask."""
    world.close()
    world.stages = min(world.stages, LARGEST)
    if (world.server, world.stages) in _lived:
        return []
    _lived.add((world.server, world.stages))
    world.live(0)
    world.settle()
    first = _size(world)
    grown_quietly = _quiet_night(world)
    for night in range(2, NIGHTS):
        world.live(night)
        if night % 30 == 0:
            world.execute("VACUUM", autocommit=True)
    world.settle()
    versions = _size(world) - first
    full = [world.judge_again(full=True)[0] for _ in range(REPEATS + 1)][1:]
    took = _backfill(world)
    world.settle()
    records = _compliance_size(world)
    # One row per stage and night of the same payload, and one of the same verdict, each in a plain heap.
    stage_rows = world.stages * NIGHTS
    naive_night = _naive_bytes(world)
    results = [
        Result("backfill_365_nights", world.server, world.stages, statistics.median(full), took,
               took / statistics.median(full), 60, driver=stage_rows, note="floor: one full evaluation"),
        Result("growth_unchanged_night", world.server, world.stages, naive_night / 2**20,
               grown_quietly / 2**20, grown_quietly / naive_night, 0.001, unit="MiB",
               note="floor: every item's row and payload anew"),
        Result("growth_365_nights", world.server, world.stages, naive_night * NIGHTS / 2**20,
               (versions + records) / 2**20, (versions + records) / (naive_night * NIGHTS), 0.03, unit="MiB",
               note="floor: every item's row and payload anew, every night"),
        Result("growth_records_365_nights", world.server, world.stages, stage_rows * 52 / 2**20,
               records / 2**20, records / (stage_rows * 52), None, unit="MiB",
               note="records, episodes and counts; floor: 52 bytes a stage and night"),
    ]  # fmt: skip
    return [*results, *_reports(world)]


def _backfill(world: World) -> float:
    with world.run(RunKind.EVALUATE, world.night + 1) as run:
        began = time.perf_counter()
        backfill(world.engine, world.policy, run, max_staleness=MAX_STALENESS, parameters={})
        return time.perf_counter() - began


def _quiet_night(world: World) -> int:
    """Return by how many bytes a night without change grows the database, once its pages have room."""
    sizes = []
    for hours in (4, 8, 12):
        with world.run(RunKind.COLLECT, 0, later=timedelta(hours=hours)) as run:
            world.merge(run, 1, shown_as=0)
        world.execute("VACUUM", autocommit=True)
        sizes.append(_size(world))
    world.live(1)
    return max(0, sizes[-1] - sizes[-2])


def _size(world: World) -> int:
    return int(world.execute(
        "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'cmdb' AND c.relkind = 'r'"
    )[0][0])  # fmt: skip


def _compliance_size(world: World) -> int:
    return int(world.execute(
        "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'compliance' AND c.relkind = 'r'"
    )[0][0])  # fmt: skip


def _naive_bytes(world: World) -> int:
    """Return the bytes of one night's items in a plain table without index."""
    bare_copy(world, keep=True)
    size = int(world.execute("SELECT pg_table_size('bench.plain')")[0][0])
    world.execute("DROP TABLE bench.plain")
    return size


_ACCOUNT = "200000000000"
_QUESTIONS = (
    ("report_daily_total_365_nights", 0.05,
     "SELECT day, compliant, incompliant FROM report.compliance_daily_total WHERE policy_id = '{policy}'"),
    ("report_time_to_remediate", 0.2,
     "SELECT account_id, remediated, median_days FROM report.time_to_remediate WHERE policy_id = '{policy}'"),
    ("report_finding_of_one_region", 0.05,
     "SELECT resource_arn, status, message FROM report.finding "
     "WHERE account_id = '{account}' AND region = 'us-east-1' AND policy_id = '{policy}'"),
    ("report_finding_as_of_of_one_region", 0.05,
     "SELECT resource_arn, status FROM report.finding_as_of('2026-06-30 12:00+00') "
     "WHERE account_id = '{account}' AND region = 'us-east-1' AND policy_id = '{policy}'"),
)  # fmt: skip


def _reports(world: World) -> list[Result]:
    results = []
    for name, goal, question in _QUESTIONS:
        text = question.format(policy=world.policy.id, account=_ACCOUNT).encode()
        with transaction(world.engine) as connection:
            seconds = []
            for _ in range(REPEATS + 2):
                began = time.perf_counter()
                rows = connection.execute(text).fetchall()
                seconds.append(time.perf_counter() - began)
            assert rows, name
        results.append(
            Result(name, world.server, world.stages, None, statistics.median(seconds[1:]), None, goal)
        )
    return results


#: Last: it may leave a world of fewer stages.
CASES = (Case("year", year, order=90),)
