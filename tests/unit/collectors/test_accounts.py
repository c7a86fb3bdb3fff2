"""Which accounts are entered, which are not and why, and which regions each has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from cmdb.snapshot import AccountKey, AccountReading, FailureKind, ScopeStatus
from collectors.accounts import enter, list_targets
from collectors.errors import CollectionError
from collectors.plan import CollectionPlan
from collectors.sessions import Sessions
from simulated_aws import DEFAULT_ROLE, Estate, FaultKind, Role, SimulatedAws
from tests.unit.collectors.conftest import MEMBER, OWN, QUICK, REGION

Enter = Callable[..., dict[str, AccountReading]]


@pytest.fixture
def enter_all(aws: SimulatedAws, plan: CollectionPlan) -> Iterator[Enter]:
    """List the accounts of a plan and enter each."""
    opened: list[Sessions] = []

    def run(known: tuple[AccountKey, ...] = (), **settings: object) -> dict[str, AccountReading]:
        asked = replace(plan, **settings)  # type: ignore[arg-type]
        sessions = Sessions(role_name=asked.role_name, external_id=asked.external_id, retries=QUICK)
        opened.append(sessions)
        stop = threading.Event()
        targets = list_targets(asked, sessions, known, stop)
        return {target.account.account_id: enter(target, asked, sessions, stop) for target in targets}

    yield run
    for sessions in opened:
        sessions.close()


def kind_of(reading: AccountReading) -> FailureKind | None:
    return None if reading.failure is None else reading.failure.kind


def test_the_callers_own_account_needs_no_role(aws: SimulatedAws, enter_all: Enter) -> None:
    (reading,) = enter_all(role_name=None).values()
    assert reading.account == AccountKey("aws", OWN)
    assert reading.status is ScopeStatus.COMPLETE
    assert REGION in reading.regions
    assert aws.log.entries(operation="AssumeRole") == []


def test_an_organization_is_read_account_by_account(
    aws: SimulatedAws, estate: Estate, enter_all: Enter
) -> None:
    """Given accounts in every state, each is told apart, and only ACTIVE ones are entered."""
    estate.add_account("333333333333", "Suspended")
    estate.set_status("333333333333", "SUSPENDED")
    estate.add_account("444444444444", "Closing")
    estate.set_status("444444444444", "PENDING_CLOSURE")
    estate.add_account("555555555555", "No role")
    estate.delete_role("555555555555", DEFAULT_ROLE)

    readings = enter_all(accounts="organization")

    assert {name: (found.status, kind_of(found)) for name, found in readings.items()} == {
        OWN: (ScopeStatus.COMPLETE, None),
        MEMBER: (ScopeStatus.COMPLETE, None),
        "333333333333": (ScopeStatus.SKIPPED, FailureKind.ACCOUNT_SUSPENDED),
        "444444444444": (ScopeStatus.SKIPPED, FailureKind.ACCOUNT_CLOSED),
        "555555555555": (ScopeStatus.FAILED, FailureKind.DENIED),
    }
    assert readings[MEMBER].name == "Member"
    assert readings[MEMBER].payload["Id"] == MEMBER
    failure = readings["555555555555"].failure
    assert failure is not None
    assert failure.operation == "AssumeRole"
    assert DEFAULT_ROLE in failure.message
    assert len(aws.log.entries(operation="AssumeRole")) == 2


def test_pages_of_accounts_are_followed(aws: SimulatedAws, estate: Estate, enter_all: Enter) -> None:
    for number in range(45):
        name = f"{600000000000 + number}"
        estate.add_account(name, f"Account {number}")
        estate.set_status(name, "SUSPENDED")
    assert len(enter_all(accounts="organization")) == 47


def test_an_account_that_left_is_told_and_not_entered(
    aws: SimulatedAws, estate: Estate, enter_all: Enter
) -> None:
    estate.leave_organization(MEMBER)
    known = (AccountKey("aws", OWN), AccountKey("aws", MEMBER), AccountKey("aws-cn", "999999999999"))
    readings = enter_all(known, accounts="organization")
    assert set(readings) == {OWN, MEMBER}
    assert readings[MEMBER].status is ScopeStatus.FAILED
    assert kind_of(readings[MEMBER]) is FailureKind.ACCOUNT_LEFT
    assert aws.log.entries(operation="AssumeRole") == []


@pytest.mark.parametrize("page", [1, "last"])
@pytest.mark.parametrize(
    "fault", [FaultKind.DENIED, FaultKind.CUT_OFF, FaultKind.MISSING_LIST_KEY, FaultKind.SERVER_ERROR]
)
def test_an_organization_that_cannot_be_listed_is_no_empty_one(
    aws: SimulatedAws, estate: Estate, enter_all: Enter, fault: FaultKind, page: int | str
) -> None:
    for number in range(25):
        estate.add_account(f"{600000000000 + number}", f"Account {number}")
    aws.faults.add(fault, "ListAccounts", page=page)  # type: ignore[arg-type]
    with pytest.raises(CollectionError, match="ListAccounts"):
        enter_all(accounts="organization")


def test_listed_accounts_are_entered_each_once(aws: SimulatedAws, enter_all: Enter) -> None:
    readings = enter_all(accounts=(MEMBER, OWN, MEMBER))
    assert {name: found.status for name, found in readings.items()} == {
        MEMBER: ScopeStatus.COMPLETE,
        OWN: ScopeStatus.COMPLETE,
    }
    assert len(aws.log.entries(operation="AssumeRole")) == 1


def test_another_account_without_a_role_set_fails_with_a_sentence(
    aws: SimulatedAws, enter_all: Enter
) -> None:
    reading = enter_all(accounts=(MEMBER,), role_name=None)[MEMBER]
    assert (reading.status, kind_of(reading)) == (ScopeStatus.FAILED, FailureKind.CREDENTIALS)


def test_an_external_id_is_given_when_the_role_is_assumed(
    aws: SimulatedAws, estate: Estate, enter_all: Enter
) -> None:
    estate.set_role(MEMBER, Role("Guarded", external_id="e-1"))
    wrong = enter_all(accounts=(MEMBER,), role_name="Guarded")[MEMBER]
    assert kind_of(wrong) is FailureKind.DENIED
    right = enter_all(accounts=(MEMBER,), role_name="Guarded", external_id="e-1")[MEMBER]
    assert right.status is ScopeStatus.COMPLETE


def test_regions_that_are_not_enabled_are_skipped(
    aws: SimulatedAws, estate: Estate, enter_all: Enter
) -> None:
    estate.enable_region(MEMBER, "af-south-1")
    (reading,) = enter_all(regions=("eu-west-1", "af-south-1", "nowhere-1")).values()
    assert reading.regions == ("eu-west-1",)
    assert {name: why.kind for name, why in reading.skipped_regions.items()} == {
        "af-south-1": FailureKind.REGION_DISABLED,
        "nowhere-1": FailureKind.REGION_DISABLED,
    }
    (whole,) = enter_all().values()
    assert "af-south-1" not in whole.regions


def test_where_ec2_is_denied_account_management_lists_the_regions(
    aws: SimulatedAws, enter_all: Enter
) -> None:
    (before,) = enter_all().values()
    aws.faults.add(FaultKind.DENIED, "DescribeRegions")
    (reading,) = enter_all().values()
    assert reading.regions == before.regions
    assert aws.log.entries(operation="ListRegions") != []


def test_where_regions_cannot_be_listed_only_named_ones_are_read(aws: SimulatedAws, enter_all: Enter) -> None:
    aws.faults.add(FaultKind.DENIED, "DescribeRegions")
    aws.faults.add(FaultKind.DENIED, "ListRegions")
    (enabled,) = enter_all().values()
    assert (enabled.status, kind_of(enabled)) == (ScopeStatus.FAILED, FailureKind.DENIED)
    (named,) = enter_all(regions=("eu-west-1",)).values()
    assert (named.status, named.regions) == (ScopeStatus.COMPLETE, ("eu-west-1",))


@pytest.mark.parametrize("fault", [FaultKind.CUT_OFF, FaultKind.SERVER_ERROR, FaultKind.EXPIRED_TOKEN])
def test_a_failed_list_of_regions_fails_the_account(
    aws: SimulatedAws, enter_all: Enter, fault: FaultKind
) -> None:
    aws.faults.add(fault, "DescribeRegions")
    (reading,) = enter_all(regions=("eu-west-1",)).values()
    assert reading.status is ScopeStatus.FAILED
    assert reading.regions == ()


def test_without_credentials_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CollectionError, match="AWS_PROFILE") as caught:
        Sessions()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_PROFILE", "nobody"),
        ("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "not a region"),
        ("AWS_DEFAULT_REGION", "not a region"),
    ],
)
def test_unusable_credentials_or_region_are_one_sentence(
    aws: SimulatedAws, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    if name == "AWS_DEFAULT_REGION":
        monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv(name, value)
    if name == "AWS_REGION":
        monkeypatch.setenv("AWS_DEFAULT_REGION", value)
    with pytest.raises(CollectionError) as caught:
        Sessions(retries=QUICK)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
