"""Accounts as they are: each has a status and a sentence, none stops the others, none closes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateledger.settings.loading import load_settings
from simulated_aws import DEFAULT_ROLE, Estate, Role, SimulatedAws
from simulated_aws.regions import home_region
from tests.support.doses import at_length
from tests.support.nights import ACCOUNT, REGION, Nights, StageKey

MEMBER = "444455556666"
OPT_IN = "eu-south-1"


@pytest.fixture
def nights(make_nights: Callable[..., Nights], estate: Estate) -> Nights:
    """An organization of two accounts, every enabled region read."""
    estate.add_account(MEMBER, "Lab", regions=[REGION, "us-east-1"])
    return make_nights(accounts="organization", role_name=DEFAULT_ROLE, regions="enabled")


def stages_of_both(nights: Nights) -> tuple[StageKey, StageKey]:
    own, other = (nights.stage(place=nights.place(account_id=each)) for each in (ACCOUNT, MEMBER))
    nights.night()
    return own, other


def health(nights: Nights, account_id: str, region: str) -> dict[str, Any]:
    """Return the scope of stages, or that of the account itself (region ``global``)."""
    [row] = nights.rows(
        "SELECT status, failure_kind, error FROM report.scope_health "
        "WHERE account_id = %s AND region = %s AND item_type IN ('stage', 'account')",
        (account_id, region),
    )
    return row


def assert_left_alone(nights: Nights, own: StageKey, other: StageKey) -> None:
    """What is known of the account stays, and the other account is read all the same."""
    assert nights.verdict(other) == nights.verdict(own) == ("INCOMPLIANT", "certificate_empty")
    assert len(nights.history(other)) == 1
    assert health(nights, ACCOUNT, REGION)["status"] == "complete"


@pytest.mark.parametrize(
    ("state", "kind"),
    at_length(
        [
            ("SUSPENDED", "account_suspended"),
            ("PENDING_CLOSURE", "account_closed"),
            ("CLOSED", "account_closed"),
        ],
        but=lambda row: row[0] != "PENDING_CLOSURE",
    ),
)
def test_an_account_that_is_not_active_is_skipped(nights: Nights, state: str, kind: str) -> None:
    own, other = stages_of_both(nights)
    nights.aws.estate.set_status(MEMBER, state)
    summary = nights.night()
    # a skipped account is no failure, and says what it is
    assert summary.scopes_failed == 0
    for region in ("global", REGION):
        assert health(nights, MEMBER, region) == {
            "status": "skipped",
            "failure_kind": kind,
            "error": f"Account {MEMBER} is {state} in its organization and is not read.",
        }
    assert_left_alone(nights, own, other)
    # reactivated, it is read as before
    nights.aws.estate.set_status(MEMBER, "ACTIVE")
    nights.night()
    assert health(nights, MEMBER, REGION)["status"] == "complete"
    assert_left_alone(nights, own, other)


def test_an_account_that_left_is_said_to_have_left(nights: Nights) -> None:
    own, other = stages_of_both(nights)
    nights.aws.estate.leave_organization(MEMBER)
    assert nights.night().scopes_failed > 0
    told = health(nights, MEMBER, REGION)
    assert (told["status"], told["failure_kind"]) == ("failed", "account_left")
    assert "not in the organization any more" in told["error"]
    assert_left_alone(nights, own, other)


def test_an_account_that_joins_is_read_the_night_after(nights: Nights, estate: Estate) -> None:
    own, _ = stages_of_both(nights)
    estate.add_account("777788889999", "New", regions=[REGION, "us-east-1"])
    new = nights.stage(place=nights.place(account_id="777788889999"))
    nights.night()
    assert nights.verdict(new) == ("INCOMPLIANT", "certificate_empty")
    assert nights.since(new) == 2
    assert nights.since(own) == 1


@pytest.mark.parametrize(
    "case",
    at_length(["missing", "not assumable", "wrong external id"], but=lambda case: case != "not assumable"),
)
def test_a_role_that_cannot_be_assumed_fails_its_account_alone(nights: Nights, case: str) -> None:
    own, other = stages_of_both(nights)
    estate = nights.aws.estate
    if case == "missing":
        estate.delete_role(MEMBER, DEFAULT_ROLE)
    else:
        estate.set_role(
            MEMBER,
            Role(
                DEFAULT_ROLE, assumable=case != "not assumable", external_id="abc" if "id" in case else None
            ),
        )
    summary = nights.night()
    assert summary.scopes_failed > 0
    for region in ("global", REGION):
        told = health(nights, MEMBER, region)
        assert (told["status"], told["failure_kind"]) == ("failed", "denied")
        assert told["error"].startswith(f"Role {DEFAULT_ROLE} could not be assumed in account {MEMBER}")
    assert_left_alone(nights, own, other)


def test_a_new_account_without_the_role_is_a_failure_with_a_sentence(nights: Nights, estate: Estate) -> None:
    own, other = stages_of_both(nights)
    estate.add_account("777788889999", "New", regions=[REGION], roles=[])
    summary = nights.night()
    assert health(nights, "777788889999", "global")["status"] == "failed"
    assert [failure.account_id for failure in summary.failures] == ["777788889999"]
    assert_left_alone(nights, own, other)


def test_a_region_that_is_disabled_is_skipped_and_comes_back(nights: Nights) -> None:
    own, other = stages_of_both(nights)
    nights.aws.estate.disable_region(MEMBER, REGION)
    assert nights.night().scopes_failed == 0
    told = health(nights, MEMBER, REGION)
    assert (told["status"], told["failure_kind"]) == ("skipped", "region_disabled")
    assert REGION in told["error"]
    assert health(nights, MEMBER, "us-east-1")["status"] == "complete"
    assert_left_alone(nights, own, other)
    nights.aws.estate.enable_region(MEMBER, REGION)
    nights.night()
    assert health(nights, MEMBER, REGION)["status"] == "complete"
    assert_left_alone(nights, own, other)


def test_an_opt_in_region_is_read_once_it_is_enabled(nights: Nights) -> None:
    stages_of_both(nights)
    place = nights.place(OPT_IN, MEMBER)
    stage = nights.stage(place=place)
    assert nights.verdict(stage) is None
    nights.aws.estate.enable_region(MEMBER, OPT_IN)
    nights.night()
    assert nights.verdict(stage) == ("INCOMPLIANT", "certificate_empty")
    assert health(nights, MEMBER, OPT_IN)["status"] == "complete"


def test_a_region_denied_by_policy_is_a_failure_of_that_region_alone(
    nights: Nights, aws: SimulatedAws
) -> None:
    own, other = stages_of_both(nights)
    elsewhere = nights.stage(place=nights.place("us-east-1", MEMBER))
    aws.permissions.deny("*", account_id=MEMBER, region=REGION)
    summary = nights.night()
    told = health(nights, MEMBER, REGION)
    assert (told["status"], told["failure_kind"]) == ("failed", "denied")
    assert "not authorized" in told["error"]
    assert {(failure.account_id, failure.region) for failure in summary.failures} == {(MEMBER, REGION)}
    assert nights.verdict(elsewhere) == ("INCOMPLIANT", "certificate_empty")
    assert_left_alone(nights, own, other)


def test_named_regions_that_an_account_has_not_enabled_are_skipped(
    make_nights: Callable[..., Nights], nights: Nights
) -> None:
    own, other = stages_of_both(nights)
    nights.aws.estate.disable_region(MEMBER, REGION)
    named = make_nights(accounts="organization", role_name=DEFAULT_ROLE, regions=f"{REGION},us-east-1")
    named.day, named.told = nights.day, nights.told
    named.night()
    assert health(named, MEMBER, REGION) == {
        "status": "skipped",
        "failure_kind": "region_disabled",
        "error": f"Region {REGION} is not enabled for the account.",
    }
    assert_left_alone(named, own, other)


@pytest.mark.parametrize(
    ("partition", "region"),
    at_length(
        [("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-east-1")], but=lambda row: row[0] == "aws-cn"
    ),
)
def test_other_partitions_are_read_with_their_own_arns(
    nights: Nights, estate: Estate, monkeypatch: pytest.MonkeyPatch, partition: str, region: str
) -> None:
    # given an organization in another partition, after one of the first was read into the same CMDB
    own, other = stages_of_both(nights)
    management, member = "888800000001", "888800000002"
    home = home_region(partition)
    for account_id, name in ((management, "Root"), (member, "Branch")):
        estate.add_account(
            account_id, name, partition=partition, regions=[home, region], management=name == "Root"
        )
    place = estate.region(member, region)
    stage = StageKey(place, place.add_api("orders").id, "prod")
    place.add_stage(stage.api_id, "prod", certificate_id=place.create_certificate().id)
    # when it is collected with credentials of its own
    for name, value in nights.aws.environment(management).items():
        monkeypatch.setenv(name, value)
    there = Nights(nights.engine, nights.aws, load_settings(), nights.day, nights.told)
    there.night()
    # then its findings carry its ARNs, and accounts of the other partition are not said to have left
    [found] = there.rows(
        "SELECT resource_arn, status FROM report.finding WHERE account_id = %s AND policy_id LIKE %s",
        (member, "%ssl-certificate"),
    )
    assert found == {
        "resource_arn": f"arn:{partition}:apigateway:{region}::/restapis/{stage.api_id}/stages/prod",
        "status": "COMPLIANT",
    }
    assert health(there, MEMBER, REGION)["status"] == "uncollected"
    assert nights.verdict(other) == nights.verdict(own) == ("INCOMPLIANT", "certificate_empty")
