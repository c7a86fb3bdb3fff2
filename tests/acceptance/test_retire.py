"""Accounts that left: nothing is closed until a person retires them; then all of it is, at once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cmdb.errors import AsOfTooEarly
from cmdb.snapshot import AccountKey
from cmdb.storage.retirement import AccountRetired, AccountUnknown
from gateledger.cli.entry import execute
from gateledger.nightly import job as nightly
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.progress import SilentProgress
from simulated_aws import DEFAULT_ROLE, Estate, FaultKind
from tests.support.nights import ACCOUNT, REGION, Nights, StageKey

MEMBER = "444455556666"


@pytest.fixture
def nights(make_nights: Callable[..., Nights], estate: Estate) -> Nights:
    """An organization of two accounts."""
    estate.add_account(MEMBER, "Lab", regions=[REGION, "us-east-1"])
    return make_nights(accounts="organization", role_name=DEFAULT_ROLE)


def stage_with_certificate(nights: Nights, account_id: str) -> StageKey:
    place = nights.place(account_id=account_id)
    return nights.stage(place=place, certificate=nights.certificate(place))


def retire(nights: Nights, day: int) -> None:
    nights.day = day
    nightly.retire(
        nights.engine,
        nights.settings,
        AccountKey("aws", MEMBER),
        as_of=nights.as_of(),
        progress=SilentProgress(),
    )
    nights.told[nights.as_of()] = nights.findings()


def test_retiring_closes_what_leaving_does_not(nights: Nights) -> None:
    # given an account that leaves its organization
    staying, leaving = stage_with_certificate(nights, ACCOUNT), stage_with_certificate(nights, MEMBER)
    nights.night()
    nights.aws.estate.leave_organization(MEMBER)
    summary = nights.night()
    # then its scopes say so, count as failed, and nothing is closed
    assert nights.scopes(account_id=MEMBER)["stage"] == ("failed", "account_left")
    assert summary.scopes_failed > 0
    assert nights.verdict(leaving) == ("COMPLIANT", "certificate_present")
    # when it is retired
    retire(nights, 3)
    # then its stage has disappeared at once, the other account's is as it was, and no scope is a failure
    assert nights.finding(leaving) == {}
    assert nights.history(leaving) == [("certificate_present", 1, 3), ("stage_disappeared", 3, None)]
    assert nights.verdict(staying) == ("COMPLIANT", "certificate_present")
    assert nights.scopes(account_id=MEMBER)["stage"] == ("skipped", "account_left")
    # and its certificate was let go of, not proven deleted
    assert nights.rows(
        "SELECT c.valid_to IS NOT NULL AS gone, c.proven_absent FROM cmdb.certificate AS c "
        "JOIN cmdb.account_region USING (account_region_id) JOIN cmdb.account USING (account_key) "
        "WHERE account_id = %s",
        (MEMBER,),
    ) == [{"gone": True, "proven_absent": False}]
    # and later nights leave it alone: nothing failed, nothing is uncollected
    summary = nights.night()
    assert summary.scopes_failed == 0
    assert summary.failures == ()
    assert {status for status, _ in nights.scopes(account_id=MEMBER).values()} == {"skipped"}
    assert nights.finding(leaving) == {}


def test_a_retired_account_that_comes_back_is_in_use_again(nights: Nights) -> None:
    # given a retired account
    stage = stage_with_certificate(nights, MEMBER)
    nights.night()
    nights.aws.estate.leave_organization(MEMBER)
    retire(nights, 2)
    nights.night()
    # when it joins again
    nights.aws.estate.accounts[MEMBER].in_organization = True
    nights.night()
    # then it is read as if it had been away
    assert nights.history(stage) == [
        ("certificate_present", 1, 2),
        ("stage_disappeared", 2, 4),
        ("certificate_present", 4, None),
    ]
    assert nights.rows("SELECT retired_at FROM cmdb.account WHERE account_id = %s", (MEMBER,)) == [
        {"retired_at": None}
    ]


def test_a_time_at_which_it_was_read_is_refused(nights: Nights) -> None:
    # given an account read tonight, when it is to be retired with the same time, then it is not
    stage = stage_with_certificate(nights, MEMBER)
    nights.night()
    with pytest.raises(AsOfTooEarly, match="at a later one"):
        retire(nights, 1)
    assert nights.verdict(stage) == ("COMPLIANT", "certificate_present")


def test_what_cannot_be_retired_is_refused_before_anything_happens(nights: Nights) -> None:
    nights.night()
    runs = nights.rows("SELECT count(*) FROM report.run")
    for account in (AccountKey("aws", "999999999999"), AccountKey("aws-cn", MEMBER)):
        with pytest.raises(AccountUnknown, match="never collected"):
            nightly.retire(nights.engine, nights.settings, account, as_of=None, progress=SilentProgress())
    assert nights.rows("SELECT count(*) FROM report.run") == runs
    retire(nights, 2)
    with pytest.raises(AccountRetired, match="retired already"):
        retire(nights, 3)


def test_the_commands(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    """Given two accounts, when one is retired by command, then the list says so."""
    stage_with_certificate(nights, MEMBER)
    nights.night()
    assert execute(["accounts", "retire", MEMBER]) == ExitCode.USAGE
    assert "give --yes" in capsys.readouterr().err
    assert execute(["accounts", "retire", "999999999999", "--yes"]) == ExitCode.ERROR
    assert "never collected" in capsys.readouterr().err
    arguments = ["accounts", "retire", MEMBER, "--yes", "--as-of", nights.as_of(2).isoformat(), "-f", "json"]
    assert execute(arguments) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["kind"] == "retire"
    nights.day = 2
    nights.told[nights.as_of()] = nights.findings()

    assert execute(["accounts", "list", "--format", "json"]) == ExitCode.DONE
    listed = json.loads(capsys.readouterr().out)
    assert [(row["account_id"], row["status"], row["stages"]) for row in listed] == [
        (ACCOUNT, "complete", 0),
        (MEMBER, "retired", 0),
    ]
    assert listed[0]["regions"] == 1
    assert listed[1]["retired_at"].startswith("2026-11-02")
    assert execute(["accounts", "list"]) == ExitCode.DONE
    assert "Lab" in capsys.readouterr().out
    # what could not be read in an account that could be entered stands beside its status
    nights.aws.faults.add(FaultKind.DENIED, "GetClientCertificates")
    nights.night()
    assert execute(["accounts", "list", "--format", "json"]) == ExitCode.DONE
    first, _ = json.loads(capsys.readouterr().out)
    assert (first["status"], first["scopes_failed"]) == ("complete", 1)
