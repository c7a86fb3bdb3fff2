"""A simulated AWS, and collectors that read one account-region of it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cmdb.snapshot import AccountKey, AccountRegionSnapshot, KnownRegion
from collectors.calls import RetryPolicy
from collectors.collection import Collection, collect_account_region
from collectors.plan import CollectionPlan
from gateledger.demo.aws import DEFAULT_ROLE, AccountRegion, Estate, SimulatedAws

OWN, MEMBER = "111111111111", "222222222222"
REGION = "eu-west-1"
AS_OF = datetime(2026, 11, 20, 2, tzinfo=UTC)
ACCOUNT = AccountKey("aws", OWN)

Read = Callable[..., AccountRegionSnapshot]


@pytest.fixture
def estate() -> Estate:
    made = Estate(seed="collectors", now=AS_OF)
    made.add_account(OWN, "Management", management=True)
    made.add_account(MEMBER, "Member")
    return made


@pytest.fixture
def place(estate: Estate) -> AccountRegion:
    return estate.region(OWN, REGION)


@pytest.fixture
def aws(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedAws]:
    with SimulatedAws(estate) as running:
        for name, value in running.environment(OWN).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        yield running


@pytest.fixture
def plan() -> CollectionPlan:
    """Quick retries, no quota of our own: what is tested here is what becomes of answers."""
    return CollectionPlan(
        hash_key=b"a key of the tests",
        role_name=DEFAULT_ROLE,
        threads=4,
        quota=None,
        retries=RetryPolicy(throttled_tries=3, transient_tries=2, first_pause=0.001, longest_pause=0.002),
        connect_timeout=2.0,
        read_timeout=0.4,
    )


@pytest.fixture
def read(aws: SimulatedAws, plan: CollectionPlan) -> Iterator[Read]:
    """Read the account-region, as it is now; settings of the plan may be given by name."""
    opened: list[Collection] = []

    def take(
        known: KnownRegion | None = None, *, as_of: datetime = AS_OF, **settings: object
    ) -> AccountRegionSnapshot:
        collection = Collection(replace(plan, **settings))  # type: ignore[arg-type]
        opened.append(collection)
        return collect_account_region(collection, ACCOUNT, REGION, known or KnownRegion(), as_of)

    yield take
    for collection in opened:
        collection.sessions.close()
