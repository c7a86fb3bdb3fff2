"""Retention drops what lies past the limit, and nothing that is current or explains what is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from cmdb.server.database import transaction
from cmdb.storage.prune import prune
from evaluator.judging.engine import FULL, evaluate
from tests.integration.test_incremental import MAX_STALENESS, POLICIES, judge_nightly, two_databases
from tests.support.doses import dose
from tests.support.histories import History, catalog
from tests.support.lives import BEGINNING, Step, lives
from tests.support.servers import Servers

NOW = "SELECT policy_id, resource_arn, status, since, message FROM report.finding ORDER BY 1, 2"
AS_OF = "SELECT policy_id, resource_arn, status, condition FROM report.finding_as_of(%s) ORDER BY 1, 2"


def rows(engine: Engine, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    with transaction(engine) as connection:
        return connection.execute(statement.encode(), values).fetchall()


@pytest.mark.both_servers
def test_what_disappeared_before_the_limit_goes_with_all_that_was_said_of_it(engine: Engine) -> None:
    """Given a stage and its API that went on the second night, when history is kept from the fourth on, then
    nothing of them is left, and the other stage has all it had."""
    history = History(engine)
    region = history.region()
    region.certificate("cert01")
    region.api("stays00001").stage("prod", certificate="cert01")
    region.api("goes000001").stage("prod")
    history.night()
    del region.apis["goes000001"]
    history.nights(4)
    before = rows(engine, NOW)

    pruned = prune(engine, history.last_as_of - timedelta(days=1))

    assert pruned.rows["stage"] == 1
    assert pruned.rows["rest_api"] == 1
    assert rows(engine, NOW) == before
    assert rows(engine, "SELECT count(*) FROM cmdb.stage_payload") == [(1,)]
    judged = len(catalog().policies)
    assert rows(engine, "SELECT count(*) FROM compliance.record") == [(judged,)]
    assert rows(engine, "SELECT count(*) FROM compliance.tally WHERE valid_to IS NULL") == [(judged,)]


def test_versions_that_a_record_rests_on_stay_however_old(engine: Engine) -> None:
    """Given a record whose stage changed since without changing the verdict, when history is dropped, then
    the version that it rests on is still there."""
    history = History(engine)
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("prod")
    history.night()
    stage.deployment = "dep002"
    history.night()
    stage.deployment = "dep003"
    history.nights(3)
    prune(engine, history.last_as_of)
    kept = rows(engine, "SELECT version_id FROM cmdb.stage_closed")
    assert len(kept) == 1
    evidence = rows(engine, "SELECT DISTINCT unnest(evidence) FROM report.verdict ORDER BY 1")
    current = rows(
        engine,
        "SELECT version_id FROM cmdb.rest_api UNION "
        "SELECT version_id FROM cmdb.deployment WHERE deployment_id = 'dep001'",
    )
    assert evidence == sorted(kept + current)


def test_counts_may_be_kept_longer(engine: Engine) -> None:
    """Given counts that ended, when records go and counts stay, then daily counts are what they were."""
    history = History(engine)
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("prod")
    region.certificate("cert01")
    history.night()
    stage.certificate = "cert01"
    history.nights(3)
    daily = "SELECT day, policy_id, compliant, incompliant FROM report.compliance_daily ORDER BY 1, 2"
    before = rows(engine, daily)
    pruned = prune(engine, history.last_as_of, history.first_night - timedelta(days=1))
    assert pruned.rows["compliance.record_closed"] > 0
    assert rows(engine, daily) == before


@dose(2)
@given(life=lives())
def test_nothing_after_the_limit_is_told_otherwise(
    database_url: str, postgres_servers: Servers, postgres_server_kind: str, life: list[Step]
) -> None:
    """Given any life, when half of it is dropped, then now and later as-of questions have the same answers,
    and the night after is judged as in a database that dropped nothing."""
    with two_databases(postgres_servers, postgres_server_kind) as (whole, pruned):
        times: list[datetime] = []
        for engine in (whole, pruned):
            judge_nightly(engine, life, full=False)
            times = [row[0] for row in rows(engine, "SELECT DISTINCT as_of FROM cmdb.run ORDER BY 1")]
        limit = times[len(times) // 2]
        prune(pruned, limit)
        for moment in times[len(times) // 2 :]:
            assert rows(pruned, AS_OF, moment) == rows(whole, AS_OF, moment)
        assert prune(pruned, limit).total == 0
        live_once_more(pruned, times[-1])
        live_once_more(whole, times[-1])
        assert findings(pruned) == findings(whole)


def live_once_more(engine: Engine, after: datetime) -> None:
    """Judge everything in full an hour later."""
    hours = int((after - BEGINNING) / timedelta(hours=1)) + 1
    run = runs.start(engine, RunKind.EVALUATE, BEGINNING + timedelta(hours=hours))
    for policy in POLICIES:
        found = evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, full=True)
        assert found.mode == FULL
    runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())


def findings(engine: Engine) -> list[tuple[Any, ...]]:
    """Return what holds now, with since when."""
    return rows(
        engine,
        "SELECT policy_id, resource_arn, status, condition, since, episode_since "
        "FROM report.finding ORDER BY 1, 2",
    )
