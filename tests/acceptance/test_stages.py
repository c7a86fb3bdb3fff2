"""Stories of stages that go, come back, or cannot be read, from AWS to report.finding."""

from __future__ import annotations

import pytest

from simulated_aws import Estate, FaultKind
from tests.support.nights import ACCOUNT, EXPIRY, REGION, SSL, MakeNights, Nights

PRESENT = ("COMPLIANT", "certificate_present")
EMPTY = ("INCOMPLIANT", "certificate_empty")
STALE = ("UNDETERMINED", "inventory_stale")


def test_a_stage_is_deleted_and_restored(nights: Nights) -> None:
    # given an incompliant stage and a neighbour
    stage = nights.stage("prod")
    neighbour = nights.stage("beta", api_id=stage.api_id)
    nights.nights(2)
    # when it is deleted
    nights.place().delete_stage(stage.api_id, stage.name)
    nights.nights(2)
    # then it is no finding any longer, and its episode ended without being remediated
    assert nights.verdict(stage) is None
    assert nights.verdict(neighbour) == EMPTY
    assert nights.episodes(stage) == [(1, 3, "DISAPPEARED")]
    # when it comes back as it was
    nights.place().restore_stage(stage.api_id, stage.name)
    nights.night()
    # then it is the same stage, incompliant since it came back
    assert nights.verdict(stage) == EMPTY
    assert nights.since(stage) == 5
    for policy_id in (SSL, EXPIRY):
        assert nights.history(stage, policy_id) == [
            ("certificate_empty", 1, 3),
            ("stage_disappeared", 3, 5),
            ("certificate_empty", 5, None),
        ]
    assert nights.episodes(stage) == [(1, 3, "DISAPPEARED"), (5, None, None)]
    assert nights.history(neighbour) == [("certificate_empty", 1, None)]


def test_a_stage_is_created_anew_under_the_same_name(nights: Nights) -> None:
    stage = nights.stage()
    nights.night()
    # given a stage that is deleted and made anew with a certificate between two nights
    nights.place().delete_stage(stage.api_id, stage.name)
    nights.place().add_stage(stage.api_id, stage.name, certificate_id=nights.certificate())
    nights.night()
    # then it is one stage that changed
    assert nights.history(stage) == [("certificate_empty", 1, 2), ("certificate_present", 2, None)]
    # and when a night lies between, it disappeared meanwhile
    nights.place().delete_stage(stage.api_id, stage.name)
    nights.night()
    nights.place().add_stage(stage.api_id, stage.name)
    nights.night()
    assert nights.history(stage)[2:] == [("stage_disappeared", 3, 4), ("certificate_empty", 4, None)]


@pytest.mark.both_servers
def test_an_api_is_deleted_and_restored_with_its_stages(nights: Nights) -> None:
    # given an API with two stages, and another API
    certificate = nights.certificate()
    stages = [nights.stage("prod", certificate=certificate)]
    stages.append(nights.stage("beta", api_id=stages[0].api_id))
    other = nights.stage("prod", certificate=certificate)
    nights.night()
    # when the API is deleted
    nights.place().delete_api(stages[0].api_id)
    nights.nights(2)
    # then its stages are gone with it
    assert [nights.verdict(stage) for stage in stages] == [None, None]
    # when it is back, with its draft changed
    nights.place().restore_api(stages[0].api_id)
    nights.place().set_integrations(stages[0].api_id, ["MOCK"], deploy=False)
    nights.night()
    # then its stages are judged by what they serve, which is what they served before it went
    assert [nights.verdict(stage) for stage in stages] == [
        ("COMPLIANT", "certificate_present"),
        ("INCOMPLIANT", "certificate_empty"),
    ]
    assert nights.history(stages[1]) == [
        ("certificate_empty", 1, 2),
        ("stage_disappeared", 2, 4),
        ("certificate_empty", 4, None),
    ]
    assert nights.history(other) == [("certificate_present", 1, None)]


def test_an_api_deleted_while_the_night_is_at_work(nights: Nights) -> None:
    # given an API that is listed and gone by the time its stages are read
    stage, other = nights.stage("prod"), nights.stage("beta")
    nights.night()

    def meanwhile(body: bytes) -> bytes:
        nights.place().delete_api(stage.api_id)
        return body

    nights.aws.faults.add(FaultKind.REPLACE_BODY, "GetRestApis", times=1, body=meanwhile)
    # then that is no failure: the API says itself that it is gone
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [("certificate_empty", 1, 2), ("stage_disappeared", 2, None)]
    assert nights.history(other) == [("certificate_empty", 1, None)]


def test_a_region_that_cannot_be_read_for_longer_than_72_hours(nights: Nights) -> None:
    # given a stage without a certificate, and one with
    bare = nights.stage("bare")
    named = nights.stage("named", certificate=nights.certificate())
    nights.night()
    # when REST APIs cannot be listed
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetRestApis")
    for _ in range(3):
        assert nights.night().scopes_failed == 3
        assert nights.scopes()["rest_api"] == nights.scopes()["stage"] == ("failed", "denied")
        assert (nights.verdict(bare), nights.verdict(named)) == (EMPTY, PRESENT)
    # then 72 hours are still fine, and a night later nothing is known of the stages
    nights.nights(2)
    assert (nights.verdict(bare), nights.verdict(named)) == (STALE, STALE)
    assert nights.since(bare) == 5
    # when they can be listed again
    nights.mend(denied)
    assert nights.night().scopes_failed == 0
    # then all is as it was, and the episode was never interrupted
    assert nights.history(bare) == [
        ("certificate_empty", 1, 5),
        ("inventory_stale", 5, 7),
        ("certificate_empty", 7, None),
    ]
    assert nights.history(named)[1:] == [("inventory_stale", 5, 7), ("certificate_present", 7, None)]
    assert nights.episodes(bare) == [(1, None, None)]


def test_runs_that_were_missed_make_nothing_stale(nights: Nights) -> None:
    # given a service that is down for a week
    stage = nights.stage()
    nights.night()
    nights.skip(7)
    # when it runs again
    nights.night()
    # then it reads first and judges then
    assert nights.history(stage) == [("certificate_empty", 1, None)]


def test_the_stages_of_one_api_cannot_be_read(nights: Nights) -> None:
    # given two APIs, of which one refuses its stages
    refused, fine = nights.stage("refused"), nights.stage("fine")
    nights.night()
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=refused.api_id)
    # when days pass, and both get certificates
    for stage in (refused, fine):
        nights.attach(stage, nights.certificate())
    assert nights.night().scopes_failed == 2
    # then the failure is its own: its stage is left as it was, the other's change is seen
    assert nights.scopes()["stage"] == nights.scopes()["deployment"] == ("partial", "denied")
    assert nights.verdict(refused) == EMPTY
    assert nights.verdict(fine) == PRESENT
    # and only its reading grows old
    nights.nights(3)
    assert nights.verdict(refused) == STALE
    assert nights.verdict(fine) == PRESENT
    # when it can be read again
    nights.mend(denied)
    assert nights.night().scopes_failed == 0
    assert nights.history(refused) == [
        ("certificate_empty", 1, 5),
        ("inventory_stale", 5, 6),
        ("certificate_present", 6, None),
    ]
    assert nights.history(fine) == [("certificate_empty", 1, 2), ("certificate_present", 2, None)]
    assert nights.episodes(refused) == [(1, 6, "COMPLIANT")]


def test_an_api_that_refuses_its_stages_is_deleted(nights: Nights) -> None:
    # given an API whose stages cannot be read
    refused = nights.stage("refused")
    nights.stage("fine")
    nights.night()
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=refused.api_id)
    nights.night()
    # when it goes, a complete listing of APIs is proof enough
    nights.place().delete_api(refused.api_id)
    assert nights.night().scopes_failed == 0
    assert nights.history(refused) == [("certificate_empty", 1, 3), ("stage_disappeared", 3, None)]
    # and when it comes back and refuses still, nothing is known of its stages but that they were gone
    nights.place().restore_api(refused.api_id)
    nights.night()
    assert nights.history(refused) == [("certificate_empty", 1, 3), ("stage_disappeared", 3, None)]
    nights.mend(denied)
    nights.night()
    assert nights.history(refused)[2:] == [("certificate_empty", 5, None)]


def test_an_api_that_never_let_its_stages_be_read(nights: Nights) -> None:
    refused = nights.stage("refused")
    nights.stage("fine")
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=refused.api_id)
    nights.nights(2)
    # given that no stage of it is known, there is none to judge
    assert nights.history(refused) == []
    nights.mend(denied)
    nights.night()
    assert nights.history(refused) == [("certificate_empty", 3, None)]


def test_a_region_that_is_no_longer_asked_for(make_nights: MakeNights) -> None:
    # given stages in two regions
    both = make_nights(regions=f"{REGION},us-east-1")
    here, there = both.stage(), both.stage(place=both.place("us-east-1"))
    both.night()
    # when the settings leave one out
    nights = make_nights()
    nights.day, nights.told = both.day, both.told
    summary = nights.night()
    # then it is skipped, which is no failure, and its stages stay until their reading is too old
    assert summary.scopes_failed == 0
    assert nights.scopes(region="us-east-1")["stage"][0] == "skipped"
    assert nights.verdict(there) == EMPTY
    nights.nights(3)
    assert nights.verdict(there) == STALE
    assert nights.verdict(here) == EMPTY
    # when it is asked for again
    both.day = nights.day
    both.aws.estate.now = both.as_of()
    make_nights(regions=f"{REGION},us-east-1")
    both.night()
    assert nights.history(there) == [
        ("certificate_empty", 1, 5),
        ("inventory_stale", 5, 6),
        ("certificate_empty", 6, None),
    ]
    assert nights.history(here) == [("certificate_empty", 1, None)]


@pytest.fixture
def organization(estate: Estate, make_nights: MakeNights) -> Nights:
    """Nights of an organization of three accounts, each with a region that is not read."""
    for number, name in enumerate(("Payments", "Platform"), start=1):
        estate.add_account(f"22223333444{number}", name, regions=[REGION, "us-east-1"])
    return make_nights(accounts="organization", role_name="GateledgerReader")


MEMBER, THIRD = "222233334441", "222233334442"


def test_an_account_is_suspended_and_active_again(organization: Nights) -> None:
    nights = organization
    stage = nights.stage(place=nights.place(account_id=MEMBER))
    calm = nights.stage(place=nights.place(account_id=THIRD))
    nights.night()
    # given an account that is suspended, which is no error
    nights.aws.estate.set_status(MEMBER, "SUSPENDED")
    assert nights.night().scopes_failed == 0
    assert nights.scopes(account_id=MEMBER)["stage"] == ("skipped", "account_suspended")
    nights.nights(3)
    assert nights.verdict(stage) == STALE
    # when it is active again
    nights.aws.estate.set_status(MEMBER, "ACTIVE")
    nights.night()
    assert nights.history(stage) == [
        ("certificate_empty", 1, 5),
        ("inventory_stale", 5, 6),
        ("certificate_empty", 6, None),
    ]
    assert nights.history(calm) == [("certificate_empty", 1, None)]


def test_an_account_leaves_its_organization(organization: Nights) -> None:
    nights = organization
    stage = nights.stage(place=nights.place(account_id=MEMBER))
    nights.night()
    # given an account that is no longer listed
    nights.aws.estate.leave_organization(MEMBER)
    # then that it left says nothing of what is in it: an explicit failure, nothing closed
    assert nights.night().scopes_failed == 6
    assert nights.scopes(account_id=MEMBER)["stage"] == ("failed", "account_left")
    assert nights.verdict(stage) == EMPTY
    # and it is still called by its name
    assert nights.finding(stage)["account_name"] == "Payments"
    nights.nights(3)
    assert nights.verdict(stage) == STALE


def test_a_region_is_switched_off_in_an_account(organization: Nights) -> None:
    nights = organization
    stage = nights.stage(place=nights.place(account_id=MEMBER))
    nights.night()
    nights.aws.estate.disable_region(MEMBER, REGION)
    assert nights.night().scopes_failed == 0
    assert nights.scopes(account_id=MEMBER)["stage"] == ("skipped", "region_disabled")
    nights.aws.estate.enable_region(MEMBER, REGION)
    nights.night()
    assert nights.scopes(account_id=MEMBER)["stage"] == ("complete", None)
    assert nights.history(stage) == [("certificate_empty", 1, None)]


def test_an_account_whose_role_is_gone(organization: Nights) -> None:
    nights = organization
    stage = nights.stage(place=nights.place(account_id=MEMBER))
    own = nights.stage(place=nights.place(account_id=ACCOUNT))
    nights.night()
    nights.aws.estate.delete_role(MEMBER, "GateledgerReader")
    assert nights.night().scopes_failed == 6
    assert nights.scopes(account_id=MEMBER)["stage"] == ("failed", "denied")
    assert nights.verdict(stage) == EMPTY
    nights.nights(3)
    assert (nights.verdict(stage), nights.verdict(own)) == (STALE, EMPTY)
