"""A dry run tells which stages would change status, and keeps nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from cmdb.server.database import transaction
from evaluator.judging.preview import preview
from tests.support.histories import MAX_STALENESS, History, catalog
from tests.support.lives import verdicts

POLICY = catalog().policy("/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate")


@pytest.mark.both_servers
def test_a_dry_run_tells_what_would_change_and_writes_nothing(engine: Engine) -> None:
    """Given a stage that lost its certificate since it was judged, when a dry run is asked for, then it names
    the stage, its status before and then, and nothing in the database has changed."""
    history = History(engine)
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("prod", certificate="cert01")
    region.api("unchanged0").stage("prod", certificate="cert01")
    region.certificate("cert01")
    history.night()
    stage.certificate = None
    run = history.collect()
    history.finish(run)
    before = verdicts(engine)

    changes = preview(engine, POLICY, as_of=run.as_of, max_staleness=MAX_STALENESS, parameters={})

    assert [(c.resource_arn.rsplit("/restapis/")[1], c.status_before, c.status) for c in changes] == [
        ("a1b2c3d4e5/stages/prod", "COMPLIANT", "INCOMPLIANT")
    ]
    assert changes[0].condition == "certificate_empty"
    assert verdicts(engine) == before
    with transaction(engine) as connection:
        found = connection.execute("SELECT 1 FROM compliance.evaluation WHERE as_of = %s", (run.as_of,))
        assert found.fetchall() == []


def test_a_dry_run_of_what_was_just_judged_is_empty(engine: Engine) -> None:
    """Given a policy judged tonight, when a dry run is asked for, then nothing would change."""
    history = History(engine)
    region = history.region()
    region.api("a1b2c3d4e5").stage("prod")
    run = history.night()
    assert preview(engine, POLICY, as_of=run.as_of, max_staleness=MAX_STALENESS, parameters={}) == []
