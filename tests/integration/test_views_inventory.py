"""Views about the inventory: certificates, and stages with what each version changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.support.histories import FIRST_NIGHT, History, arn_of
from tests.support.items import CertificateKind

pytestmark = pytest.mark.both_servers

DAY = timedelta(days=1)
ACM = "arn:aws:acm:eu-central-1:111122223333:certificate/0f1e2d3c"


def ask(engine: Engine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question), values)]


def certificates(engine: Engine) -> dict[str, tuple[Any, ...]]:
    rows = ask(
        engine,
        "SELECT certificate_id, kind, state, days_left, stages_using, first_seen_at, disappeared_at "
        "FROM report.certificate",
    )
    return {row[0]: row[1:] for row in rows}


@pytest.fixture
def history(engine: Engine) -> History:
    return History(engine)


def test_days_left_count_from_the_last_collecting_run(engine: Engine, history: History) -> None:
    """Given certificates made an hour before the first night, then on the third two days are gone."""
    region = history.region()
    api = region.api("a1b2c3d4e5")
    api.stage("one", certificate="cert01")
    api.stage("two", certificate="cert01")
    region.certificate("cert01", lives=timedelta(days=10))
    region.certificate("cert02", lives=timedelta(days=1))
    history.nights(3)
    assert certificates(engine) == {
        "cert01": ("API_GATEWAY", "PRESENT", 7, 2, FIRST_NIGHT, None),
        "cert02": ("API_GATEWAY", "PRESENT", -2, 0, FIRST_NIGHT, None),
    }


def test_a_deleted_certificate_keeps_its_row_and_the_count_of_stages_that_still_name_it(
    engine: Engine, history: History
) -> None:
    region = history.region()
    region.api("a1b2c3d4e5").stage("one", certificate="cert01")
    region.certificate("cert01")
    history.night()
    del region.certificates["cert01"]
    history.night()
    assert certificates(engine) == {
        "cert01": ("API_GATEWAY", "DELETED", None, 1, FIRST_NIGHT, FIRST_NIGHT + DAY)
    }


def test_one_that_was_only_ever_proven_absent_was_never_seen(engine: Engine, history: History) -> None:
    region = history.region()
    region.api("a1b2c3d4e5").stage("one", certificate="ghost01")
    region.absent.add("ghost01")
    history.night()
    assert certificates(engine) == {"ghost01": ("API_GATEWAY", "DELETED", None, 1, None, FIRST_NIGHT)}


def test_an_acm_certificate_that_no_stage_names_is_not_followed_and_not_called_deleted(
    engine: Engine, history: History
) -> None:
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("one", certificate=ACM)
    region.certificate(ACM, kind=CertificateKind.ACM)
    history.night()
    stage.certificate = None
    del region.certificates[ACM]
    history.night()
    assert certificates(engine) == {ACM: ("ACM", "NOT FOLLOWED", None, 0, FIRST_NIGHT, None)}


def test_a_version_says_what_it_changed(engine: Engine, history: History) -> None:
    """Given a stage that changes, disappears and comes back, then each version names the difference."""
    region = history.region()
    api = region.api("a1b2c3d4e5")
    stage = api.stage("prod", tags={"owner": "ann"}, lastUpdatedDate="1", cacheClusterStatus="AVAILABLE")
    history.night()
    stage.certificate = "cert01"
    stage.payload |= {"lastUpdatedDate": "2", "cacheClusterStatus": "FLUSH_IN_PROGRESS"}
    history.night()
    stage.deployment = "dep002"
    stage.payload = {"tags": {"owner": "bob"}, "webAclArn": "arn:x", "lastUpdatedDate": "3"}
    history.night()
    del api.stages["prod"]
    history.night()
    api.stages["prod"] = stage
    stage.payload |= {"variables": {"a": "hash"}}
    history.night()
    stage.payload |= {"lastUpdatedDate": "4"}
    history.night()
    rows = ask(
        engine,
        "SELECT valid_from, valid_to, deployment_id, client_certificate_id, changed, disappeared_at "
        "FROM report.stage_history WHERE resource_arn = :arn ORDER BY valid_from",
        arn=arn_of(region, api, stage),
    )
    nights = [FIRST_NIGHT + number * DAY for number in range(6)]
    assert rows == [
        (nights[0], nights[1], "dep001", None, None, None),
        (nights[1], nights[2], "dep001", "cert01", ["client_certificate_id"], None),
        (nights[2], nights[3], "dep002", "cert01", ["deployment_id", "tags", "webAclArn"], nights[3]),
        (nights[4], nights[5], "dep002", "cert01", ["reappeared", "variables"], None),
        (nights[5], None, "dep002", "cert01", [], None),
    ]


def test_a_stage_that_is_gone_says_since_when(engine: Engine, history: History) -> None:
    region = history.region()
    api = region.api("a1b2c3d4e5")
    api.stage("prod")
    history.night()
    del region.apis["a1b2c3d4e5"]
    history.night()
    rows = ask(engine, "SELECT valid_to, disappeared_at FROM report.stage_history")
    assert rows == [(FIRST_NIGHT + DAY, FIRST_NIGHT + DAY)]
