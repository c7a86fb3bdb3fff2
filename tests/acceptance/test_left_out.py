"""Accounts and regions left out on purpose, and denials that are accepted, from AWS to status."""

from __future__ import annotations

import json

import pytest

from gateledger.cli.entry import execute
from gateledger.nightly import job as nightly
from gateledger.nightly.jobs import exit_code
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.progress import SilentProgress
from simulated_aws import FaultKind
from tests.support.nights import ACCOUNT, REGION, MakeNights, Nights

FAR = "us-east-1"


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert execute(["status", *arguments]) == ExitCode.DONE
    return capsys.readouterr().out


def test_what_is_excluded_goes_stale_and_is_never_closed(
    make_nights: MakeNights, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a stage in a region that is left out later, it becomes UNDETERMINED after the time set."""
    before = make_nights(regions=f"{REGION},{FAR}")
    stage = before.stage(place=before.place(FAR))
    before.stage()
    before.night()
    assert before.verdict(stage) is not None
    # when the region is left out
    nights = make_nights(regions=f"{REGION},{FAR}", exclude="*/us-*")
    nights.day = before.day
    nights.aws.log.clear()
    summary = nights.night()
    # then that is no failure, nothing is asked there, and the verdict stays for now
    assert exit_code(summary) == ExitCode.DONE
    assert summary.failures == ()
    assert [entry for entry in nights.aws.log.entries(operation="GetRestApis") if entry.region == FAR] == []
    assert set(nights.scopes(region=FAR).values()) == {("skipped", "excluded")}
    assert nights.finding(stage)["condition"] == "certificate_empty"
    # and status says so, to people and to programs
    told = status(capsys)
    assert f"{ACCOUNT}, {FAR}" in told
    assert "excluded by GATELEDGER_EXCLUDE (*/us-*)" in told
    [left_out] = json.loads(status(capsys, "--format", "json"))["left_out"]
    assert (left_out["kind"], left_out["regions"]) == ("excluded", [FAR])
    assert "excluded by GATELEDGER_EXCLUDE" in status(capsys, "--scopes", "--format", "csv")
    # when the reading is older than max_staleness
    nights.nights(3)
    assert nights.finding(stage)["condition"] == "inventory_stale"
    assert nights.rows("SELECT count(*) AS n FROM cmdb.stage_closed")[0]["n"] == 0


def test_an_accepted_denial_ends_a_run_as_done(
    make_nights: MakeNights, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a region that is denied for ever, a run ends with 3 until that is accepted, then with 0."""

    def night(**settings: str) -> tuple[Nights, ExitCode]:
        nights = make_nights(regions=f"{REGION},{FAR}", **settings)
        nights.day = day
        return nights, exit_code(nights.night())

    day = 0
    first = make_nights(regions=f"{REGION},{FAR}")
    first.stage(place=first.place(FAR))
    first.night()
    for operation in ("GetRestApis", "GetClientCertificates"):
        first.aws.faults.add(FaultKind.DENIED, operation, region=FAR)
    day = first.day
    nights, code = night()
    assert code == ExitCode.INCOMPLETE
    assert status(capsys).count("Not read") == 1
    day = nights.day
    nights, code = night(accept_denied=f"{ACCOUNT}/{FAR}")
    assert code == ExitCode.DONE
    told = status(capsys)
    assert "Denied, accepted by GATELEDGER_ACCEPT_DENIED" in told
    assert "Not read" not in told
    assert "denied_accepted" in {kind for _, kind in nights.scopes(region=FAR).values()}


def test_a_run_says_how_much_of_the_quota_it_took(
    make_nights: MakeNights, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a share, the summary and status tell the most that was taken, and what others took."""
    nights = make_nights(quota_share="0.5")
    for _ in range(24):
        nights.stage(endpoint_types=("PRIVATE",))
    nights.aws.quota = True
    nights.aws.faults.add(FaultKind.THROTTLED, "GetStages", times=1)
    plan = nightly.collection_plan(nights.settings)
    summary = nightly.run(
        nights.engine, nights.settings, as_of=nights.as_of(1), progress=SilentProgress(), plan=plan
    )
    assert summary.failures == ()
    assert summary.quota is not None
    assert 0 < summary.quota["share"] <= 0.5
    assert (summary.quota["allowed"], summary.quota["step_backs"]) == (0.5, 1)
    assert summary.quota["account_regions"][0]["region"] == REGION
    told = status(capsys)
    assert "(50% allowed)" in told
    assert "stepped back once for others" in told
    assert json.loads(status(capsys, "--format", "json"))["last_run"]["quota"] == summary.quota
