"""Commands that ask a database: before and after its schema is there, with nothing in it yet."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gateledger.cli.entry import execute
from gateledger.queries.findings import FINDING_KEYS, HISTORY_KEYS, PAST_KEYS
from gateledger.terminal.exits import ExitCode

ARN = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"


@pytest.fixture(autouse=True)
def bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine, an empty working directory."""
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def current(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The settings name a database whose schema is current."""
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", database_url)
    return database_url


@pytest.fixture
def empty(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The settings name a database with nothing in it."""
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", empty_database_url)
    return empty_database_url


def columns(engine: Engine, view: str) -> tuple[str, ...]:
    with engine.connect() as connection:
        return tuple(connection.execute(text(f"SELECT * FROM {view}")).keys())


@pytest.mark.usefixtures("current")
def test_listings_have_exactly_the_views_columns(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert columns(engine, "report.finding") == FINDING_KEYS
    assert sorted(columns(engine, "report.finding_as_of(clock_timestamp())")) == sorted(PAST_KEYS)
    assert execute(["findings", "--format", "csv"]) == ExitCode.DONE
    assert next(csv.reader(io.StringIO(capsys.readouterr().out))) == list(FINDING_KEYS)
    assert execute(["findings", "--format", "csv", "--as-of", "2026-11-01"]) == ExitCode.DONE
    assert next(csv.reader(io.StringIO(capsys.readouterr().out))) == list(PAST_KEYS)


@pytest.mark.usefixtures("current")
def test_history_has_exactly_the_views_columns(engine: Engine) -> None:
    assert sorted(columns(engine, "report.finding_history")) == sorted(HISTORY_KEYS)


@pytest.mark.usefixtures("current")
@pytest.mark.parametrize("extra", [[], ["--as-of", "2026-11-01T02:00+01:00"], ["--status", "incompliant"]])
def test_no_findings_is_an_empty_array_and_nothing_to_fail_on(
    extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["findings", "--format", "json", "--fail-on", "INCOMPLIANT", *extra]
    assert execute(arguments) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.usefixtures("current")
def test_a_policy_is_found_by_the_last_part_of_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["findings", "--policy", "rest-api-stage-ssl-certificate"]) == ExitCode.DONE
    capsys.readouterr()
    assert execute(["findings", "--policy", "rest-api-stage-ssl-certificat"]) == ExitCode.ERROR
    assert "did you mean rest-api-stage-ssl-certificate?" in capsys.readouterr().err


@pytest.mark.usefixtures("current")
@pytest.mark.parametrize(
    ("arn", "hint"), [(ARN, "was ever recorded"), ("arn:aws:s3:::x", "not of API Gateway")]
)
def test_a_stage_that_is_not_known_is_one_sentence(
    arn: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["history", arn]) == ExitCode.ERROR
    captured = capsys.readouterr()
    assert captured.out == ""
    assert hint in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.usefixtures("current")
def test_status_before_the_first_run_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["status", "--format", "json"]) == ExitCode.DONE
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "current"
    assert told["last_run"] is None
    assert "gateledger run" in told["advice"]
    assert execute(["status", "--scopes", "--format", "json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("arguments", [["findings"], ["run"], ["collect"], ["evaluate"], ["history", ARN]])
def test_without_the_schema_a_command_says_to_upgrade(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(arguments) == ExitCode.ERROR
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "gateledger db upgrade" in captured.err


@pytest.mark.usefixtures("empty")
def test_status_works_without_the_schema_and_says_to_upgrade(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["status", "--format", "json"]) == ExitCode.DONE
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "behind"
    assert "gateledger db upgrade" in told["advice"]


@pytest.mark.usefixtures("empty")
def test_upgrading_says_from_where_to_where_and_twice_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["db", "upgrade"]) == ExitCode.DONE
    assert "was set up" in capsys.readouterr().out
    assert execute(["db", "upgrade"]) == ExitCode.DONE
    assert "up to date" in capsys.readouterr().out
    assert execute(["findings", "--format", "json"]) == ExitCode.DONE


def test_the_given_databases_url_is_printed_for_other_programs(
    current: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["db", "uri"]) == ExitCode.DONE
    assert capsys.readouterr().out == f"{current}\n"


@pytest.mark.usefixtures("current")
def test_psql_hands_its_arguments_on_and_its_exit_code_back(capfd: pytest.CaptureFixture[str]) -> None:
    assert execute(["db", "psql", "--", "-At", "-c", "SELECT 6 * 7"]) == ExitCode.DONE
    assert capfd.readouterr().out == "42\n"
    assert execute(["db", "psql", "--", "-c", "SELECT nothing", "-v", "ON_ERROR_STOP=1"]) == 1


def test_on_a_fresh_machine_the_embedded_server_serves_psql_and_stops(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(data_dir))
    assert execute(["db", "upgrade"]) == ExitCode.DONE
    assert execute(["db", "psql", "--", "-At", "-c", "SELECT count(*) FROM report.finding"]) == ExitCode.DONE
    assert capfd.readouterr().out.splitlines()[-1] == "0"
    assert not list((data_dir / "embedded" / "pgdata").glob("postmaster.pid"))


@pytest.mark.usefixtures("current")
def test_the_policies_cases_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        execute(["policies", "test", "rest-api-stage-ssl-certificate", "--format", "json"]) == ExitCode.DONE
    )
    results = json.loads(capsys.readouterr().out)
    assert [result for result in results if not result["passed"]] == []
    assert {result["expected_condition"] for result in results} >= {
        "certificate_deleted",
        "certificate_empty",
    }
