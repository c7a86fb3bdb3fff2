"""A backfill writes what judging every night in its turn would have written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from cmdb.server.database import transaction
from evaluator.judging.backfill import backfill
from evaluator.judging.engine import INCREMENTAL, evaluate
from tests.integration.test_incremental import MAX_STALENESS, POLICIES, QUIET, two_databases
from tests.support.doses import dose
from tests.support.lives import Step, live, lives, verdicts
from tests.support.servers import Servers


def judged_in_turn(engine: Engine, life: Sequence[Step]) -> None:
    """Live through a life, judge at every night, and once more at the end."""
    for run, judges in live(engine, life):
        for policy in POLICIES if judges else ():
            evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    finish(engine, swept=None)


def finish(engine: Engine, *, swept: bool | None) -> None:
    """Judge an hour after the last run: by a backfill (sweeping or not), or (None) as every night."""
    with transaction(engine) as connection:
        row = connection.execute("SELECT max(as_of) FROM cmdb.run").fetchone()
    assert row is not None
    run = runs.start(engine, RunKind.EVALUATE, row[0] + timedelta(hours=1))
    for policy in POLICIES:
        if swept is None:
            evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
        else:
            backfill(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, sweeping=swept)
    runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())


@dose(2)
@given(life=lives())
def test_a_backfill_gives_what_judging_every_night_gives(
    database_url: str, postgres_servers: Servers, postgres_server_kind: str, life: list[Step]
) -> None:
    """Given any life, when one database judges every night and another only at the end, by a backfill, then
    records, episodes and counts are the same; and so they are when the backfill goes night by night."""
    with two_databases(postgres_servers, postgres_server_kind) as (nightly, late):
        judged_in_turn(nightly, life)
        for _ in live(late, life):
            pass
        finish(late, swept=True)
        expected = verdicts(nightly)
        assert verdicts(late) == expected
        again(late)
        assert verdicts(late) == expected


def again(engine: Engine) -> None:
    """Backfill once more at the same time, night by night."""
    with transaction(engine) as connection:
        row = connection.execute("SELECT max(as_of) FROM cmdb.run").fetchone()
    assert row is not None
    run = runs.start(engine, RunKind.EVALUATE, row[0])
    for policy in POLICIES:
        backfill(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, sweeping=False)
    runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())


@pytest.mark.both_servers
def test_the_night_after_a_backfill_is_judged_incrementally(engine: Engine) -> None:
    """Given a policy that was backfilled, when nothing changes, then the next night looks at no stage."""
    for _ in live(engine, [QUIET] * 3):
        pass
    finish(engine, swept=True)
    before = verdicts(engine)
    with transaction(engine) as connection:
        row = connection.execute("SELECT max(as_of) FROM cmdb.run").fetchone()
    assert row is not None
    run = runs.start(engine, RunKind.EVALUATE, row[0] + timedelta(hours=1))
    found = [evaluate(engine, one, run, max_staleness=MAX_STALENESS, parameters={}) for one in POLICIES]
    runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())
    assert {(one.mode, one.items, one.changed) for one in found} == {(INCREMENTAL, 0, 0)}
    assert verdicts(engine) == before
