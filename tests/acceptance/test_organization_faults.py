"""Accounts that cannot be listed, entered, or asked for regions: nothing is closed, and scopes say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collectors.errors import CollectionError
from gateledger.nightly.jobs import exit_code
from gateledger.terminal.exits import ExitCode
from simulated_aws import Estate, FaultKind, Rule
from tests.support.checks import checksums
from tests.support.doses import at_length
from tests.support.faulty import FAULTS
from tests.support.nights import ACCOUNT, REGION, MakeNights, Nights, StageKey
from tests.support.questions import ask

ROLE = "GateledgerReader"
CALM = "222233330000"
ACCOUNTS = {name: f"22223333{number:04d}" for number, name in enumerate(FAULTS, start=1)}
ITEMS = ("cmdb.stage", "cmdb.stage_closed", "cmdb.rest_api", "cmdb.rest_api_closed", "cmdb.account")
#: Answers that are whole XML and lack what they are asked for, as the JSON faults leave the list out.
HOLLOW = {
    "AssumeRole": b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>",
    "DescribeRegions": b'<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"/>',
}


@pytest.fixture
def organization(estate: Estate, make_nights: MakeNights) -> Nights:
    """An organization with an account for each fault and one without; two accounts on a page."""
    estate.page_limit = 2
    estate.accounts[ACCOUNT].regions = [REGION]
    for account_id, name in ((CALM, "calm"), *((number, name) for name, number in ACCOUNTS.items())):
        estate.add_account(account_id, name, regions=[REGION])
    return make_nights(accounts="organization", role_name=ROLE, regions="enabled")


def furnish(nights: Nights) -> dict[str, StageKey]:
    """Give every account a stage without a certificate, and a certificate."""
    accounts = {"own": ACCOUNT, "calm": CALM, **ACCOUNTS}
    return {
        name: nights.stage(place=nights.place(account_id=account_id)) for name, account_id in accounts.items()
    }


def _strike(nights: Nights, operation: str) -> list[Rule]:
    """Let an operation fail for each account by the fault that the account is named after."""
    rules = []
    for name, account_id in ACCOUNTS.items():
        kind, details, _ = FAULTS[name]
        given: dict[str, Any] = dict(details)
        if kind in {FaultKind.MISSING_LIST_KEY, FaultKind.NULL_LIST}:
            kind, given = FaultKind.REPLACE_BODY, {"body": HOLLOW[operation]}
        if operation == "AssumeRole":
            given["resource_id"] = f"arn:aws:iam::{account_id}:role/{ROLE}"
        else:
            given["account_id"] = account_id
        rules.append(nights.aws.faults.add(kind, operation, **given))
        if operation == "DescribeRegions" and name == "denied":
            # Where EC2 is denied, Account Management is asked instead.
            rules.append(nights.aws.faults.add(kind, "ListRegions", **given))
    return rules


@pytest.mark.parametrize("operation", ["AssumeRole", "DescribeRegions"])
def test_accounts_that_cannot_be_entered_are_left_as_they_were(organization: Nights, operation: str) -> None:
    nights = organization
    stages = furnish(nights)
    nights.night()
    items = checksums(nights.engine, *ITEMS)
    # when each account fails in its own way, on a night on which nothing happens
    rules = _strike(nights, operation)
    summary = nights.night()
    # then all of them say so, and nothing is closed
    assert exit_code(summary) == ExitCode.INCOMPLETE
    for name, account_id in ACCOUNTS.items():
        for region in (REGION, "global"):
            for item_type, (status, kind) in nights.scopes(account_id=account_id, region=region).items():
                assert status == "failed", (name, item_type)
                assert kind in FAULTS[name][2], (name, item_type)
    for account_id in (ACCOUNT, CALM):
        assert set(nights.scopes(account_id=account_id).values()) == {("complete", None)}
    assert checksums(nights.engine, *ITEMS) == items
    # when all of their stages get certificates meanwhile
    for stage in stages.values():
        nights.attach(stage, nights.certificate(stage.place))
    nights.night()
    assert {name for name, stage in stages.items() if len(nights.history(stage)) == 2} == {"own", "calm"}
    # then the next clean night finds that
    nights.mend(*rules)
    assert exit_code(nights.night()) == ExitCode.DONE
    for name, stage in stages.items():
        began = 3 if name in {"own", "calm"} else 4
        assert nights.history(stage) == [
            ("certificate_empty", 1, began),
            ("certificate_present", began, None),
        ], name


@pytest.mark.parametrize("page", at_length([1, 2, "last"], but=lambda page: page == 2))
def test_an_organization_that_cannot_be_listed_is_read_as_it_was_known(
    organization: Nights, page: Any
) -> None:
    nights = organization
    stages = furnish(nights)
    nights.night()
    items = checksums(nights.engine, *ITEMS)
    for name, (kind, details, kinds) in FAULTS.items():
        # when the list of accounts fails
        rule = nights.aws.faults.add(kind, "ListAccounts", page=page, **details)
        summary = nights.night()
        nights.mend(rule)
        # then the caller's own account says so, every known account is read, and nothing is closed
        assert exit_code(summary) == ExitCode.INCOMPLETE, name
        assert summary.scopes_failed == 1, name
        status, kind_told = nights.scopes(region="global")["account"]
        assert status == "partial", name
        assert kind_told in kinds, name
        assert set(nights.scopes(account_id=CALM).values()) == {("complete", None)}, name
        assert checksums(nights.engine, *ITEMS) == items, name
    # and a clean night mends it
    assert exit_code(nights.night()) == ExitCode.DONE
    for stage in stages.values():
        assert nights.history(stage) == [("certificate_empty", 1, None)]


def test_changes_are_seen_on_a_night_on_which_the_organization_cannot_be_listed(
    organization: Nights,
) -> None:
    nights = organization
    stages = furnish(nights)
    nights.night()
    rule = nights.aws.faults.add(FaultKind.DENIED, "ListAccounts")
    # given an account that joins and a stage that changes
    nights.aws.estate.add_account("333344445555", "Young", regions=[REGION])
    young = nights.stage(place=nights.place(account_id="333344445555"))
    nights.place(account_id=CALM).delete_stage(stages["calm"].api_id, "prod")
    nights.night()
    # then what is known is followed, and what is new waits for the list
    assert nights.history(stages["calm"])[-1] == ("stage_disappeared", 2, None)
    assert nights.history(young) == []
    nights.mend(rule)
    nights.night()
    assert nights.history(young) == [("certificate_empty", 3, None)]


def test_an_organization_that_was_never_listed_is_no_empty_one(organization: Nights) -> None:
    nights = organization
    furnish(nights)
    nights.aws.faults.add(FaultKind.DENIED, "ListAccounts", page="last")
    with pytest.raises(CollectionError, match="ListAccounts"):
        nights.night()
    runs = ask(nights.engine, "SELECT status, error FROM report.run")
    assert [run["status"] for run in runs] == ["failed"]
    assert "ListAccounts" in runs[0]["error"]
    assert ask(nights.engine, "SELECT account_id FROM cmdb.account") == []


@pytest.fixture
def alone(make_nights: MakeNights) -> Callable[[str], Nights]:
    """Make nights of one account in named regions."""
    return lambda regions: make_nights(regions=regions)


def test_a_misspelt_region_is_no_empty_one(alone: Callable[[str], Nights]) -> None:
    # given settings that name a region which the account has not
    nights = alone("eu-central-9")
    nights.stage()
    # then the run says so instead of finding nothing
    with pytest.raises(CollectionError, match="eu-central-9"):
        nights.night()
    assert nights.findings() == []
