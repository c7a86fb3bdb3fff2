"""Incremental evaluation gives what judging everything gives, whatever happened to the estate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from sqlalchemy import Engine

from cmdb.runs.runs import RunKind
from cmdb.server.database import open_engine, transaction
from evaluator.catalog.loading import load_catalog
from evaluator.judging.engine import FULL, INCREMENTAL, evaluate
from tests.support.doses import dose
from tests.support.histories import DENIED, History
from tests.support.lives import Step, live, lives, verdicts
from tests.support.policies import reading_more
from tests.support.questions import ask
from tests.support.servers import Servers

MAX_STALENESS = timedelta(hours=72)
#: What they read differs: settings of stages, what is served, APIs, and what is joined over keys.
_NAMES = ["rest-api-stage-*certificate*", "rest-api-stage-execution-logging", "rest-api-open-policy"]
POLICIES = [*load_catalog().enabled(_NAMES), *reading_more()]
QUIET = Step(24, RunKind.RUN, ())


@contextmanager
def two_databases(servers: Servers, kind: str) -> Iterator[tuple[Engine, Engine]]:
    """Give engines of two fresh databases."""
    server = servers.get(kind)
    with server.database(migrated=True) as one, server.database(migrated=True) as other:
        engines = open_engine(one), open_engine(other)
        try:
            yield engines
        finally:
            for engine in engines:
                engine.dispose()


def judge_nightly(engine: Engine, life: Sequence[Step], *, full: bool) -> list[str]:
    """Live through a life and judge at every run; return the modes."""
    modes = []
    for run, judges in live(engine, life):
        for policy in POLICIES if judges else ():
            found = evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, full=full)
            modes.append(found.mode)
    return modes


@dose(3)
@given(life=lives())
def test_incremental_evaluation_gives_what_full_evaluation_gives(
    database_url: str, postgres_servers: Servers, postgres_server_kind: str, life: list[Step]
) -> None:
    """Given any life of an estate, when one database judges it incrementally and another in full, then
    records, episodes and counts are the same in both."""
    with two_databases(postgres_servers, postgres_server_kind) as (quick, thorough):
        judge_nightly(quick, life, full=False)
        assert set(judge_nightly(thorough, life, full=True)) == {FULL}
        assert verdicts(quick) == verdicts(thorough)


@pytest.mark.both_servers
def test_a_quiet_night_is_judged_incrementally_and_looks_at_nothing(engine: Engine) -> None:
    """Given a policy judged last night, when nothing changed, then tonight no stage is judged again."""
    seen = []
    for run, _ in live(engine, [QUIET] * 3):
        for policy in POLICIES:
            found = evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
            seen.append((found.mode, found.items, found.changed))
    first, rest = seen[: len(POLICIES)], seen[len(POLICIES) :]
    assert {mode for mode, _, _ in first} == {FULL}
    assert set(rest) == {(INCREMENTAL, 0, 0)}


def test_other_staleness_or_a_policy_changed_since_is_judged_in_full(engine: Engine) -> None:
    """Given a policy judged last night, when parameters or staleness differ, then all is judged."""
    expiry = next(policy for policy in POLICIES if "days" in policy.parameters)
    modes = []
    for number, (run, _) in enumerate(live(engine, [QUIET] * 4)):
        staleness = MAX_STALENESS if number < 2 else timedelta(hours=48)
        days = {"days": 10} if number == 3 else {}
        modes.append(evaluate(engine, expiry, run, max_staleness=staleness, parameters=days).mode)
    assert modes == [FULL, INCREMENTAL, FULL, FULL]


def test_changes_written_at_the_time_of_the_last_evaluation_are_not_missed(engine: Engine) -> None:
    """Given a collection of the last evaluation's time, when it changes something, then all is judged."""
    life = [QUIET, Step(0, RunKind.COLLECT, ((3, 0, 0, 0),)), Step(24, RunKind.EVALUATE, ())]
    modes = []
    for run, _ in live(engine, life):
        if run.kind is not RunKind.COLLECT:
            modes.append(evaluate(engine, POLICIES[0], run, max_staleness=MAX_STALENESS, parameters={}).mode)
    assert modes == [FULL, FULL]
    with transaction(engine) as connection:
        row = connection.execute("SELECT count(*) FROM compliance.record_closed").fetchone()
    assert row is not None
    assert row[0] == 1


def test_what_is_gone_or_stale_is_one_record_whatever_its_policy_finds_within_it(engine: Engine) -> None:
    """Given stages with open methods of which one goes, its API a night later, and another is not read for days, then
    what is at fault within them is of the past; an open record that still names it is left as it is."""
    (policy,) = load_catalog().enabled(["rest-api-stage-method-authorization"])
    history = History(engine)
    gone, unread = (history.region(name=name) for name in ("eu-central-1", "eu-west-1"))
    for region in (gone, unread):
        api = region.api("a1b2c3d4e5")
        api.methods = {"dep001": {("/orders", "GET"): {"authorization": "NONE", "api_key_required": False}}}
        api.stage("prod")

    def night(*, full: bool = False) -> str:
        run = history.collect()
        found = evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, full=full)
        history.finish(run)
        return found.mode

    night()
    gone.apis["a1b2c3d4e5"].stages.clear()
    unread.failure = DENIED
    night()
    gone.apis.clear()
    history.next_as_of += timedelta(days=3)
    night()
    told = ask(
        engine,
        "SELECT region, condition, subjects, valid_from::date - '2026-01-01' AS day FROM report.finding_history "
        "ORDER BY region, valid_from",
    )
    assert [tuple(row.values()) for row in told] == [
        ("eu-central-1", "open_method", ["GET /orders"], 0),
        ("eu-central-1", "stage_disappeared", None, 1),
        ("eu-west-1", "open_method", ["GET /orders"], 0),
        ("eu-west-1", "inventory_stale", None, 5),
    ]
    with transaction(engine) as connection:
        connection.execute("UPDATE compliance.record SET subjects = '{GET /orders}', subject_count = 1")
    records = "SELECT xmin::text, valid_from FROM compliance.record ORDER BY item_id"
    before = ask(engine, records)
    gone.api("f6g7h8i9j0")
    assert (night(), night(full=True)) == (INCREMENTAL, FULL)
    assert ask(engine, records) == before
