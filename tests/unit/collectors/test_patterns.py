"""Accounts and regions left out on purpose, and denials that are known: not asked, or no failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cmdb.snapshot import AccountRegionSnapshot, FailureKind, ScopeStatus
from collectors.collection import has_failed, readings
from collectors.patterns import matching, matching_account, means_region
from collectors.plan import CollectionPlan
from simulated_aws import DEFAULT_ROLE, Estate, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import MEMBER, OWN, REGION, Read
from tests.unit.collectors.test_run import Notebook, Steps, run


@pytest.mark.parametrize(
    ("pattern", "region", "account_as_a_whole"),
    [
        (OWN, True, True),
        (f"{OWN}/*", True, True),
        ("1111*", True, True),
        ("11111111111?", True, True),
        ("*/eu-*", True, False),
        (f"{OWN}/{REGION}", True, False),
        (f"{OWN}/eu-west-?", True, False),
        (MEMBER, False, False),
        ("*/us-*", False, False),
        (f"{OWN}/us-*", False, False),
        (f"{MEMBER}/{REGION}", False, False),
    ],
)
def test_what_a_pattern_means(pattern: str, region: bool, account_as_a_whole: bool) -> None:
    assert (matching([pattern], OWN, REGION) == pattern) == region
    assert (matching_account([pattern], OWN) == pattern) == account_as_a_whole


def test_only_a_pattern_with_a_region_leaves_a_region_out() -> None:
    assert means_region(["*/eu-*"], REGION)
    assert not means_region([OWN, f"{OWN}/*", "*/us-*"], REGION)


@pytest.fixture
def used(estate: Estate) -> Estate:
    """Two accounts of three regions with an API each."""
    for account_id in (OWN, MEMBER):
        for region in ("eu-west-1", "us-east-1", "us-west-2"):
            place = estate.region(account_id, region)
            place.add_stage(place.add_api("orders").id, "prod")
    return estate


def skipped(inventory: Notebook) -> dict[tuple[str, str], set[FailureKind]]:
    """Return which account-regions were noted as skipped, and why."""
    return {
        (each.account.account_id, each.region): {
            reading.failure.kind for reading in readings(each) if reading.failure is not None
        }
        for each in inventory.snapshots
        if any(reading.status is ScopeStatus.SKIPPED for reading in readings(each))
    }


def test_an_excluded_account_is_not_entered(aws: SimulatedAws, used: Estate, plan: CollectionPlan) -> None:
    """Given an account that is left out, no role is assumed in it, and it is no failure."""
    inventory = Notebook()
    summary = run(replace(plan, accounts="organization", excluded=(MEMBER,)), inventory)
    assert aws.log.entries(operation="AssumeRole") == []
    [reading] = [each for each in inventory.accounts if each.account.account_id == MEMBER]
    assert reading.status is ScopeStatus.SKIPPED
    assert reading.failure is not None
    assert (reading.failure.kind, "GATELEDGER_EXCLUDE" in reading.failure.message) == (
        FailureKind.EXCLUDED,
        True,
    )
    assert (summary.scopes_failed, summary.scopes_skipped) == (0, 1)


def test_an_account_that_left_may_be_excluded(aws: SimulatedAws, used: Estate, plan: CollectionPlan) -> None:
    used.delete_role(MEMBER, DEFAULT_ROLE)
    inventory = Notebook()
    assert run(replace(plan, accounts="organization", excluded=("2222*",)), inventory).scopes_failed == 0


@pytest.mark.parametrize("regions", ["enabled", ("eu-west-1", "us-east-1", "us-west-2")])
def test_an_excluded_region_gets_no_call(
    aws: SimulatedAws, used: Estate, plan: CollectionPlan, regions: str | tuple[str, ...]
) -> None:
    """Given regions left out, nothing of API Gateway is asked there, and each is noted with the reason."""
    inventory, steps = Notebook(), Steps()
    only = replace(plan, accounts="organization", excluded=("*/us-*", f"{MEMBER}/eu-west-1"))
    summary = run(replace(only, regions=regions), inventory, steps)  # type: ignore[arg-type]
    asked = {
        (entry.account_id, entry.region) for entry in aws.log.entries() if entry.operation == "GetRestApis"
    }
    assert (OWN, "eu-west-1") in asked
    assert not {place for place in asked if place[1].startswith("us-") or place == (MEMBER, "eu-west-1")}
    noted = skipped(inventory)
    for place in ((OWN, "us-east-1"), (MEMBER, "us-west-2"), (MEMBER, "eu-west-1")):
        assert noted[place] == {FailureKind.EXCLUDED}
    assert summary.scopes_failed == 0


def test_excluding_the_only_region_is_no_mistake(
    aws: SimulatedAws, used: Estate, plan: CollectionPlan
) -> None:
    only = replace(plan, regions=("eu-west-1",), excluded=("*/eu-*",))
    assert run(only, Notebook()).account_regions == 0


def test_an_accepted_denial_is_no_failure_but_is_asked_again(
    aws: SimulatedAws, used: Estate, plan: CollectionPlan
) -> None:
    """Given a region that a policy of the organization denies, when that is accepted, nothing has failed."""
    rule = aws.faults.add(FaultKind.DENIED, region="us-west-2")
    accepted = replace(plan, regions=("us-west-2", "eu-west-1"), accepted_denials=("*/us-*",))
    inventory, steps = Notebook(), Steps()
    summary = run(accepted, inventory, steps)
    assert skipped(inventory) == {(OWN, "us-west-2"): {FailureKind.DENIED_ACCEPTED}}
    [snapshot] = [each for each in inventory.snapshots if each.region == "us-west-2"]
    assert snapshot.readings["stage"].failure is not None
    assert "accepted by GATELEDGER_ACCEPT_DENIED (*/us-*)" in snapshot.readings["stage"].failure.message
    assert summary.scopes_failed == 0
    assert steps.done[OWN, "us-west-2", False] == 1
    aws.faults.remove(rule)
    inventory = Notebook()
    run(accepted, inventory)
    assert skipped(inventory) == {}


def failed(read: Read) -> AccountRegionSnapshot:
    return read(accepted_denials=(OWN,))


@pytest.mark.parametrize("fault", [FaultKind.SERVER_ERROR, FaultKind.THROTTLED, FaultKind.EXPIRED_TOKEN])
def test_only_a_denial_is_accepted(aws: SimulatedAws, used: Estate, read: Read, fault: FaultKind) -> None:
    aws.faults.add(fault, "GetRestApis")
    assert has_failed(failed(read))


def test_what_was_read_beside_a_denial_stays(aws: SimulatedAws, used: Estate, read: Read) -> None:
    place = used.region(OWN, REGION)
    api = place.add_api("secret")
    place.add_stage(api.id, "prod")
    aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=api.id)
    snapshot = failed(read)
    assert snapshot.readings["stage"].status is ScopeStatus.PARTIAL
    assert len(snapshot.readings["stage"].items) == 1
    assert not has_failed(snapshot)


def test_a_role_that_may_not_be_assumed_is_accepted_for_the_whole_account(
    aws: SimulatedAws, used: Estate, plan: CollectionPlan
) -> None:
    used.delete_role(MEMBER, DEFAULT_ROLE)
    for pattern, status in ((MEMBER, ScopeStatus.SKIPPED), (f"{MEMBER}/{REGION}", ScopeStatus.FAILED)):
        inventory = Notebook()
        run(replace(plan, accounts="organization", accepted_denials=(pattern,)), inventory)
        [reading] = [each for each in inventory.accounts if each.account.account_id == MEMBER]
        assert reading.status is status
