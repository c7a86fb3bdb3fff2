"""One account-region read from a simulated AWS: what a reading says when everything is fine, and when not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cmdb.snapshot import AccountRegionSnapshot, FailureKind, KnownRegion, ScopeStatus
from simulated_aws import AccountRegion, Estate, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import KINDS, MEMBER, OWN, REGION, Read, patience

COMPLETE, PARTIAL, FAILED = ScopeStatus.COMPLETE, ScopeStatus.PARTIAL, ScopeStatus.FAILED


def asked(aws: SimulatedAws, operation: str) -> int:
    return len(aws.log.entries(operation=operation))


def make_api(place: AccountRegion, name: str = "orders", certificate_id: str | None = None) -> str:
    api = place.add_api(name, integrations=("HTTP_PROXY", "MOCK"))
    place.add_stage(api.id, "prod", certificate_id=certificate_id)
    return api.id


def deployments_of(snapshot: AccountRegionSnapshot) -> KnownRegion:
    known: dict[str, frozenset[str]] = {}
    for item in snapshot.readings["deployment"].items:
        assert item.parent is not None
        known[item.parent] = known.get(item.parent, frozenset()) | {item.key}
    return KnownRegion(deployments=known)


def test_everything_is_read(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    certificate = place.create_certificate("client")
    api_id = make_api(place, certificate_id=certificate.id)

    snapshot = read()

    assert [api.key for api in snapshot.readings["rest_api"].items] == [api_id]
    (stage,) = snapshot.readings["stage"].items
    assert (stage.parent, stage.key) == (api_id, "prod")
    assert stage.derived == {"client_certificate_id": certificate.id, "secret_variables": None}
    (deployment,) = snapshot.readings["deployment"].items
    assert (deployment.parent, deployment.key) == (api_id, stage.payload["deploymentId"])
    assert deployment.derived == {"types": ("HTTP_PROXY", "MOCK"), "has_http": True, "source": "EXPORT"}
    (found,) = snapshot.readings["client_certificate"].items
    assert (found.key, found.derived["kind"]) == (certificate.id, "API_GATEWAY")
    assert found.derived["expires_at"] == certificate.expires_at
    assert found.derived["serial"] is not None
    assert found.derived["fingerprint_sha256"] is not None
    statuses = [
        snapshot.readings["rest_api"].status,
        snapshot.readings["stage"].status,
        snapshot.readings["deployment"].status,
        snapshot.readings["client_certificate"].status,
        snapshot.readings["acm_certificate"].status,
    ]
    assert statuses == [COMPLETE] * 5
    assert snapshot.cost.calls == 5
    assert asked(aws, "DescribeCertificate") == 0


def test_an_empty_account_region_costs_two_calls(aws: SimulatedAws, read: Read) -> None:
    snapshot = read()
    assert snapshot.readings["rest_api"].status is COMPLETE
    assert snapshot.readings["client_certificate"].status is COMPLETE
    assert snapshot.cost.calls == 2


@pytest.mark.parametrize(("fault", "kind"), KINDS)
def test_one_apis_stages_failing_leaves_the_others_read(
    aws: SimulatedAws, place: AccountRegion, read: Read, fault: FaultKind, kind: FailureKind
) -> None:
    good, bad = make_api(place, "good"), make_api(place, "bad")
    aws.faults.add(fault, "GetStages", resource_id=bad)

    snapshot = read(**patience(fault))

    assert snapshot.readings["rest_api"].status is COMPLETE
    assert snapshot.readings["client_certificate"].status is COMPLETE
    if kind is FailureKind.CREDENTIALS and snapshot.readings["stage"].status is FAILED:
        # No call is made after credentials are refused: had the bad API come first, nothing was read.
        return
    assert snapshot.readings["stage"].status is PARTIAL
    assert {stage.parent for stage in snapshot.readings["stage"].items} == {good}
    assert {name: why.kind for name, why in snapshot.readings["stage"].unread.items()} == {bad: kind}
    assert set(snapshot.readings["deployment"].unread) == {bad}


def test_when_no_apis_stages_could_be_read_the_scope_has_failed(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    for number in range(3):
        make_api(place, f"api{number}")
    aws.faults.add(FaultKind.DENIED, "GetStages")
    snapshot = read()
    assert snapshot.readings["rest_api"].status is COMPLETE
    assert snapshot.readings["stage"].status is FAILED
    assert snapshot.readings["stage"].failure is not None
    assert snapshot.readings["stage"].failure.kind is FailureKind.DENIED
    assert snapshot.readings["deployment"].status is FAILED


def test_a_dead_endpoint_is_not_asked_for_every_api(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    for number in range(30):
        make_api(place, f"api{number}")
    known = deployments_of(read())
    aws.log.clear()
    aws.faults.add(FaultKind.SERVER_ERROR, "GetStages", nth=6)
    snapshot = read(known)
    assert len(snapshot.readings["stage"].unread) == 25
    assert asked(aws, "GetStages") == 5 + 3 * 2
    assert snapshot.readings["client_certificate"].status is COMPLETE


def test_denied_stages_of_some_apis_do_not_stop_the_others(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    """Rights may differ from API to API, so that many refusals in a row say nothing of the next API."""
    ids = [make_api(place, f"api{number}") for number in range(20)]
    for api_id in ids[:-1]:
        aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=api_id)
    snapshot = read()
    assert [stage.parent for stage in snapshot.readings["stage"].items] == [ids[-1]]
    # Those that could be read are listed once more after the export.
    assert asked(aws, "GetStages") == 20 + 1


def test_an_api_that_vanishes_while_it_is_read_is_gone(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    keeps, goes = make_api(place, "keeps"), make_api(place, "goes")
    gone = json.dumps({"item": [{"id": keeps, "name": "keeps"}, {"id": goes, "name": "goes"}]}).encode()
    place.delete_api(goes)
    aws.faults.add(FaultKind.REPLACE_BODY, "GetRestApis", body=gone)

    snapshot = read()

    assert [api.key for api in snapshot.readings["rest_api"].items] == [keeps]
    assert snapshot.readings["rest_api"].answer is None
    assert list(snapshot.readings["stage"].answers.by_parent()) == [keeps]  # type: ignore[union-attr]
    assert snapshot.readings["stage"].status is COMPLETE
    assert asked(aws, "GetRestApi") == 1


def test_a_not_found_that_a_second_look_does_not_confirm_is_no_absence(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    make_api(place, "keeps")
    goes = make_api(place, "goes")
    listed = json.dumps({"item": [{"id": goes, "name": "goes"}]}).encode()
    place.delete_api(goes)
    aws.faults.add(FaultKind.REPLACE_BODY, "GetRestApis", body=listed)
    aws.faults.add(FaultKind.DENIED, "GetRestApi")

    snapshot = read()

    assert [api.key for api in snapshot.readings["rest_api"].items] == [goes]
    assert snapshot.readings["stage"].status is FAILED
    assert snapshot.readings["stage"].failure is not None
    assert snapshot.readings["stage"].failure.kind is FailureKind.ABSENT


def test_a_certificate_the_listing_lacks_is_deleted_only_by_a_second_look(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    certificate = place.create_certificate("client")
    make_api(place, certificate_id=certificate.id)
    place.delete_certificate(certificate.id)

    snapshot = read()
    assert snapshot.readings["client_certificate"].absent == {certificate.id}
    assert asked(aws, "GetClientCertificate") == 1

    again = read(KnownRegion(absent_certificates=frozenset({certificate.id})))
    assert again.readings["client_certificate"].absent == {certificate.id}
    assert asked(aws, "GetClientCertificate") == 1


def test_a_denied_second_look_proves_nothing(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    certificate = place.create_certificate("client")
    make_api(place, certificate_id=certificate.id)
    place.delete_certificate(certificate.id)
    aws.faults.add(FaultKind.DENIED, "GetClientCertificate")
    reading = read().readings["client_certificate"]
    assert reading.status is PARTIAL
    assert reading.absent == set()
    assert reading.unread[certificate.id].kind is FailureKind.DENIED


def test_a_second_look_may_find_what_the_listing_missed(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    certificate = place.create_certificate("client")
    make_api(place, certificate_id=certificate.id)
    aws.faults.add(FaultKind.REPLACE_BODY, "GetClientCertificates", body=b'{"item": []}')
    reading = read().readings["client_certificate"]
    assert [found.key for found in reading.items] == [certificate.id]
    assert reading.absent == set()
    assert reading.answer is None


def test_a_certificate_that_came_back_is_absent_no_longer(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    certificate = place.create_certificate("client")
    known = KnownRegion(absent_certificates=frozenset({certificate.id}))
    assert read(known).readings["client_certificate"].absent == set()


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_certificate_is_not_looked_for(
    aws: SimulatedAws, place: AccountRegion, read: Read, blank: str
) -> None:
    make_api(place, certificate_id=blank)
    snapshot = read()
    assert snapshot.readings["client_certificate"].status is COMPLETE
    assert asked(aws, "GetClientCertificate") == 0
    assert snapshot.readings["stage"].items[0].derived["client_certificate_id"] is None


@pytest.mark.parametrize("odd", ["a/b", "a?b#c", "%2e", "ü", "a b", "../restapis"])
def test_an_odd_certificate_id_asks_for_itself_and_nothing_else(
    aws: SimulatedAws, place: AccountRegion, read: Read, odd: str
) -> None:
    make_api(place, certificate_id=odd)
    reading = read().readings["client_certificate"]
    assert reading.absent == {odd}
    assert asked(aws, "GetClientCertificate") == 1


def test_an_id_that_would_ask_for_another_path_is_never_sent(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    make_api(place, certificate_id="..")
    reading = read().readings["client_certificate"]
    assert reading.unread[".."].kind is FailureKind.MALFORMED
    assert asked(aws, "GetClientCertificate") == 0


def test_certificates_of_unread_stages_are_looked_for_as_they_were_known(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    """Given an API whose stages cannot be read tonight, what they named last is still looked at."""
    certificate = place.create_certificate("client")
    acm = place.add_acm_certificate("backend.example.com")
    api_id = make_api(place, certificate_id=certificate.id)
    place.delete_certificate(certificate.id)
    aws.faults.add(FaultKind.DENIED, "GetStages")
    known = KnownRegion(
        named_certificates={api_id: frozenset({certificate.id, acm.arn}), "other": frozenset()}
    )
    snapshot = read(known)
    assert snapshot.readings["client_certificate"].absent == {certificate.id}
    assert [found.key for found in snapshot.readings["acm_certificate"].items] == [acm.arn]


def test_certificates_are_read_even_when_the_apis_cannot_be_listed(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    certificate = place.create_certificate("client")
    acm = place.add_acm_certificate("backend.example.com")
    aws.faults.add(FaultKind.DENIED, "GetRestApis")
    snapshot = read(KnownRegion(named_certificates={"gone": frozenset({acm.arn})}))
    assert [found.key for found in snapshot.readings["client_certificate"].items] == [certificate.id]
    assert [found.key for found in snapshot.readings["acm_certificate"].items] == [acm.arn]


def test_an_acm_certificate_is_described_once(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    acm = place.add_acm_certificate("backend.example.com")
    make_api(place, "one", acm.arn)
    make_api(place, "two", acm.arn)
    snapshot = read()
    (found,) = snapshot.readings["acm_certificate"].items
    assert (found.key, found.derived["kind"]) == (acm.arn, "ACM")
    assert found.derived["expires_at"] == acm.not_after
    assert asked(aws, "DescribeCertificate") == 1
    assert asked(aws, "GetClientCertificate") == 0


def test_an_acm_certificate_is_deleted_only_when_acm_says_so(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    acm = place.add_acm_certificate("backend.example.com")
    make_api(place, certificate_id=acm.arn)
    aws.faults.add(FaultKind.DENIED, "DescribeCertificate", times=1)
    denied = read().readings["acm_certificate"]
    assert denied.status is FAILED
    assert denied.absent == set()
    place.delete_acm_certificate(acm.arn)
    gone = read().readings["acm_certificate"]
    assert (gone.status, gone.absent) == (COMPLETE, {acm.arn})


@pytest.mark.parametrize(
    "place_of", [f"us-east-1:{OWN}", f"{REGION}:{MEMBER}"], ids=["another region", "another account"]
)
def test_an_acm_certificate_elsewhere_is_unknown(
    aws: SimulatedAws, place: AccountRegion, read: Read, place_of: str
) -> None:
    arn = f"arn:aws:acm:{place_of}:certificate/1234"
    make_api(place, certificate_id=arn)
    reading = read().readings["acm_certificate"]
    assert reading.absent == set()
    assert reading.status is FAILED
    assert asked(aws, "DescribeCertificate") == 0


def test_a_known_deployment_is_not_read_again(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    make_api(place)
    again = read(deployments_of(read()))
    assert again.readings["deployment"].status is COMPLETE
    assert again.readings["deployment"].items == []
    assert asked(aws, "GetExport") == 1
    assert asked(aws, "GetResources") == 0


BODIES = [
    pytest.param("GetStages", {"item": {"stageName": "prod"}}, id="an object for the list"),
    pytest.param("GetStages", {"item": "prod"}, id="a text for the list"),
    pytest.param("GetStages", {"item": ["prod"]}, id="a text for a stage"),
    pytest.param("GetStages", {"item": [None]}, id="null for a stage"),
    pytest.param("GetStages", [], id="a list for the answer"),
    pytest.param("GetStages", {"item": [{"deploymentId": "d"}]}, id="no name"),
    pytest.param("GetStages", {"item": [{"stageName": 5}]}, id="a number for a name"),
    pytest.param("GetStages", {"item": [{"stageName": "a\x00b"}]}, id="NUL in a name"),
    pytest.param(
        "GetStages", {"item": [{"stageName": "a", "clientCertificateId": "x\x00"}]}, id="NUL in an id"
    ),
    pytest.param("GetStages", {"item": [{"stageName": "\ud800"}]}, id="half a character in a name"),
    pytest.param(
        "GetStages", {"item": [{"stageName": "a", "clientCertificateId": {}}]}, id="an object for an id"
    ),
    pytest.param("GetStages", {"item": [{"stageName": "a", "variables": "x"}]}, id="a text for variables"),
    pytest.param(
        "GetStages", {"item": [{"stageName": "a", "variables": {"x": 1}}]}, id="a number for a variable"
    ),
    pytest.param("GetStages", {"item": [{"stageName": "a", "tags": []}]}, id="a list for tags"),
    pytest.param(
        "GetStages",
        {"item": [{"stageName": "a"}, {"stageName": "a", "deploymentId": "d"}]},
        id="two of a name",
    ),
    pytest.param("GetStages", {"item": [{"stageName": "a", "description": "x" * 1100000}]}, id="a huge text"),
    pytest.param("GetRestApis", {"item": [{"name": "no id"}]}, id="an API without id"),
    pytest.param("GetRestApis", {"item": [{"id": ".."}]}, id="an id that is a path"),
    pytest.param(
        "GetRestApis", {"item": [{"id": "a", "endpointConfiguration": "EDGE"}]}, id="a text for types"
    ),
    pytest.param("GetRestApis", {"item": [], "position": 7}, id="a number for a position"),
    pytest.param("GetRestApis", {"item": [{"id": f"a{n}"} for n in range(501)]}, id="a page over its limit"),
    pytest.param("GetRestApis", {"item": [{"id": "a", "version": 10**30}]}, id="an endless number"),
    pytest.param("GetExport", {"paths": {"/": {"get": "GET"}}}, id="a text for a method"),
    pytest.param(
        "GetExport", {"paths": {"/": {"get": {"x-amazon-apigateway-integration": {}}}}}, id="no type"
    ),
    pytest.param(
        "GetClientCertificates",
        {"item": [{"clientCertificateId": "c", "expirationDate": "soon"}]},
        id="no date",
    ),
    pytest.param(
        "GetClientCertificates",
        {"item": [{"clientCertificateId": "c", "expirationDate": 1e300}]},
        id="no time ever",
    ),
]


@pytest.mark.parametrize(("operation", "body"), BODIES)
def test_an_answer_of_the_wrong_form_is_malformed_and_never_empty(
    aws: SimulatedAws, place: AccountRegion, read: Read, operation: str, body: object
) -> None:
    make_api(place)
    aws.faults.add(FaultKind.REPLACE_BODY, operation, body=json.dumps(body).encode())
    snapshot = read()
    reading = {
        "GetRestApis": snapshot.readings["rest_api"],
        "GetStages": snapshot.readings["stage"],
        "GetExport": snapshot.readings["deployment"],
        "GetClientCertificates": snapshot.readings["client_certificate"],
    }[operation]
    assert reading.status in {FAILED, PARTIAL}
    assert reading.failure is not None
    assert reading.failure.kind is FailureKind.MALFORMED
    assert list(reading.items) == []


def test_pages_that_go_in_circles_are_malformed(
    aws: SimulatedAws, estate: Estate, place: AccountRegion, read: Read
) -> None:
    estate.page_limit = 1
    for number in range(2):
        make_api(place, f"api{number}")
    pages: list[bytes] = []

    def first_again(body: bytes) -> bytes:
        pages.append(body)
        return pages[0]

    aws.faults.add(FaultKind.REPLACE_BODY, "GetRestApis", body=first_again)
    failure = read().readings["rest_api"].failure
    assert failure is not None
    assert (failure.kind, "lead back" in failure.message) == (FailureKind.MALFORMED, True)
    assert len(pages) >= 2


def without_length(size: int) -> Callable[[bytes], bytes]:
    return lambda body: body[:size]


def test_an_answer_cut_off_anywhere_is_never_taken_for_a_shorter_one(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    for number in range(3):
        place.create_certificate(f"c{number}")
    for size in range(0, 400, 7):
        aws.faults.clear()
        aws.faults.add(FaultKind.REPLACE_BODY, "GetClientCertificates", body=without_length(size))
        assert read().readings["client_certificate"].status is FAILED, size


def test_descriptive_text_is_cleaned_and_unknown_fields_do_no_harm(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    body = {
        "item": [
            {
                "id": make_api(place),
                "name": "n\x00m\ud800",
                "description": "d\x00",
                "someday": {"new": 1},
                "createdDate": 1e300,
            }
        ]
    }
    aws.faults.add(FaultKind.REPLACE_BODY, "GetRestApis", body=json.dumps(body).encode())
    (api,) = read().readings["rest_api"].items
    assert api.payload["name"] == "n\ufffdm\ufffd"
    assert api.payload["description"] == "d\ufffd"


def test_a_once_failing_call_is_repeated_and_counted(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    make_api(place)
    for fault in (FaultKind.THROTTLED, FaultKind.SERVER_ERROR, FaultKind.CUT_OFF):
        aws.faults.clear()
        aws.faults.add(fault, "GetStages", times=1)
        snapshot = read()
        assert snapshot.readings["stage"].status is COMPLETE
        assert snapshot.cost.calls == 6
        assert snapshot.cost.throttles == (fault is FaultKind.THROTTLED)
