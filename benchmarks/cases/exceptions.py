"""Exceptions and all policies: entering a thousand, a night beside one without them, findings of one account."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib import resources

from benchmarks.estate import REGIONS, night_time
from benchmarks.frame import Case, Result, timed
from benchmarks.world import World
from cmdb.runs.runs import RunKind
from evaluator.catalog.loading import load_catalog
from gateledger.exceptions import store
from gateledger.exceptions.entry import Entry
from gateledger.exceptions.matching import match_changed
from gateledger.exceptions.store import Terms

_NUMBER = 1_000
_NIGHTS = 3
_LONGEST = timedelta(days=366)
#: So many APIs have some thousand findings; one of the accounts that they become.
_APIS = 24
_SMALL = "900000000007"
_OF_ONE_ACCOUNT = (
    "SELECT policy_id, resource_arn, status, condition, since, exception_id FROM report.finding "
    "WHERE account_id = '{account}'"
)


def exceptions(world: World) -> Sequence[Result]:
    """Figures at as many findings as all policies that are enabled by default give of the estate."""
    world.ensure_loaded()
    _night(world)
    without = statistics.median(_night(world) for _ in range(_NIGHTS))
    world.settle()
    accounts = [account for (account,) in world.execute("SELECT account_id FROM cmdb.account ORDER BY 1")]
    entries = list(_entries(world, accounts))
    terms = Terms("benchmark", _LONGEST, night_time(world.night) + timedelta(hours=1))
    applied = timed(lambda: store.apply(world.engine, entries, terms))
    world.settle()
    _night(world)
    with_them = statistics.median(_night(world) for _ in range(_NIGHTS))
    world.settle()
    _split(world)
    world.settle()
    statement = _OF_ONE_ACCOUNT.format(account=_SMALL)
    one = statistics.median(timed(lambda: world.execute(statement)) for _ in range(5))
    rows = len(world.execute(statement))
    ((findings,),) = world.execute("SELECT count(*) FROM report.finding")
    ((covered,),) = world.execute("SELECT count(*) FROM report.finding WHERE exception_id IS NOT NULL")
    note = f"{findings:,} findings, {covered:,} covered"

    def result(name: str, floor: float | None, measured: float, goal: float, note: str = note) -> Result:
        ratio = None if floor is None else measured / floor
        return Result(
            name, world.server, world.stages, floor, measured, ratio, goal, driver=world.stages, note=note
        )

    return [
        result("exceptions_apply", None, applied, 10.0),
        result("exceptions_night", without, with_them, 1.1),
        result("exceptions_finding_of_one_account", None, one, 0.05, f"{rows:,} of {note}"),
    ]


def _night(world: World) -> float:
    """Merge a night with 1 % changed; return the seconds of judging it under all policies, exceptions matched."""
    catalog = load_catalog().enabled(None)
    world.live(world.night + 1)
    with world.run(RunKind.EVALUATE, world.night, later=timedelta(seconds=1)) as run:
        began = time.perf_counter()
        match_changed(world.engine, run.as_of)
        for policy in catalog:
            world.evaluate(run, policy)
        return time.perf_counter() - began


def _split(world: World) -> None:
    """Make many small accounts of the estate's few, which are large."""
    script = resources.files("benchmarks").joinpath("sql/small_accounts.sql").read_text(encoding="utf-8")
    world.execute(script.format(apis=_APIS))


def _entries(world: World, accounts: Sequence[str]) -> Iterator[Entry]:
    """Yield a thousand exceptions, half of them patterns."""
    stages = [
        (arn, account)
        for arn, account in world.execute(
            "SELECT resource_arn, account_id FROM report.finding WHERE stage_name IS NOT NULL "
            f"ORDER BY item_id, policy_id LIMIT {_NUMBER}"
        )
    ]
    until = night_time(world.night) + timedelta(days=300)
    for number in range(_NUMBER):
        arn, account = stages[number % len(stages)]
        kind = number % 4
        match: dict[str, str] = {"account": account, "arn": arn}
        if kind == 1:
            match = {"account": accounts[number % len(accounts)], "region": REGIONS[number % len(REGIONS)]}
        elif kind == 2:
            match = {"arn": arn.rpartition("/stages/")[0] + "/*"}
        elif kind == 3:
            match = {"account": accounts[number % len(accounts)][:9] + "*", "api": f"*{number:03d}"}
        yield Entry(
            f"e{number:04d}", ("*ssl-certificate", "*logging"), match, ("INCOMPLIANT",), "measured", "benchmark",
            None, None, until,
        )  # fmt: skip


CASES = (Case("exceptions", exceptions, order=70),)
