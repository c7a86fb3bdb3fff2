"""``gateledger explain``: conditions as they were asked, evidence, what changed, and commands that run."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cmdb.storage.prune import prune
from evaluator.catalog.loading import Catalog
from evaluator.catalog.logic import check_logic
from evaluator.judging.engine import evaluate
from evaluator.judging.explain import Explanation, explain
from gateledger.queries.reading import reading
from gateledger.queries.remediation import Target, new_certificate, rotation
from tests.support.command_line import CommandLine
from tests.support.histories import DENIED, FIRST_NIGHT, MAX_STALENESS, History, arn_of, catalog
from tests.support.items import CertificateKind
from tests.support.questions import ask

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"
DAY = timedelta(days=1)
HOSTILE = 'a b\'; rm -rf /; $(touch x) `id` "q"\n# \u202e-x'


@pytest.fixture
def history(engine: Engine) -> History:
    return History(engine)


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


def explained(
    engine: Engine, *, as_of: datetime | None = None, policy: str = SSL, known: Catalog | None = None
) -> Explanation:
    with reading(engine) as connection:
        row = connection.execute("SELECT max(item_id) FROM cmdb.stage").fetchone()
        assert row is not None
        (one,) = explain(connection, known or catalog(), row[0], as_of=as_of, policies=[policy])
    return one


@pytest.mark.both_servers
def test_each_condition_says_whether_it_held_and_what_it_saw(engine: Engine, history: History) -> None:
    """Given a stage whose certificate was deleted on the third night, then all branches tell their part."""
    region = history.region()
    region.api("a1b2c3d4e5").stage("prod", certificate="cert01")
    region.certificate("cert01")
    history.nights(2)
    del region.certificates["cert01"]
    history.nights(2)
    one = explained(engine)
    assert (one.status, one.condition, one.since) == (
        "INCOMPLIANT",
        "certificate_deleted",
        FIRST_NIGHT + 2 * DAY,
    )
    held = [step.condition for step in one.steps if step.held]
    passed = [step.condition for step in one.steps if step.held is False]
    unasked = [step for step in one.steps if step.held is None]
    assert held == ["certificate_deleted"]
    assert passed[:2] == ["stage_disappeared", "inventory_stale"]
    assert [step.condition for step in unasked] == ["certificate_present", "unexpected"]
    assert all(not step.saw for step in unasked)
    decisive = next(step for step in one.steps if step.held)
    assert decisive.saw == {
        "certificate.absent_since": FIRST_NIGHT + 2 * DAY,
        "certificate.read_at": FIRST_NIGHT + 3 * DAY,
        "stage.certificate_named_at": FIRST_NIGHT,
    }


@pytest.mark.both_servers
def test_the_evidence_names_versions_readings_and_runs(engine: Engine, history: History) -> None:
    region = history.region()
    stage = region.api("a1b2c3d4e5", types=("HTTP", "MOCK")).stage("prod", certificate="cert01")
    region.certificate("cert01")
    history.night()
    stage.deployment = "dep002"
    last = history.night()
    one = explained(engine)
    evidence = {found.item: found for found in one.evidence}
    assert list(evidence) == ["stage", "rest_api", "deployment", "certificate"]
    assert evidence["stage"].valid_from == last.as_of
    assert evidence["stage"].facts == {
        "deployment_id": "dep002",
        "client_certificate_id": "cert01",
        "canary_deployment_id": None,
        "secret_variables": None,
    }
    assert evidence["deployment"].facts["types"] == ["HTTP", "MOCK"]
    assert evidence["certificate"].item_id == "cert01"
    assert evidence["certificate"].facts["expires_at"] == FIRST_NIGHT + timedelta(days=364, hours=23)
    assert {(found.read_at, found.run_id) for found in one.evidence} == {(last.as_of, last.run_id)}
    # The night before rests on the version of that night.
    then = explained(engine, as_of=FIRST_NIGHT + timedelta(hours=5))
    assert then.evaluated_at == FIRST_NIGHT
    assert then.evidence[0].facts["deployment_id"] == "dep001"
    assert then.evidence[0].valid_to == last.as_of


def test_parameters_are_among_what_was_seen(engine: Engine, history: History) -> None:
    region = history.region()
    region.api("a1b2c3d4e5").stage("prod", certificate="cert01")
    region.certificate("cert01", lives=timedelta(days=20))
    night = history.night()
    one = explained(engine, policy=EXPIRY)
    decisive = next(step for step in one.steps if step.held)
    assert one.condition == decisive.condition == "certificate_expires_soon"
    assert decisive.saw[":days"] == 30
    assert decisive.saw[":as_of"] == night.as_of


def test_every_condition_of_every_night_is_explained_by_the_one_that_held(
    engine: Engine, history: History
) -> None:
    """Given nights with an outage, a deletion and a return, then each record's condition held in the walk."""
    region = history.region()
    api = region.api("a1b2c3d4e5")
    stage = api.stage("prod")
    history.night()
    stage.certificate = "cert01"
    history.night()
    region.certificate("cert01", lives=timedelta(days=12))
    history.night()
    region.failure = DENIED
    history.nights(5)
    region.failure = None
    history.nights(5)
    del api.stages["prod"]
    history.night()
    seen = set()
    for night in range(14):
        for policy in (SSL, EXPIRY):
            one = explained(engine, as_of=FIRST_NIGHT + night * DAY, policy=policy)
            assert [step.condition for step in one.steps if step.held] == [one.condition]
            seen.add(one.condition)
    assert seen >= {
        "certificate_empty",
        "certificates_unknown",
        "certificate_present",
        "inventory_stale",
        "certificate_expires_soon",
        "certificate_expired",
        "stage_disappeared",
    }


def test_a_policy_is_asked_as_it_was_when_it_judged(engine: Engine, history: History) -> None:
    """Given a policy whose parameter changed on the second night, then each night shows its own."""
    history.policies = []
    region = history.region()
    region.api("a1b2c3d4e5").stage("prod", certificate="cert01")
    region.certificate("cert01", lives=timedelta(days=60))
    for days in (90, 30):
        run = history.collect()
        policy = catalog().policy(EXPIRY)
        evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={"days": days})
        history.finish(run)
    first = explained(engine, as_of=FIRST_NIGHT, policy=EXPIRY)
    second = explained(engine, policy=EXPIRY)
    assert (first.condition, second.condition) == ("certificate_expires_soon", "certificate_valid")
    assert [step.saw[":days"] for step in first.steps if step.held] == [90]
    assert [step.saw[":days"] for step in second.steps if step.held] == [30]
    assert first.policy_version != second.policy_version


def test_a_policy_with_rows_of_its_own_and_names_in_any_case_is_explained(
    engine: Engine, history: History
) -> None:
    policy = catalog().policy(SSL)
    text = policy.logic_sql.replace("AS canary", "AS Canary").replace(
        "WHEN rest_api.is_private", "WHEN (SELECT count(*) FROM mine) > 9 OR rest_api.is_private"
    )
    logic = check_logic("own", f"WITH mine AS (SELECT stage.item_id FROM stage)\n{text}", (), "stage")
    own = dataclasses.replace(policy, logic=logic)
    history.region().api("a1b2c3d4e5").stage("prod")
    run = history.collect()
    evaluate(engine, own, run, max_staleness=MAX_STALENESS, parameters={})
    history.finish(run)
    one = explained(engine, known=dataclasses.replace(catalog(), policies=(own,)))
    assert [step.condition for step in one.steps if step.held] == [one.condition] == ["certificate_empty"]


def test_a_policy_that_left_the_catalog_still_has_its_verdict(engine: Engine, history: History) -> None:
    history.region().api("a1b2c3d4e5").stage("prod")
    history.night()
    others = tuple(policy for policy in catalog().policies if policy.id != SSL)
    one = explained(engine, known=dataclasses.replace(catalog(), policies=others))
    assert one.condition == "certificate_empty"
    assert one.steps == one.evidence == ()
    assert one.missing is not None


def test_the_command_tells_verdict_changes_and_commands(
    engine: Engine, history: History, command_line: CommandLine
) -> None:
    region = history.region()
    api = region.api("a1b2c3d4e5")
    stage = api.stage("prod", certificate="cert01")
    region.certificate("cert01")
    history.night()
    stage.certificate = None
    stage.deployment = "dep002"
    history.night()
    ended = command_line("explain", arn_of(region, api, stage), "--policy", "rest-api-stage-ssl-certificate")
    assert (ended.code, ended.err) == (0, "")
    told = [line.strip() for line in ended.out.splitlines()]
    assert f"{SSL}: INCOMPLIANT since 2026-01-02 02:00Z" in told
    assert (
        "The stage changed: client_certificate_id (cert01 -> -); no method differs; deployment dep001 -> dep002."
    ) in told
    at = told.index("Serves deployment dep002 since 2026-01-02 02:00Z:")
    assert told[at + 1 : at + 3] == ["no method differs", "deployment dep001 -> dep002"]
    assert any(line.startswith("HELD") and "certificate_empty" in line for line in told)
    assert any("aws apigateway generate-client-certificate --region=eu-central-1" in line for line in told)
    ended = command_line("explain", arn_of(region, api, stage), "--format", "json")
    objects = json.loads(ended.out)
    assert [one["policy_id"] for one in objects] == [EXPIRY, SSL]
    assert objects[1]["evidence"][0]["read_at"] == "2026-01-02T02:00:00Z"
    ended = command_line("explain", arn_of(region, api, stage), "--format", "csv")
    steps = list(csv.DictReader(io.StringIO(ended.out)))
    assert [step["condition"] for step in steps if step["held"] == "true"] == ["certificate_empty"] * 2


def test_when_the_certificate_was_attached_is_said_as_far_as_it_is_known(
    history: History, command_line: CommandLine
) -> None:
    """Given a certificate before, after and with a deployment, then explain names the readings in between."""
    region = history.region()
    api = region.api("a1b2c3d4e5")
    stage = api.stage("prod", certificate="cert01")

    def told() -> str:
        ended = command_line("explain", arn_of(region, api, stage), "--policy", SSL)
        return next(
            line.strip() for line in ended.out.splitlines() if line.strip().startswith("Certificate cert")
        )

    history.night()
    assert told() == "Certificate cert01 was found with it: which of the two came first is not known."
    stage.deployment = "dep002"
    history.night()
    assert told() == "Certificate cert01 was attached before: it was found at 2026-01-01 02:00Z."
    stage.certificate = "cert02"
    history.night(skip_days=1)
    assert told().startswith(
        "Certificate cert02 was attached after the stage served it, between the readings of "
        "2026-01-02 02:00Z and 2026-01-04 02:00Z, and no other deployment was seen since:"
    )
    ended = command_line("explain", arn_of(region, api, stage), "--format", "json", "--as-of", "2026-01-03")
    assert json.loads(ended.out)[0]["served"] == {
        "deployment_id": "dep002",
        "since": "2026-01-02T02:00:00Z",
        "changes": ["no method differs", "deployment dep001 -> dep002"],
        "canary": None,
        "certificate": {
            "certificate_id": "cert01",
            "found_at": "2026-01-01T02:00:00Z",
            "read_before": None,
            "attached_after_deployment": False,
        },
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("first", "The policy judged the stage for the first time."),
        ("deleted", "Certificate cert01 was found deleted."),
        ("gone", "The stage was found gone."),
        ("stale", "Nothing in what was read: time passed, or reading failed or worked again."),
        ("private", "REST API changed, or first read, then: name orders, is_private yes."),
    ],
)
def test_what_changed_when_the_status_began_is_told(
    history: History, command_line: CommandLine, change: str, sentence: str
) -> None:
    region = history.region()
    api = region.api("a1b2c3d4e5")
    stage = api.stage("prod", certificate="cert01")
    region.certificate("cert01")
    history.night()
    if change == "deleted":
        del region.certificates["cert01"]
    elif change == "gone":
        del api.stages["prod"]
    elif change == "stale":
        region.failure = DENIED
    elif change == "private":
        api.endpoint_types = ("PRIVATE",)
    if change != "first":
        history.nights(5)
    ended = command_line("explain", arn_of(region, api, stage), "--policy", SSL)
    assert sentence in [line.strip() for line in ended.out.splitlines()]


def test_a_time_before_the_first_night_and_an_unknown_stage_are_told_in_a_sentence(
    history: History, command_line: CommandLine
) -> None:
    region = history.region()
    api = region.api("a1b2c3d4e5")
    stage = api.stage("prod")
    history.night()
    for arguments in (
        (arn_of(region, api, stage), "--as-of", "2025-01-01"),
        (arn_of(region, api, stage), "--account", "999988887777"),
        ("arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/other",),
        ("prod",),
    ):
        ended = command_line("explain", *arguments)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("gateledger: ")
        assert ended.err.count("\n") == 1


def run_as_pasted(lines: list[str], folder: Path) -> list[list[str]]:
    """Run the lines in a POSIX shell whose ``aws`` notes its arguments; return them."""
    notes = folder / "calls"
    fake = folder / "aws"
    fake.write_text(f"#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done >> {notes}\n"
                    f"printf '\\1' >> {notes}\necho new123\n")  # fmt: skip
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    done = subprocess.run(
        ["sh", "-eu"],
        input="\n".join(lines),
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [call.rstrip("\0").split("\0") for call in notes.read_text(encoding="utf-8").split("\1")[:-1]]


@pytest.mark.parametrize("name", ["prod", HOSTILE, "-x", "--query=x", "'", "🙂" * 100])
def test_pasted_commands_do_what_they_say_whatever_names_contain(tmp_path: Path, name: str) -> None:
    target = Target("111122223333", name, "eu-central-1", "a1b2c3d4e5", name)
    calls = run_as_pasted(new_certificate(target), tmp_path)
    assert [call[1] for call in calls] == [
        "generate-client-certificate",
        "get-client-certificate",
        "update-stage",
        "create-deployment",
    ]
    assert calls[0][2:4] == [
        "--region=eu-central-1",
        f"--description=Backend authentication of a1b2c3d4e5/{name}",
    ]
    assert calls[1][2:5] == ["--region=eu-central-1", "--client-certificate-id", "new123"]
    assert calls[2][2:] == [
        "--region=eu-central-1",
        "--rest-api-id=a1b2c3d4e5",
        f"--stage-name={name}",
        "--patch-operations",
        "op=replace,path=/clientCertificateId,value=new123",
    ]
    assert (tmp_path / "client-certificate.pem").read_text(encoding="utf-8") == "new123\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aws", "calls", "client-certificate.pem"]


def test_a_stage_of_a_websocket_api_is_put_right_by_its_own_calls(tmp_path: Path) -> None:
    target = Target("111122223333", None, "eu-central-1", "a1b2c3d4e5", "live", is_websocket=True)
    calls = run_as_pasted(new_certificate(target), tmp_path)
    of_stage = ["--region=eu-central-1", "--api-id=a1b2c3d4e5", "--stage-name=live"]
    assert calls[2:] == [
        ["apigatewayv2", "update-stage", *of_stage, "--client-certificate-id", "new123"],
        ["apigatewayv2", "create-deployment", *of_stage],
    ]


def test_rotation_ends_with_deleting_the_old_certificate(tmp_path: Path) -> None:
    ends = datetime(2026, 6, 1, tzinfo=UTC)
    target = Target(
        "111122223333", None, "eu-central-1", "a1b2c3d4e5", "prod", "old'1", "API_GATEWAY", ends, 1
    )
    lines = rotation(target, exists=True)
    assert any("2026-06-01T00:00:00Z" in line for line in lines)
    calls = run_as_pasted(lines, tmp_path)
    assert calls[-1] == [
        "apigateway",
        "delete-client-certificate",
        "--region=eu-central-1",
        "--client-certificate-id=old'1",
    ]


def test_an_acm_certificate_is_renewed_or_imported_again_under_its_arn(tmp_path: Path) -> None:
    acm = "arn:aws:acm:eu-central-1:111122223333:certificate/0f1e"
    target = Target("111122223333", None, "eu-central-1", "a1b2c3d4e5", "prod", acm, str(CertificateKind.ACM))
    calls = run_as_pasted(rotation(target, exists=True), tmp_path)
    assert [call[:4] for call in calls] == [
        ["acm", name, "--region=eu-central-1", f"--certificate-arn={acm}"]
        for name in ("renew-certificate", "import-certificate")
    ]


def test_a_name_that_the_aws_cli_would_open_gets_no_command() -> None:
    target = Target("111122223333", None, "eu-central-1", "a1b2c3d4e5", "file:///etc/passwd")
    assert all(line.startswith("#") for line in new_certificate(target))


def test_what_a_stage_serves_is_said_of_what_is_there_and_kept(
    engine: Engine, history: History, command_line: CommandLine
) -> None:
    """Given a stage that was gone for a night, deployed anew and tagged, when history is dropped, then no later
    version is taken for the one that brought the deployment, and the first that is kept is not called the first."""
    api = history.region().api("a1b2c3d4e5")
    stage = api.stage("prod")
    history.night()
    del api.stages["prod"]
    history.night()
    told = command_line("explain", "a1b2c3d4e5/prod", "--policy", SSL).out
    assert "What changed" in told
    assert "Serves" not in told
    api.stages["prod"] = stage
    history.night()
    told = command_line("explain", "a1b2c3d4e5/prod", "--policy", SSL).out
    assert ":\n  the same as before the stage was gone\n" in told
    stage.deployment = "dep002"
    for tags in ({}, {"a": "1"}, {"a": "2"}):
        stage.payload = {"tags": tags}
        history.night()
    prune(engine, history.last_as_of - DAY)
    assert ask(engine, "SELECT changed FROM report.stage_history ORDER BY valid_from DESC LIMIT 2") == [
        {"changed": ["tags"]},
        {"changed": None},
    ]
    told = command_line("explain", "a1b2c3d4e5/prod", "--policy", SSL).out
    assert "deployment dep002 since 2026-01-04 02:00Z:\n  what it changed is not kept any more\n" in told
    assert "The policy judged the stage for the first time, as far as history is kept." in told
