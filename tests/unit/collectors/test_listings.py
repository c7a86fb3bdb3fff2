"""Listings of several pages, each page failing in every way: what could not be listed is not empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cmdb.snapshot import FailureKind, ScopeStatus
from simulated_aws import Estate, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import AS_OF, KINDS, OWN, REGION, Read, patience

PAGES: list[int | str] = [1, 2, "last"]


@pytest.fixture(scope="module")
def large() -> Iterator[SimulatedAws]:
    """Three pages of APIs, of client certificates, and of one API's resources, none ever changed."""
    estate = Estate(seed="listings", now=AS_OF)
    estate.add_account(OWN, "Management", management=True)
    place = estate.region(OWN, REGION)
    for number in range(1001):
        place.add_api(f"api{number}")
        place.create_certificate(f"c{number}")
    other = estate.region(OWN, "us-east-1")
    other.add_stage(other.add_api("large", integrations=("MOCK",) * 1100).id, "prod")
    with SimulatedAws(estate) as running:
        yield running


@pytest.fixture
def aws(large: SimulatedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedAws]:
    for name, value in large.environment(OWN).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    large.log.clear()
    yield large
    large.faults.clear()


def test_pages_are_followed_to_the_end(aws: SimulatedAws, read: Read) -> None:
    aws.faults.add(FaultKind.DENIED, "GetRestApis")
    assert len(read().client_certificates.items) == 1001
    assert len(aws.log.entries(operation="GetClientCertificates")) == 3


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("fault", "kind"), KINDS)
def test_a_listing_whose_page_fails_has_failed(
    aws: SimulatedAws, read: Read, fault: FaultKind, kind: FailureKind, page: int | str
) -> None:
    """Given three pages of certificates and of APIs, when one fails, then neither listing says anything."""
    for operation in ("GetRestApis", "GetClientCertificates"):
        aws.faults.add(fault, operation, page=page)  # type: ignore[arg-type]

    snapshot = read(**patience(fault))

    for reading in (
        snapshot.readings["rest_api"],
        snapshot.readings["stage"],
        snapshot.readings["deployment"],
        snapshot.readings["client_certificate"],
    ):
        assert reading.status is ScopeStatus.FAILED
        assert reading.failure is not None
        assert reading.failure.kind is kind
        assert list(reading.items) == []
    assert aws.log.entries(operation="GetStages") == []
