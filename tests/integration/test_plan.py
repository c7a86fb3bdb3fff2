"""``gateledger plan``: what it proposes, that it puts things right, and that no name in it becomes a command."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from evaluator.catalog.fixes import Fix
from evaluator.catalog.loading import load_catalog
from evaluator.judging.engine import evaluate
from gateledger.plan.terraform import resources_of
from tests.support.command_line import CommandLine
from tests.support.histories import MAX_STALENESS, History

SSL = "rest-api-stage-ssl-certificate"
LOGGING = "rest-api-stage-execution-logging"
HOSTILE = [
    "$(rm -rf ~)",
    "'; drop",
    "`touch x`",
    "line\nrm -rf ~",
    "-x --yes",
    "!!\x1b[2J",
    '${a}%{b}"\\',
    "🙂",
]
AWS = """#!/bin/sh
for word; do printf '%s\\0' "$word"; done >> "$CALLS"
printf '\\1' >> "$CALLS"
case "$2" in
  get-caller-identity) echo "$ACCOUNT" ;;
  generate-client-certificate) echo made01 ;;
  get-stage) echo "${DEPLOYMENT-dep007}" ;;
esac
"""


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


def judged(history: History, *names: str) -> None:
    """Collect, and judge under these policies."""
    catalog = load_catalog()
    run = history.collect()
    for name in names:
        (policy,) = (one for one in catalog.policies if one.id.endswith("/" + name))
        evaluate(history.engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    history.finish(run)


def run_by_bash(script: str, folder: Path, account: str, **more: str) -> tuple[int, list[list[str]], str]:
    """Run a script by bash where ``aws`` notes its arguments; return how it ended, the calls and its stderr."""
    programs, home = folder / "programs", folder / "home"
    programs.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    (home / "kept").touch()
    aws, calls = programs / "aws", folder / "calls"
    aws.write_text(AWS, encoding="utf-8")
    aws.chmod(aws.stat().st_mode | stat.S_IXUSR)
    calls.write_text("")
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=home,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "CALLS": str(calls),
            "ACCOUNT": account,
            **more,
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert [one.name for one in home.iterdir()] == ["kept"]
    noted = calls.read_text(encoding="utf-8").split("\1")[:-1]
    return done.returncode, [call.removesuffix("\0").split("\0") for call in noted], done.stderr


def undone(script: str) -> str:
    """Return the commands that go back, which are comments in the script."""
    return "\n".join(line[2:].strip() for line in script.splitlines() if line.startswith("#   aws "))


def option(call: list[str], name: str) -> str:
    (found,) = (one.split("=", 1)[1] for one in call if one.startswith(f"--{name}="))
    return found


def patches(call: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(option(call, "patch-operations"))
    return found


def test_one_certificate_is_made_and_attached_to_each_stage_of_the_account_region_whatever_names_contain(
    engine: Engine, command_line: CommandLine, tmp_path: Path
) -> None:
    history = History(engine)
    region = history.region(account_name="'; drop $(touch x)")
    api = region.api("a1b2c3d4e5", name="$(touch x)")
    for name in HOSTILE:
        api.stage(name)
    history.region("444455556666", "us-east-1").api("b1b2c3d4e5").stage("prod")
    judged(history, SSL)

    script = command_line("plan").out
    ended, calls, said = run_by_bash(script, tmp_path, "111122223333")

    # The other account's block, the last one, refuses credentials that are not its own.
    assert (ended, said) == (1, "These are not credentials of account 444455556666.\n")
    updates = [call for call in calls if call[1] == "update-stage"]
    assert {option(call, "rest-api-id") for call in updates} == {"a1b2c3d4e5"}
    assert sorted(option(call, "stage-name") for call in updates) == sorted(HOSTILE * 2)
    assert len([call for call in calls if call[1] == "generate-client-certificate"]) == 1
    assert [patches(call)[0]["path"] for call in updates] == ["/clientCertificateId", "/deploymentId"] * 8
    assert [patches(call)[0]["value"] for call in updates] == ["made01", "dep007"] * 8
    assert all(line.isprintable() for line in script.splitlines())

    # What AWS did not say is written as None by its CLI: nothing is set to that, and the rest is left alone.
    _, calls, said = run_by_bash(script, tmp_path, "111122223333", DEPLOYMENT="None")
    assert said.startswith("AWS named no deploymentId.\n")
    assert len([call for call in calls if call[1] == "update-stage"]) == 1

    _, back, _ = run_by_bash(undone(script), tmp_path, "111122223333")
    assert sorted(option(call, "stage-name") for call in back) == sorted([*HOSTILE, "prod"])
    assert [patches(call) for call in back] == [[{"op": "remove", "path": "/clientCertificateId"}]] * 9


def test_a_change_that_closes_most_comes_first_and_an_input_has_to_be_chosen(
    engine: Engine, command_line: CommandLine, tmp_path: Path
) -> None:
    history = History(engine)
    api = history.region().api("a1b2c3d4e5")
    api.stage("bare", certificate="cert01")
    api.stage("traced", tracingEnabled=True)
    history.regions[0].certificate("cert01")
    judged(
        history,
        SSL,
        "rest-api-stage-x-ray-tracing",
        "rest-api-stage-waf-web-acl",
        "rest-api-stage-description",
    )

    plan = json.loads(command_line("plan", "--format", "json").out)

    told = [(change["fix"], change["findings"]) for change in plan["changes"]]
    assert told == [("associate_web_acl", 2), ("attach_certificate", 1), ("switch_tracing_on", 1)]
    (left,) = plan["without_fix"]
    assert (left["reason"], left["findings"]) == ("it has no mechanical fix", 2)
    assert left["items"][0]["remediation"].startswith("Say in the description of stage bare")

    script = command_line("plan", "--policy", "rest-api-stage-waf-web-acl").out
    ended, calls, said = run_by_bash(script, tmp_path, "111122223333")
    assert ended == 1
    assert said == "Set WEB_ACL_ARN: the ARN of a regional web ACL in this account and region.\n"
    assert [call[:2] for call in calls] == [["sts", "get-caller-identity"]]
    arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/a/1"
    ended, calls, said = run_by_bash(
        script.replace("WEB_ACL_ARN=''", f"WEB_ACL_ARN={arn}"), tmp_path, "111122223333"
    )
    assert (ended, said) == (0, "")
    assert [option(call, "web-acl-arn") for call in calls[1:]] == [arn, arn]
    assert [option(call, "resource-arn")[-4:] for call in calls[1:]] == ["bare", "aced"]


def test_method_settings_are_set_where_they_are_at_fault_and_set_back_to_what_they_were(
    engine: Engine, command_line: CommandLine, tmp_path: Path
) -> None:
    history = History(engine)
    api = history.region().api("a1b2c3d4e5")
    api.stage("default")
    settings: dict[str, Any] = {
        "*/*": {"loggingLevel": "INFO"},
        "path1/GET": {"loggingLevel": "OFF"},
        "~1a~1{id}/PUT": {"metricsEnabled": True},
        "/slash/GET": {"loggingLevel": "OFF"},
        "fine/GET": {"loggingLevel": "ERROR"},
    }
    api.stage("own", methodSettings=settings)
    judged(history, LOGGING)

    script = command_line("plan").out
    _, calls, said = run_by_bash(script, tmp_path, "111122223333")

    assert said == ""
    set_to = {option(call, "stage-name"): patches(call) for call in calls[1:]}
    assert set_to == {
        "default": [{"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"}],
        "own": [
            {"op": "replace", "path": "/~1path1/GET/logging/loglevel", "value": "ERROR"},
            {"op": "replace", "path": "/~1a~1{id}/PUT/logging/loglevel", "value": "ERROR"},
        ],
    }
    _, back, _ = run_by_bash(undone(script), tmp_path, "111122223333")
    assert {option(call, "stage-name"): patches(call) for call in back} == {
        "default": [{"op": "replace", "path": "/*/*/logging/loglevel", "value": "OFF"}],
        "own": [
            {"op": "replace", "path": "/~1path1/GET/logging/loglevel", "value": "OFF"},
            {"op": "replace", "path": "/~1a~1{id}/PUT/logging/loglevel", "value": "OFF"},
        ],
    }


def test_terraform_holds_names_as_strings(engine: Engine, command_line: CommandLine) -> None:
    history = History(engine)
    api = history.region().api("a1b2c3d4e5")
    api.stage('$${file("/x")}%{ if true }\n\\')
    judged(history, SSL, LOGGING)

    lines = command_line("plan", "--format", "terraform", "--policy", SSL).out.splitlines()
    assert lines[lines.index(next(line for line in lines if not line.startswith("#") and line)) :] == [
        'resource "aws_api_gateway_client_certificate" "attach_certificate_111122223333_eu_central_1" {',
        '  description = "Backend authentication"',
        "}",
        "# $'arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/$${file(\"/x\")}%{ if true }\\012\\134'",
        "# Into the aws_api_gateway_stage that you have; the rest of it stays.",
        'resource "aws_api_gateway_stage" "attach_certificate_111122223333_eu_central_1_1" {',
        '  rest_api_id = "a1b2c3d4e5"',
        '  stage_name = "$\\u0024{file(\\"/x\\")}\\u0025{ if true }\\n\\\\"',
        "  client_certificate_id = aws_api_gateway_client_certificate.attach_certificate_111122223333_eu_central_1.id",
        "}",
    ]
    hcl = command_line("plan", "--format", "terraform", "--policy", LOGGING).out
    assert '  method_path = "*/*"\n  settings {\n    logging_level = var.set_logging_level_' in hcl
    assert 'variable "set_logging_level_111122223333_eu_central_1_level" {' in hcl


def test_an_excepted_finding_is_left_out_unless_asked_for(
    engine: Engine, command_line: CommandLine, tmp_path: Path
) -> None:
    history = History(engine)
    api = history.region().api("a1b2c3d4e5")
    api.stage("prod")
    api.stage("file:///etc/passwd")
    judged(history, SSL)
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    added = command_line(
        *("exceptions", "add", "old", "--policy", f"*{SSL}", "--arn", "*/stages/prod"),
        *("--reason", "Off soon.", "--owner", "us", "--until", until),
    )
    assert added.code == 0, added.err

    plain = json.loads(command_line("plan", "--format", "json").out)
    whole = json.loads(command_line("plan", "--format", "json", "--include-excepted").out)

    assert plain["changes"] == []
    assert "which the AWS CLI would open" in plain["without_fix"][0]["reason"]
    assert [one["exception_id"] for one in whole["changes"][0]["items"]] == ["old"]


def test_nothing_incompliant_is_said_and_a_wrong_form_is_refused(
    command_line: CommandLine, engine: Engine
) -> None:
    assert "Nothing has been evaluated yet" in command_line("plan").err
    judged(History(engine), SSL)
    assert command_line("plan").out.splitlines()[1:] == ["# No finding that was chosen is incompliant."]
    assert command_line("plan", "--format", "xml").code == 2


def test_a_name_that_ends_in_a_dollar_sign_leaves_the_reference_after_it_alone() -> None:
    fix = Fix.model_validate(
        {
            "title": "Name it",
            "check": ["Look."],
            "inputs": {"SUFFIX": {"meaning": "what follows"}},
            "terraform": [
                {"resource": "aws_api_gateway_stage", "arguments": {"description": "{stage_name}{SUFFIX}"}}
            ],
        }
    )
    lines = resources_of(fix, "x", 1, {"stage_name": "paid-in-$"})
    assert lines[2] == '  description = "paid-in-\\u0024${var.x_suffix}"'
