"""A simulated AWS, and collectors that read one account-region of it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cmdb.snapshot import AccountKey, AccountRegionSnapshot, FailureKind, KnownRegion
from collectors.calls import RetryPolicy
from collectors.collection import Collection, collect_account_region
from collectors.plan import CollectionPlan
from simulated_aws import DEFAULT_ROLE, AccountRegion, Estate, FaultKind, SimulatedAws

OWN, MEMBER = "111111111111", "222222222222"
REGION = "eu-west-1"
AS_OF = datetime(2026, 11, 20, 2, tzinfo=UTC)
ACCOUNT = AccountKey("aws", OWN)

Read = Callable[..., AccountRegionSnapshot]

QUICK = RetryPolicy(throttled_tries=3, transient_tries=2, first_pause=0.001, longest_pause=0.002)
#: For answers that never come: wait a second, once.
IMPATIENT: dict[str, object] = {"read_timeout": 1.0, "retries": replace(QUICK, transient_tries=1)}


#: What happens to a call, and how the reading names it.
KINDS = [
    (FaultKind.DENIED, FailureKind.DENIED),
    (FaultKind.THROTTLED, FailureKind.THROTTLED),
    (FaultKind.SERVER_ERROR, FailureKind.UNREACHABLE),
    (FaultKind.TIMEOUT, FailureKind.UNREACHABLE),
    (FaultKind.CONNECTION_RESET, FailureKind.UNREACHABLE),
    (FaultKind.CUT_OFF, FailureKind.MALFORMED),
    (FaultKind.MALFORMED_JSON, FailureKind.MALFORMED),
    (FaultKind.MISSING_LIST_KEY, FailureKind.MALFORMED),
    (FaultKind.NULL_LIST, FailureKind.MALFORMED),
    (FaultKind.EXPIRED_TOKEN, FailureKind.CREDENTIALS),
]


def patience(fault: FaultKind) -> dict[str, object]:
    return IMPATIENT if fault is FaultKind.TIMEOUT else {}


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
        retries=QUICK,
        connect_timeout=2.0,
        read_timeout=20.0,
    )


@pytest.fixture
def read(aws: SimulatedAws, plan: CollectionPlan) -> Iterator[Read]:
    """Read the account-region, as it is now; settings of the plan may be given by name."""
    opened: dict[str, Collection] = {}

    def take(
        known: KnownRegion | None = None, *, region: str = REGION, **settings: object
    ) -> AccountRegionSnapshot:
        asked = replace(plan, **settings)  # type: ignore[arg-type]
        collection = opened.get(repr(asked)) or opened.setdefault(repr(asked), Collection(asked))
        return collect_account_region(collection, ACCOUNT, region, known or KnownRegion())

    yield take
    for collection in opened.values():
        collection.sessions.close()
