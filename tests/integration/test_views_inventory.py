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
    changed, served = (
        ["deployment_id", "tags", "webAclArn"],
        ["no method differs", "deployment dep001 -> dep002"],
    )
    assert rows == [
        (nights[0], nights[1], "dep001", None, None, None),
        (nights[1], nights[2], "dep001", "cert01", ["client_certificate_id"], None),
        (nights[2], nights[3], "dep002", "cert01", [*changed, *served], nights[3]),
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


def served(kind: str | None = None, **parts: Any) -> dict[str, Any]:
    return {"integration_type": kind, **parts} if kind else parts


def test_a_version_says_what_changed_in_what_is_served(engine: Engine, history: History) -> None:
    """Given a stage that goes from one deployment to the next, then each difference is named by its method."""
    region = history.region()
    api = region.api("a1b2c3d4e5", types=None)
    stage = api.stage("prod")
    backend = {"uri_scheme": "https", "uri_host": "a.example.com", "uri_is_fixed": True}
    many = {
        ("/orders", verb): served("HTTP") for verb in ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "ANY")
    }
    api.methods = {
        "dep001": {
            ("/orders", "GET"): served("HTTP", **backend, authorization="NONE", api_key_required=False),
            ("/orders", "POST"): served("HTTP", **backend),
            ("/orders/{id}", "GET"): served("HTTP_PROXY", validates_body=False),
        },
        "dep002": {
            ("/orders", "GET"): served(
                "AWS_PROXY", uri_scheme="arn", authorization="AWS_IAM", api_key_required=True
            ),
            ("/orders", "POST"): served(
                "HTTP",
                **{**backend, "uri_scheme": "http"},
                insecure_skip_verification=True,
                connection_type="VPC_LINK",
            ),
            ("/stock", "ANY"): served("MOCK"),
            ("/orders/{id}", "GET"): served("HTTP_PROXY", validates_body=True),
        },
        "dep003": many,
        "dep005": many,
    }
    for deployment in ("dep001", "dep002", "dep003", "dep004", "dep005", None):
        stage.deployment = deployment
        history.night()
    rows = ask(engine, "SELECT changed, served_changes FROM report.stage_history ORDER BY valid_from")
    assert rows[0] == (None, None)
    assert all(changed == ["deployment_id", *changes] for changed, changes in rows[1:])
    assert [changes for _, changes in rows[1:]] == [
        [
            "GET /orders: HTTP -> AWS_PROXY, authorization NONE -> AWS_IAM, API key required false -> true",
            "POST /orders: connection not given -> VPC_LINK, URI scheme https -> http, "
            "TLS verification is skipped not given -> true",
            "GET /orders/{id}: body validated false -> true",
            "ANY /stock: added, MOCK",
            "deployment dep001 -> dep002",
        ],
        [
            "ANY /orders: added, HTTP",
            "DELETE /orders: added, HTTP",
            "GET /orders: AWS_PROXY -> HTTP, authorization AWS_IAM -> not known, API key required true -> not known",
            "HEAD /orders: added, HTTP",
            "PATCH /orders: added, HTTP",
            "4 more methods",
            "deployment dep002 -> dep003",
        ],
        ["what it serves since is not known", "deployment dep003 -> dep004"],
        ["what it served before is not known", "deployment dep004 -> dep005"],
        ["what it serves since is not known", "deployment dep005 -> none"],
    ]


def test_a_version_says_what_became_of_its_canary(engine: Engine, history: History) -> None:
    """Given a canary that comes, serves another deployment, is promoted and ends, then each version says so, with
    what the canary differed in from the stage itself."""
    region = history.region()
    api = region.api("a1b2c3d4e5", types=None)
    stage = api.stage("prod")
    get, put = ("/orders", "GET"), ("/orders", "PUT")
    api.methods = {
        "dep001": {get: served("AWS_PROXY"), put: served("MOCK")},
        "dep002": {get: served("HTTP"), put: served("MOCK")},
    }

    def night(deployment: str, canary: str | None) -> None:
        stage.deployment = deployment
        stage.payload = {"canarySettings": {"deploymentId": canary, "percentTraffic": 5.0}} if canary else {}
        history.night()

    night("dep001", None)
    for deployment, canary in (
        ("dep001", "dep002"),
        ("dep001", "dep003"),
        ("dep001", "dep002"),
        ("dep002", None),
        ("dep002", "dep001"),
        ("dep002", None),
    ):
        night(deployment, canary)
    rows = ask(
        engine, "SELECT changed, canary_changes, served_changes FROM report.stage_history ORDER BY valid_from"
    )
    differs, promoted = "canary GET /orders: AWS_PROXY -> HTTP", "canary promoted: deployment dep002"
    own = ["GET /orders: AWS_PROXY -> HTTP", "deployment dep001 -> dep002"]
    assert [canary for _, canary, _ in rows] == [
        None,
        [differs, "canary deployment none -> dep002"],
        ["what the canary serves is not known", "canary deployment dep002 -> dep003"],
        [differs, "canary deployment dep003 -> dep002"],
        [promoted],
        ["canary GET /orders: HTTP -> AWS_PROXY", "canary deployment none -> dep001"],
        ["canary deployment dep001 -> none"],
    ]
    assert [changes for _, _, changes in rows] == [
        [*canary, *(own if canary == [promoted] else [])] if canary else None for _, canary, _ in rows
    ]
    assert rows[1][0] == ["canarySettings", differs, "canary deployment none -> dep002"]
    assert rows[4][0] == ["deployment_id", "canarySettings", promoted, *own]
