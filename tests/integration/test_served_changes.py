"""A finding that began with another deployment says what changed in what its stage serves, wherever it is shown."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cmdb.runs.runs import Run
from gateledger.nightly.notify import message_of
from gateledger.nightly.summary import RunSummary
from tests.support.command_line import CommandLine
from tests.support.histories import History
from tests.support.questions import ask
from tests.support.reports import written

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"
LISTED = "GET /orders: AWS_PROXY -> HTTP; deployment dep001 -> dep002"


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


def test_a_finding_says_what_a_deployment_changed_when_it_began(
    engine: Engine, command_line: CommandLine, tmp_path: Path
) -> None:
    """Given a stage whose second deployment brings HTTP, and which names no certificate from that night on, then the
    notification, the finding, exports and explain name the method; a policy that does not ask what is served says
    nothing of it, and neither does a finding that another stage has had from the beginning."""
    history = History(engine)
    history.policies = [SSL, EXPIRY]
    region = history.region()
    api = region.api("a1b2c3d4e5", types=None)
    stage = api.stage("prod", certificate="cert01")
    region.api("b1b2c3d4e5").stage("old")
    get = ("/orders", "GET")
    api.methods = {
        name: {get: {"integration_type": kind}}
        for name, kind in (("dep001", "AWS_PROXY"), ("dep002", "HTTP"), ("dep003", "HTTP_PROXY"))
    }
    history.night()
    stage.deployment, stage.certificate = "dep002", None
    night = history.night()
    assert f"prod under rest-api-stage-ssl-certificate: certificate_empty ({LISTED})" in body(engine, night)
    stage.deployment = "dep003"  # the verdict began before: that it goes on is no news
    history.night()

    found = ask(
        engine,
        "SELECT policy_id, stage_name, served_changes FROM report.finding ORDER BY 1, 2",
    )
    assert [(row["policy_id"], row["stage_name"], row["served_changes"]) for row in found] == [
        (EXPIRY, "old", None),
        (EXPIRY, "prod", None),
        (SSL, "old", None),
        (SSL, "prod", LISTED.split("; ")),
    ]
    listed = json.loads(command_line("findings", "--policy", SSL, "--format", "json").out)
    assert [row["served_changes"] for row in listed if row["stage_name"] == "prod"] == [LISTED.split("; ")]
    # and so does what was found then: each record has what it began with, whichever night is asked about
    for night_of, changes in ((history.first_night, None), (history.last_as_of, LISTED.split("; "))):
        past = json.loads(
            command_line("findings", "--policy", SSL, "--as-of", night_of.isoformat(), "--format", "json").out
        )
        assert [row["served_changes"] for row in past if row["stage_name"] == "prod"] == [changes]
    past = json.loads(command_line("history", "a1b2c3d4e5/prod", "--policy", SSL, "--format", "json").out)
    assert [(row["condition"], row["served_changes"]) for row in past] == [
        ("no_http_integration", None),
        ("certificate_empty", LISTED.split("; ")),
    ]
    for form, said in (
        ("json", '"served_changes":["GET /orders: AWS_PROXY -> HTTP"'),
        ("ocsf", f"What the stage serves changed then: {LISTED}."),
        ("asff", f"What the stage serves changed then: {LISTED}."),
    ):
        exported = command_line("export", "--format", form, "--policy", SSL).out
        assert exported.count(said) == (3 if form == "ocsf" else 1)
    site = written(engine, tmp_path / "site")
    assert f"<bdi>{html.escape(LISTED)}</bdi>" in (site / "findings.html").read_text()
    assert f'"served":["{LISTED}"]' in (site / "data/findings.js").read_text().replace("\\u003e", ">")
    explained = command_line("explain", "a1b2c3d4e5/prod", "--policy", SSL).out
    assert f"The stage changed: client_certificate_id (cert01 -> -); {LISTED}." in explained


def test_a_finding_that_a_canary_brought_says_so(engine: Engine, command_line: CommandLine) -> None:
    """Given a stage beside whose deployment a canary serves HTTP, then the finding says when and in what."""
    history = History(engine)
    history.policies = [SSL]
    api = history.region().api("a1b2c3d4e5", types=None)
    stage, other = api.stage("prod"), api.stage("beta")
    api.methods = {
        name: {("/orders", "GET"): {"integration_type": kind}}
        for name, kind in (("dep001", "AWS_PROXY"), ("dep002", "HTTP"))
    }
    other.deployment = "dep002"
    history.night()
    stage.payload = other.payload = {"canarySettings": {"deploymentId": "dep002", "percentTraffic": 5.0}}
    history.night()
    canary = ["canary GET /orders: AWS_PROXY -> HTTP", "canary deployment none -> dep002"]
    found = ask(engine, "SELECT status, served_changes FROM report.finding WHERE stage_name = 'prod'")
    assert found == [{"status": "INCOMPLIANT", "served_changes": canary}]
    explained = command_line("explain", "a1b2c3d4e5/prod", "--policy", SSL).out
    assert f"  Its canary, 2026-01-02 02:00Z:\n    {canary[0]}\n    {canary[1]}\n" in explained
    # and a canary on the deployment of its own stage is the same evidence
    twice = command_line("explain", "a1b2c3d4e5/beta", "--policy", SSL).out
    assert twice.count("  deployment a1b2c3d4e5/dep002:") == 1
    told = json.loads(command_line("explain", "a1b2c3d4e5/prod", "--policy", SSL, "--format", "json").out)
    assert told[0]["served"]["canary"] == {
        "deployment_id": "dep002", "changed_at": "2026-01-02T02:00:00Z", "changes": canary,
    }  # fmt: skip


def body(engine: Engine, run: Run) -> str:
    """Return what the notification of a run says."""
    message = message_of(engine, RunSummary(run.run_id, str(run.kind), run.as_of, timedelta(seconds=1)))
    return "" if message is None else message.body
