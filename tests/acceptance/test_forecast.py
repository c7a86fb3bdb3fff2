"""``gateledger collect --explain``: what a collection would cost is what it then costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateledger.cli.entry import execute
from gateledger.nightly import job as nightly
from gateledger.nightly.forecast import forecast
from gateledger.terminal.exits import ExitCode
from simulated_aws import FaultKind, SimulatedAws
from tests.support.nights import ACCOUNT, REGION, Nights

OPERATIONS = {
    "GetRestApis": "get_rest_apis",
    "GetStages": "get_stages",
    "GetExport": "get_export",
    "GetClientCertificates": "get_client_certificates",
    "GetClientCertificate": "get_client_certificate",
    "DescribeCertificate": "describe_certificate",
}
MEMBER = "444455556666"


def test_the_calls_told_are_the_calls_made(nights: Nights, aws: SimulatedAws) -> None:
    """Given APIs of every sort, when a night's cost is told before it, then that night makes those calls."""
    # given stages with and without certificates, a private API, one without stages, a lost certificate
    for number in range(12):
        nights.stage(certificate=nights.certificate() if number % 2 else None)
    nights.stage(certificate=nights.acm_certificate())
    nights.stage(endpoint_types=("PRIVATE",))
    nights.api()
    lost = nights.stage(certificate=nights.certificate())
    nights.night()
    nights.place().delete_certificate(nights.finding(lost)["client_certificate_id"])
    # when several nights are each explained before they are lived
    for day in range(2, 10):
        told = forecast(nights.engine, nightly.collection_plan(nights.settings)).total()
        aws.log.clear()
        nights.night()
        # then nothing else was asked; the certificate that vanished meanwhile is one look more, once
        made = {column: nights.asked(operation) for operation, column in OPERATIONS.items()}
        made["get_client_certificate"] -= day == 2
        assert made == {column: told[column] for column in OPERATIONS.values()}
    assert told["get_stages"] == 16
    assert told["get_export"] == 0


def test_the_least_time_follows_from_the_quota(nights: Nights) -> None:
    """Given 60 APIs whose deployments could not be read, when the cost is told, then each is two calls more."""
    for _ in range(60):
        nights.stage()
    nights.aws.faults.add(FaultKind.DENIED, "GetExport")
    nights.night()
    plan = nightly.collection_plan(nights.settings)
    assert plan.quota is not None
    told = forecast(nights.engine, plan)
    assert told.total()["get_export"] == 60
    assert told.total()["get_stages"] == 120
    assert told.least_seconds == pytest.approx(
        (182 - plan.quota.overall.burst) / plan.quota.overall.rate, abs=0.1
    )
    unlimited = forecast(nights.engine, replace(plan, quota=None))
    assert unlimited.least_seconds == 0.0


def test_the_command_writes_table_json_and_csv_and_asks_aws_nothing(
    make_nights: Callable[..., Nights], aws: SimulatedAws, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given one account collected and one never, when the cost is asked for, then both are told apart."""
    nights = make_nights(accounts=f"{ACCOUNT},{MEMBER}", role_name="GateledgerReader")
    nights.stage()
    nights.night()
    aws.log.clear()

    assert execute(["collect", "--explain", "--format", "json"]) == ExitCode.DONE
    told = json.loads(capsys.readouterr().out)
    assert [(row["account_id"], row["region"], row["get_stages"]) for row in told["account_regions"]] == [
        (ACCOUNT, REGION, 1)
    ]
    assert told["never_collected"] == []
    assert told["total"]["calls"] == told["account_regions"][0]["calls"] + told["total"]["account_calls"]

    assert execute(["collect", "--dry-run", "--format", "csv"]) == ExitCode.DONE
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("partition,account_id,region,get_rest_apis")

    assert execute(["collect", "--explain"]) == ExitCode.DONE
    table = capsys.readouterr().out
    assert REGION in table
    assert "calls in 1 account-regions" in table
    assert aws.log.entries() == []
    assert len(nights.rows("SELECT run_id FROM report.run")) == 1


def test_nothing_known_is_said(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    """Given an empty CMDB, when the cost is asked for, then it says that nothing is known."""
    assert nights.day == 0
    assert execute(["collect", "--explain"]) == ExitCode.DONE
    assert "Nothing was collected yet" in capsys.readouterr().out


def test_a_run_that_fails_at_once_takes_nothing_from_what_is_known(nights: Nights, aws: SimulatedAws) -> None:
    """Given a night and a run after it whose credentials fail, the forecast is what it was."""
    nights.stage()
    nights.night()
    plan = nightly.collection_plan(nights.settings)
    before = forecast(nights.engine, plan).total()
    aws.faults.add(FaultKind.DENIED, "GetCallerIdentity")
    assert execute(["run", "--as-of", nights.as_of(nights.day + 1).isoformat()]) == ExitCode.ERROR
    assert forecast(nights.engine, plan).total() == before
    assert before["get_stages"] == 1


def test_what_is_excluded_costs_nothing(nights: Nights) -> None:
    """Given a region that is left out from now on, the forecast is without it."""
    nights.stage()
    nights.night()
    plan = nightly.collection_plan(nights.settings)
    assert forecast(nights.engine, plan).total()["account_regions"] == 1
    excluded = replace(plan, excluded=(f"{ACCOUNT}/{REGION}",))
    assert forecast(nights.engine, excluded).total()["account_regions"] == 0
