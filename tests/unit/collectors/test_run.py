"""A whole collection: every account-region once, and nothing that stops the others."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from cmdb.errors import DatabaseUnreachable
from cmdb.snapshot import (
    AccountKey,
    AccountReading,
    AccountRegionSnapshot,
    FailureKind,
    KnownRegion,
    MergeResult,
    ScopeStatus,
)
from collectors import batching as unstored
from collectors import snapshot as region_snapshot
from collectors.calls import RetryPolicy
from collectors.errors import CollectionError
from collectors.plan import CollectionPlan
from collectors.progress import RegionDone
from collectors.quota import API_GATEWAY, Limit, Limits
from collectors.run import CollectionSummary, collect
from collectors.sessions import Sessions
from simulated_aws import Estate, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import AS_OF, MEMBER, OWN, QUICK

REGIONS = ("eu-west-1", "us-east-1", "us-west-2")


class Notebook:
    """An inventory that writes down what it is given."""

    def __init__(self, on_store: Callable[[AccountRegionSnapshot], None] | None = None) -> None:
        self.accounts: list[AccountReading] = []
        self.snapshots: list[AccountRegionSnapshot] = []
        self._on_store = on_store

    def known(self, account: AccountKey, region: str) -> KnownRegion:
        return KnownRegion()

    def known_in(self, account: AccountKey, regions: Sequence[str]) -> dict[str, KnownRegion]:
        return dict.fromkeys(regions, KnownRegion())

    def known_accounts(self) -> list[AccountKey]:
        return []

    def store_account(self, reading: AccountReading) -> None:
        self.accounts.append(reading)

    def store(self, snapshot: AccountRegionSnapshot) -> MergeResult:
        if self._on_store is not None:
            self._on_store(snapshot)
        self.snapshots.append(snapshot)
        return MergeResult(items_seen=len(snapshot.readings["stage"].items), items_changed=1)

    def store_many(self, snapshots: Sequence[AccountRegionSnapshot]) -> list[MergeResult]:
        return [self.store(snapshot) for snapshot in snapshots]


class Steps:
    """Progress that remembers its steps."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.done: Counter[tuple[str, str, bool]] = Counter()

    def started(self, total: int | None) -> None:
        if total is not None:
            self.total = total

    def account_region_done(self, done: RegionDone) -> None:
        self.done[done.account_id, done.region, done.failed] += 1


@pytest.fixture
def whole(plan: CollectionPlan) -> CollectionPlan:
    return replace(plan, accounts="organization", regions=REGIONS)


@pytest.fixture
def used(estate: Estate) -> Estate:
    """Two accounts of three regions with two APIs each."""
    for account_id in (OWN, MEMBER):
        for region in REGIONS:
            place = estate.region(account_id, region)
            for name in ("orders", "users"):
                place.add_stage(place.add_api(name).id, "prod")
    return estate


def run(
    plan: CollectionPlan, inventory: Notebook, steps: Steps | None = None, stop: threading.Event | None = None
) -> CollectionSummary:
    return collect(plan, inventory, AS_OF, steps or Steps(), stop)


def test_every_account_region_is_read_and_stored_once(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan, caplog: pytest.LogCaptureFixture
) -> None:
    inventory, steps = Notebook(), Steps()
    with caplog.at_level(logging.INFO):
        summary = run(whole, inventory, steps)

    everywhere = {(account, region) for account in (OWN, MEMBER) for region in REGIONS}
    assert Counter((each.account.account_id, each.region) for each in inventory.snapshots) == Counter(
        everywhere
    )
    assert steps.done == Counter((account, region, False) for account, region in everywhere)
    assert steps.total == 6
    assert (summary.accounts, summary.account_regions, summary.items_seen) == (2, 6, 12)
    assert (summary.scopes_ok, summary.scopes_failed, summary.interrupted) == (2 + 6 * 5, 0, False)
    assert summary.calls == 6 * (1 + 2 + 2 + 2 + 1)
    assert len(aws.log.entries(operation="AssumeRole")) == 1
    lines = [record for record in caplog.records if getattr(record, "event", "") == "scope.collected"]
    assert len(lines) == 6
    assert {vars(line)["calls"] for line in lines} == {8}


def test_each_account_sees_what_is_its_own(aws: SimulatedAws, used: Estate, whole: CollectionPlan) -> None:
    """Given clients that all accounts share, every request is signed in the right account's name."""
    inventory = Notebook()
    run(replace(whole, threads=8), inventory)
    for snapshot in inventory.snapshots:
        place = used.region(snapshot.account.account_id, snapshot.region)
        assert {api.key for api in snapshot.readings["rest_api"].items} == set(place.apis)


def test_an_account_and_a_region_that_fail_stop_nobody(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan
) -> None:
    used.add_account("333333333333", "No role")
    used.delete_role("333333333333", "GateledgerReader")
    aws.faults.add(FaultKind.DENIED, account_id=MEMBER, region="us-east-1")
    inventory, steps = Notebook(), Steps()
    summary = run(replace(whole, regions=("eu-west-1", "us-west-2", "us-east-1")), inventory, steps)
    failed = [
        each for each in inventory.snapshots if each.readings["rest_api"].status is not ScopeStatus.COMPLETE
    ]
    assert {(each.account.account_id, each.region) for each in failed} <= {(MEMBER, "us-east-1")}
    assert summary.scopes_failed >= 1
    statuses = {each.account.account_id: each.status for each in inventory.accounts}
    assert statuses["333333333333"] is ScopeStatus.FAILED
    assert statuses[OWN] is ScopeStatus.COMPLETE


def test_credentials_that_expire_in_the_middle_are_a_failure_of_what_was_left(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan
) -> None:
    aws.faults.add(FaultKind.EXPIRED_TOKEN, "GetStages", account_id=MEMBER)
    inventory = Notebook()
    run(whole, inventory)
    for snapshot in inventory.snapshots:
        expected = ScopeStatus.FAILED if snapshot.account.account_id == MEMBER else ScopeStatus.COMPLETE
        assert snapshot.readings["stage"].status is expected
        assert snapshot.readings["rest_api"].status is ScopeStatus.COMPLETE


def test_a_lost_database_ends_the_run_with_its_own_error(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan
) -> None:
    def lost(snapshot: AccountRegionSnapshot) -> None:
        raise DatabaseUnreachable

    inventory = Notebook(lost)
    before = threading.active_count()
    with pytest.raises(DatabaseUnreachable):
        run(whole, inventory)
    assert inventory.snapshots == []
    assert threading.active_count() == before


def test_a_database_that_is_lost_when_asked_what_is_known_ends_the_run_with_its_own_error(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan
) -> None:
    class Lost(Notebook):
        def known_in(self, account: AccountKey, regions: Sequence[str]) -> dict[str, KnownRegion]:
            raise DatabaseUnreachable

    with pytest.raises(DatabaseUnreachable):
        run(whole, Lost())


def test_a_stop_ends_the_run_soon_and_what_was_read_is_kept(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unstored, "TOGETHER", 1)
    stop = threading.Event()
    inventory = Notebook(lambda snapshot: stop.set())
    summary = run(replace(whole, threads=1), inventory, stop=stop)
    assert summary.interrupted
    assert len(inventory.snapshots) == 1
    assert inventory.snapshots[0].readings["stage"].status is ScopeStatus.COMPLETE


def test_a_stop_while_waiting_for_the_quota_marks_what_is_left(
    aws: SimulatedAws, used: Estate, whole: CollectionPlan
) -> None:
    """Given a quota that makes reading take hours, when the run is stopped, it ends with what it has."""
    stop = threading.Event()
    inventory = Notebook()
    slow = replace(whole, accounts="self", regions=("eu-west-1",), quota=Limits(Limit(0.0001, 2.0)))

    def stop_after_first_stages() -> None:
        deadline = time.monotonic() + 60
        while not aws.log.entries(operation="GetStages") and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.set()

    watcher = threading.Thread(target=stop_after_first_stages)
    watcher.start()
    summary = run(slow, inventory, stop=stop)
    watcher.join()
    assert summary.interrupted
    (snapshot,) = inventory.snapshots
    assert snapshot.readings["rest_api"].status is ScopeStatus.COMPLETE
    reasons = {why.kind for why in snapshot.readings["stage"].unread.values()}
    assert reasons == {FailureKind.INTERRUPTED} or snapshot.readings["stage"].failure is not None
    assert snapshot.readings["client_certificate"].failure is not None
    assert snapshot.readings["client_certificate"].failure.kind is FailureKind.INTERRUPTED


def test_a_crash_of_the_collector_is_that_account_regions_failure(
    aws: SimulatedAws,
    used: Estate,
    whole: CollectionPlan,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real = region_snapshot.RegionReader.read

    def crash(self: region_snapshot.RegionReader) -> AccountRegionSnapshot:
        if self._region == "us-east-1":
            raise ZeroDivisionError
        return real(self)

    monkeypatch.setattr(region_snapshot.RegionReader, "read", crash)
    inventory = Notebook()
    with caplog.at_level(logging.INFO):
        summary = run(whole, inventory)
    assert summary.account_regions == 6
    crashed = [each for each in inventory.snapshots if each.region == "us-east-1"]
    assert all(each.readings["stage"].status is ScopeStatus.FAILED for each in crashed)
    assert [getattr(record, "event", "") for record in caplog.records].count("scope.crashed") == 2
    assert "Traceback" not in caplog.text


def test_without_credentials_nothing_is_recorded(
    whole: CollectionPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    inventory = Notebook()
    with pytest.raises(CollectionError):
        run(whole, inventory)
    assert (inventory.accounts, inventory.snapshots) == ([], [])


def test_under_the_real_quota_nothing_is_throttled(
    aws: SimulatedAws, estate: Estate, whole: CollectionPlan
) -> None:
    """Given a simulated AWS that enforces the quota, when 50 calls go out, then no 429 comes back."""
    place = estate.region(OWN, "eu-west-1")
    for number in range(48):
        place.add_stage(place.add_api(f"a{number}", endpoint_types=("PRIVATE",)).id, "prod")
    aws.quota = True
    inventory = Notebook()
    plan = replace(whole, accounts="self", regions=("eu-west-1",), quota=API_GATEWAY)
    summary = run(plan, inventory)
    assert (summary.calls, summary.throttles) == (50, 0)
    assert all(report.within_quota for report in aws.log.rates())


def test_whoever_else_uses_the_quota_comes_first_and_no_item_is_lost(
    aws: SimulatedAws, estate: Estate, whole: CollectionPlan
) -> None:
    """Given somebody who has just used the quota up, the run steps back there, and reads everything."""
    for region in ("eu-west-1", "us-east-1"):
        place = estate.region(OWN, region)
        for number in range(16):
            place.add_stage(place.add_api(f"a{number}", endpoint_types=("PRIVATE",)).id, "prod")
    aws.quota = True
    rival = Sessions(retries=QUICK)
    send = rival.sender(None, "eu-west-1")
    for _ in range(40):
        send("apigateway", "GetRestApis", {})
    plan = replace(
        whole,
        accounts="self",
        regions=("eu-west-1", "us-east-1"),
        quota=API_GATEWAY.share(0.8),
        retries=RetryPolicy(),
    )
    inventory = Notebook()
    summary = run(plan, inventory)
    rival.close()
    assert summary.scopes_failed == 0
    assert {len(snapshot.readings["stage"].items) for snapshot in inventory.snapshots} == {16}
    costs = {snapshot.region: snapshot.cost for snapshot in inventory.snapshots}
    assert costs["eu-west-1"].step_backs >= 1
    assert (costs["us-east-1"].step_backs, costs["us-east-1"].throttles) == (0, 0)
    assert summary.quota.step_backs == costs["eu-west-1"].step_backs
    assert summary.quota.stepped_back_in == 1
    assert 0 < summary.quota.busiest[0].share <= 0.8
