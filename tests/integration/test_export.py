"""``gateledger export``: forms that other tools take, stable ids, only what changed, bounded memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from evaluator.catalog.loading import load_catalog
from evaluator.judging.engine import evaluate
from gateledger.exports import writing
from gateledger.exports.writing import Export, ExportFormat, write_export
from tests.support.command_line import CommandLine
from tests.support.histories import DENIED, FIRST_NIGHT, MAX_STALENESS, History
from tests.support.published import asff_problems, ocsf_validator

DAY = timedelta(days=1)
SSL = "rest-api-stage-ssl-certificate"
HOSTILE = "<img src=x onerror=alert(1)>\"'\n\u202e🙂" + "x" * 220


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


@pytest.fixture
def history(engine: Engine) -> History:
    """Three nights: a stage fixed, one broken, one gone, one private, one unread, one with a hostile name."""
    history = History(engine)
    region = history.region()
    api = region.api("a1b2c3d4e5", name=HOSTILE)
    fixed = api.stage("fixed")
    broken = api.stage("broken", certificate="cert01")
    api.stage("gone")
    api.stage(HOSTILE, certificate="cert01")
    region.certificate("cert01")
    region.api("private001", endpoint_types=("PRIVATE",)).stage("inner")
    region.api("unread0001", types=None).stage("unknown")
    bank = history.region("444455556666", "us-east-1", None)
    bank.api("a1b2c3d4e5").stage("prod")
    history.night()
    fixed.certificate = "cert01"
    history.night()
    broken.certificate = None
    del api.stages["gone"]
    history.night()
    return history


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("arguments", [(), ("--history",), ("--since", "2026-01-02")])
def test_ocsf_events_are_valid_by_the_published_schema(
    history: History, command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    ended = command_line("export", "--format", "ocsf", *arguments)
    assert (ended.code, ended.err) == (0, "")
    events = objects(ended.out)
    assert len(events) >= 6
    for event in events:
        assert [error.message for error in ocsf_validator().iter_errors(event)] == []


def test_the_ocsf_schema_refuses_what_is_wrong(history: History, command_line: CommandLine) -> None:
    event = objects(command_line("export", "--format", "ocsf").out)[0]
    for wrong in ({"class_uid": "x"}, {"finding_info": {}}, {"unheard_of": 1}, {"severity_id": 42}):
        assert list(ocsf_validator().iter_errors(event | wrong))


def test_ocsf_tells_what_is_new_what_changed_and_what_is_resolved(
    history: History, command_line: CommandLine
) -> None:
    ended = command_line("export", "--format", "ocsf", "--policy", SSL, "--since", "2026-01-01")
    told = {
        event["resources"][0]["name"]: (
            event["activity_name"],
            event["compliance"]["status"],
            event["severity"],
            event["status"],
        )
        for event in objects(ended.out)
        if event["cloud"]["account"]["uid"] == "111122223333"
    }
    assert told == {
        "fixed": ("Close", "Pass", "Informational", "Resolved"),
        "broken": ("Update", "Fail", "Medium", "New"),
        "gone": ("Close", "Not Applicable", "Informational", "Resolved"),
        "inner": ("Create", "Not Applicable", "Informational", "Resolved"),
        "unknown": ("Create", "Unknown", "Medium", "New"),
        HOSTILE: ("Create", "Pass", "Informational", "Resolved"),
    }
    fixed = next(event for event in objects(ended.out) if event["resources"][0]["name"] == "fixed")
    first = int(FIRST_NIGHT.timestamp() * 1000)
    day = 86_400_000
    info = fixed["finding_info"]
    assert (info["first_seen_time"], info["modified_time"], info["last_seen_time"]) == (
        first,
        first + day,
        first + 2 * day,
    )
    assert fixed["end_time"] == first + day
    assert fixed["compliance"]["control"].endswith(SSL)
    assert len(fixed["compliance"]["requirements"]) == 44


def test_asff_requests_are_valid_by_the_service_model_and_hold_one_account_and_region(
    history: History, command_line: CommandLine
) -> None:
    ended = command_line("export", "--format", "asff", "--since", "2026-01-01")
    assert (ended.code, ended.err) == (0, "")
    requests = objects(ended.out)
    assert len(requests) == 2
    for request in requests:
        assert asff_problems(request) == ""
        assert len({(one["AwsAccountId"], one["Region"]) for one in request["Findings"]}) == 1
        for one in request["Findings"]:
            assert len(one["Title"]) <= 256
            assert len(one["Description"]) <= 1024
            assert len(one["Id"]) <= 512
    told = {
        one["Resources"][0]["Details"]["AwsApiGatewayStage"]["StageName"]: (
            one["Compliance"]["Status"],
            one["Severity"]["Label"],
            one["Workflow"]["Status"],
            one["RecordState"],
        )
        for one in requests[0]["Findings"]
        if one["GeneratorId"].endswith(SSL)
    }
    assert told == {
        "fixed": ("PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE"),
        "broken": ("FAILED", "MEDIUM", "NEW", "ACTIVE"),
        "gone": ("NOT_AVAILABLE", "INFORMATIONAL", "RESOLVED", "ARCHIVED"),
        "inner": ("NOT_AVAILABLE", "INFORMATIONAL", "RESOLVED", "ACTIVE"),
        "unknown": ("WARNING", "MEDIUM", "NEW", "ACTIVE"),
        HOSTILE: ("PASSED", "INFORMATIONAL", "RESOLVED", "ACTIVE"),
    }
    assert asff_problems({"Findings": [{"Id": 1}]}) != ""


def test_apis_are_exported_as_apis(history: History, command_line: CommandLine) -> None:
    """Given findings about REST APIs, one without a name, then both forms name them by type, ARN and id."""
    history.regions[0].api("nameless01", None)
    history.regions[0].api("blank00001", " ")
    run = history.collect()
    policy = load_catalog().policy("/gateledger/aws/apigateway/rest-api-endpoint-type")
    evaluate(history.engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    history.finish(run)
    account = ("--policy", "rest-api-endpoint-type", "--account", "111122223333")
    events = objects(command_line("export", "--format", "ocsf", *account).out)
    assert [error.message for event in events for error in ocsf_validator().iter_errors(event)] == []
    arn = "arn:aws:apigateway:eu-central-1::/restapis/"
    told = {event["resources"][0]["uid"]: event["resources"][0] for event in events}
    assert {one["type"] for one in told.values()} == {"AWS::ApiGateway::RestApi"}
    assert told[f"{arn}a1b2c3d4e5"]["name"] == HOSTILE
    assert told[f"{arn}nameless01"]["name"] == "nameless01"
    assert told[f"{arn}blank00001"]["name"] == "blank00001"
    (request,) = objects(command_line("export", "--format", "asff", *account).out)
    assert asff_problems(request) == ""
    shown = [one["Resources"][0] for one in request["Findings"]]
    assert {one["Type"] for one in shown} == {"AwsApiGatewayRestApi"}
    details = {one["Id"]: one["Details"]["AwsApiGatewayRestApi"] for one in shown}
    assert details[f"{arn}nameless01"] == {"Id": "nameless01"}
    assert details[f"{arn}blank00001"] == {"Id": "blank00001"}
    assert details[f"{arn}a1b2c3d4e5"] == {"Id": "a1b2c3d4e5", "Name": HOSTILE}


EXCEPTIONS = """
exceptions:
  - id: billing-legacy
    policies: ["*rest-api-stage-ssl-certificate"]
    match: {api: a1b2c3d4e5, account: "111122223333"}
    reason: The backend is switched off in March.
    owner: team-billing
    until: 2026-03-31
"""


def test_a_finding_that_an_exception_covers_is_suppressed_and_no_longer_so_when_that_ends(
    history: History, command_line: CommandLine, tmp_path: Path
) -> None:
    """Given a broken stage, when it is excepted and that is ended, then both exports of changes say so."""
    file = tmp_path / "exceptions.yaml"
    file.write_text(EXCEPTIONS, encoding="utf-8")

    def exported(form: str, since: str) -> list[dict[str, Any]]:
        ended = command_line("export", "--format", form, "--policy", SSL, "--since", since)
        assert (ended.code, ended.err) == (0, "")
        return objects(ended.out)

    def findings(since: str) -> dict[str, dict[str, Any]]:
        found = [one for request in exported("asff", since) for one in request["Findings"]]
        return {one["Resources"][0]["Details"]["AwsApiGatewayStage"]["StageName"]: one for one in found}

    assert command_line("exceptions", "apply", str(file), "--as-of", "2026-01-03T03:00").code == 0
    events = {event["resources"][0]["name"]: event for event in exported("ocsf", "2026-01-03T03:00")}
    assert (events["broken"]["status_id"], events["broken"]["status"]) == (3, "Suppressed")
    assert events["broken"]["comment"] == "The backend is switched off in March."
    assert events["fixed"]["status"] == "Resolved"
    for event in events.values():
        assert [error.message for error in ocsf_validator().iter_errors(event)] == []
    broken = findings("2026-01-03T03:00")["broken"]
    assert (broken["Workflow"]["Status"], broken["UpdatedAt"]) == ("SUPPRESSED", "2026-01-03T03:00:00Z")
    assert broken["Note"]["Text"] == "billing-legacy (team-billing): The backend is switched off in March."
    assert asff_problems(exported("asff", "2026-01-03T03:00")[0]) == ""
    rows = {row["stage_name"]: row["exception_id"] for row in exported("json", "2026-01-01")}
    assert {name for name, covered in rows.items() if covered} == {"broken"}
    assert command_line("exceptions", "end", "billing-legacy", "--as-of", "2026-01-03T04:00").code == 0
    broken = findings("2026-01-03T04:00")["broken"]
    assert (broken["Workflow"]["Status"], broken["UpdatedAt"]) == ("NEW", "2026-01-03T04:00:00Z")
    assert "Note" not in broken


def test_asff_requests_hold_at_most_a_hundred_findings(engine: Engine, command_line: CommandLine) -> None:
    history = History(engine)
    api = history.region().api("a1b2c3d4e5")
    for number in range(130):
        api.stage(f"stage{number}")
    history.night()
    requests = objects(command_line("export", "--format", "asff", "--policy", SSL).out)
    assert [len(request["Findings"]) for request in requests] == [100, 30]


def test_ids_stay_the_same_over_nights_and_forms(history: History, command_line: CommandLine) -> None:
    def ids() -> dict[tuple[str, str], str]:
        rows = objects(command_line("export", "--format", "json").out)
        return {(row["policy_id"], row["resource_arn"]): row["finding_id"] for row in rows}

    before = ids()
    history.regions[0].failure = DENIED
    history.nights(5)
    after = ids()
    assert after == before
    assert len(set(after.values())) == len(after)
    ocsf = {event["finding_info"]["uid"] for event in objects(command_line("export", "--format", "ocsf").out)}
    asff = {
        one["Id"]
        for request in objects(command_line("export", "--format", "asff").out)
        for one in request["Findings"]
    }
    listed = list(csv.DictReader(io.StringIO(command_line("export", "--format", "csv").out)))
    assert ocsf == asff == {row["finding_id"] for row in listed} == set(after.values())
    past = objects(command_line("export", "--format", "json", "--history").out)
    assert {row["finding_id"] for row in past} >= set(after.values())


def test_csv_and_json_hold_the_same_values_exactly(history: History, command_line: CommandLine) -> None:
    rows = objects(command_line("export", "--format", "json").out)
    listed = list(csv.DictReader(io.StringIO(command_line("export", "--format", "csv").out)))
    assert listed == [{key: "" if value is None else value for key, value in row.items()} for row in rows]
    assert HOSTILE in {row["stage_name"] for row in rows}
    assert "gone" not in {row["stage_name"] for row in rows}


def test_since_gives_only_what_changed_and_what_disappeared(
    history: History, command_line: CommandLine
) -> None:
    ended = command_line("export", "--format", "json", "--policy", SSL, "--since", "2026-01-03T02:00Z")
    rows = {row["stage_name"]: row["status"] for row in objects(ended.out)}
    assert rows == {"broken": "INCOMPLIANT", "gone": "DISAPPEARED"}
    ended = command_line("export", "--format", "json", "--policy", SSL, "--since", "2026-01-03T02:00:01Z")
    assert ended.out == ""
    ended = command_line("export", "--format", "json", "--history", "--policy", SSL, "--since", "2026-01-03")
    told = [(row["stage_name"], row["status"], row["valid_to"]) for row in objects(ended.out)]
    assert told == [
        ("broken", "COMPLIANT", "2026-01-03T02:00:00Z"),
        ("broken", "INCOMPLIANT", None),
        ("gone", "INCOMPLIANT", "2026-01-03T02:00:00Z"),
        ("gone", "DISAPPEARED", None),
    ]


def test_filters_narrow(history: History, command_line: CommandLine) -> None:
    for arguments, stages in (
        (("--status", "DISAPPEARED"), {"gone"}),
        (("--status", "INCOMPLIANT", "--account", "444455556666"), {"prod"}),
        (("--region", "us-east-1"), {"prod"}),
    ):
        rows = objects(command_line("export", "--format", "json", "--policy", SSL, *arguments).out)
        assert {row["stage_name"] for row in rows} == stages


def test_a_file_appears_whole_and_an_old_one_stays_when_the_new_one_fails(
    history: History, command_line: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "findings.jsonl"
    out.write_text("old\n", encoding="utf-8")
    assert command_line("export", "--format", "json", "--out", str(out)).code == 0
    whole = out.read_text(encoding="utf-8")
    assert whole == command_line("export", "--format", "json").out

    def breaks(_rows: Any) -> None:
        raise OSError(28, "No space left on device", str(out))

    command_line.monkeypatch.setattr(writing, "_lines", breaks)
    ended = command_line("export", "--format", "json", "--out", str(out))
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert out.read_text(encoding="utf-8") == whole
    assert list(tmp_path.iterdir()) == [out]


def test_what_cannot_be_is_one_sentence(history: History, command_line: CommandLine, tmp_path: Path) -> None:
    for code, arguments in (
        (1, ("--format", "asff", "--history")),
        (1, ("--format", "json", "--out", str(tmp_path))),
        (1, ("--format", "json", "--out", str(tmp_path / "none" / "x"))),
        (2, ("--format", "xml")),
        (2, ("--format", "json", "--since", "yesterday")),
        (2, ()),
    ):
        ended = command_line("export", *arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)


def test_memory_does_not_grow_with_the_number_of_findings(engine: Engine, tmp_path: Path) -> None:
    """Given 10,000 findings, when 25 MB of events are written, then only some thousand rows are held."""
    history = History(engine)
    for api_number in range(50):
        api = history.region("111122223333").api if not history.regions else history.regions[0].api
        made = api(f"api{api_number:07d}")
        for number in range(100):
            made.stage(f"stage{number}")
    history.night()
    out = tmp_path / "events.jsonl"
    write_export(engine, Export(ExportFormat.OCSF, statuses=["COMPLIANT"]), out)
    tracemalloc.start()
    try:
        write_export(engine, Export(ExportFormat.OCSF), out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert out.stat().st_size > 20_000_000
    assert peak < 12_000_000
