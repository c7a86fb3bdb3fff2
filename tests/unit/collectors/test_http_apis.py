"""HTTP and WebSocket APIs of an account-region read from a simulated AWS, when everything is fine and when not."""

from __future__ import annotations

import json
from itertools import cycle

import pytest

from cmdb.snapshot import FailureKind, KnownRegion, Reading, ScopeStatus
from collectors.http_apis import READER
from collectors.readers import readable
from simulated_aws import AccountRegion, Estate, FaultKind, SimulatedAws
from simulated_aws.faults import Occasion
from tests.unit.collectors.conftest import KINDS, OWN, Read, patience

COMPLETE, PARTIAL, FAILED = ScopeStatus.COMPLETE, ScopeStatus.PARTIAL, ScopeStatus.FAILED
SCOPES = READER.scopes
WANTED = {"scopes": frozenset(SCOPES)}
PARTS = {
    "api_stage": "v2.GetStages",
    "api_routes": "v2.GetRoutes",
    "api_integrations": "v2.GetIntegrations",
}

#: Every fault, each on one of the calls.
STRUCK = [(scope, *kind) for scope, kind in zip(cycle(PARTS), KINDS, strict=False)]


def make_api(place: AccountRegion, name: str, protocol: str = "HTTP", **stage: object) -> str:
    api = place.add_http_api(name, protocol)
    integration = place.add_http_integration(api.id, integrationUri="https://backend.example.com/x?token=1")
    place.add_route(api.id, "$default", integration_id=integration)
    place.add_http_stage(api.id, "live", **stage)
    return api.id


def of(reading: Reading) -> dict[str | None, object]:
    return {item.parent: item.payload for item in reading.items}


def test_everything_is_read_without_secrets(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    api = place.add_http_api("orders", tags={"team": "shop", "Env": "live"}, description="Orders")
    first = place.add_http_integration(
        api.id,
        integrationUri="HTTPS://user:s3cret@Backend.example.com:8443/hook/s3cret?key=s3cret",
        requestParameters={"append:header.key": "s3cret"},
        credentialsArn="arn:aws:iam::111111111111:role/s3cret",
        responseParameters={"200": {"append:header.key": "s3cret"}},
        requestTemplates={"application/json": "s3cret"},
        tlsConfig={"serverNameToVerify": "backend.example.com"},
    )
    for uri in ("arn:aws:sqs:x:path/y?Body=s3cret", "${stageVariables.host}/s3cret", "s3cret"):
        place.add_http_integration(api.id, "AWS_PROXY", integrationUri=uri)
    place.add_route(api.id, "POST /orders", integration_id=first, authorizationType="JWT")
    place.add_route(api.id, "GET /orders")
    place.add_http_stage(
        api.id, stageVariables={"password": "s3cret-Aa1!xyz", "host": "backend"}, tags={"A": "b"}
    )

    readings = read(**WANTED).readings

    assert all(readings[scope].status is COMPLETE for scope in SCOPES)
    (found,) = readings["api"].items
    assert (found.key, found.payload["ProtocolType"], found.payload["Name"]) == (api.id, "HTTP", "orders")
    assert found.payload["Tags"] == {"team": "shop", "Env": "live"}
    (stage,) = readings["api_stage"].items
    assert (stage.parent, stage.key) == (api.id, "$default")
    assert stage.derived == {"client_certificate_id": None, "secret_variables": ("password",)}
    assert stage.payload["StageVariables"].keys() == {"password", "host"}
    (routes,) = readings["api_routes"].items
    assert [route["RouteKey"] for route in routes.payload["Routes"]] == ["GET /orders", "POST /orders"]
    assert routes.payload["Routes"][1]["AuthorizationType"] == "JWT"
    (integrations,) = readings["api_integrations"].items
    held = {each["IntegrationId"]: each for each in integrations.payload["Integrations"]}
    assert held.pop(first) == {
        "IntegrationId": first,
        "IntegrationType": "HTTP_PROXY",
        "ConnectionType": "INTERNET",
        "IntegrationMethod": "ANY",
        "PayloadFormatVersion": "1.0",
        "TimeoutInMillis": 30000,
        "IntegrationUri": "HTTPS://Backend.example.com:8443",
        "TlsConfig": {"ServerNameToVerify": "backend.example.com"},
    }
    uris = {each["IntegrationUri"] for each in held.values()}
    assert uris == {"arn:aws:sqs:x:path/y", "${stageVariables.host}", ""}
    assert "s3cret" not in json.dumps([item.payload for each in readings.values() for item in each.items])


def test_nothing_is_asked_for_what_is_not_wanted(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    api_id = make_api(place, "orders")

    assert not set(SCOPES) & read().readings.keys()
    assert not any(entry.operation.startswith("v2.") for entry in aws.log.entries())

    readings = read(scopes=frozenset({"api", "api_routes"})).readings
    assert set(SCOPES) & readings.keys() == {"api", "api_routes"}
    assert of(readings["api_routes"]).keys() == {api_id}
    called = [entry.operation for entry in aws.log.entries() if entry.operation.startswith("v2.")]
    assert called == ["v2.GetApis", "v2.GetRoutes"]


def test_an_empty_account_region_costs_one_call_more(aws: SimulatedAws, read: Read) -> None:
    snapshot = read(**WANTED)
    assert all(snapshot.readings[scope].status is COMPLETE for scope in SCOPES)
    assert snapshot.cost.calls == 3
    assert read(scopes=readable()).cost.calls <= 5


def test_an_order_of_the_answer_is_no_content(place: AccountRegion, read: Read) -> None:
    api_id = make_api(place, "orders")
    place.add_route(api_id, "ANY /a")
    before = read(**WANTED).readings["api_routes"].items
    routes = place.http_apis[api_id].routes
    for number, name in enumerate(sorted(routes, reverse=True)):
        routes[f"{number:07d}"] = routes.pop(name)

    assert read(**WANTED).readings["api_routes"].items == before


@pytest.mark.parametrize(("scope", "fault", "kind"), STRUCK)
def test_parts_of_one_api_failing_leave_everything_else_read(
    aws: SimulatedAws, place: AccountRegion, read: Read, scope: str, fault: FaultKind, kind: FailureKind
) -> None:
    """Of three APIs, in the order in which they are read, one fails in one of its parts."""
    made = sorted(make_api(place, name) for name in ("a", "b", "c"))
    bad = made[list(PARTS).index(scope)]
    aws.faults.add(fault, PARTS[scope], resource_id=bad)

    readings = read(**patience(fault), **WANTED).readings

    assert readings["api"].status is COMPLETE
    assert len(readings["api"].items) == 3
    for name in PARTS:
        if kind is FailureKind.CREDENTIALS and name == scope:
            # Nothing else would be answered either.
            assert bad in readings[name].unread or readings[name].status is FAILED
        elif name == scope:
            assert readings[name].status is PARTIAL
            assert {key: failure.kind for key, failure in readings[name].unread.items()} == {bad: kind}
            assert of(readings[name]).keys() == set(made) - {bad}
        else:
            assert readings[name].status is COMPLETE
            assert of(readings[name]).keys() == set(made)


@pytest.mark.parametrize("fault", [FaultKind.DENIED, FaultKind.CUT_OFF])
def test_apis_that_cannot_be_listed_say_nothing_of_their_parts(
    aws: SimulatedAws, place: AccountRegion, read: Read, fault: FaultKind
) -> None:
    make_api(place, "orders")
    aws.faults.add(fault, "v2.GetApis")

    readings = read(**WANTED).readings

    assert {readings[scope].status for scope in SCOPES} == {FAILED}
    assert not any(readings[scope].items for scope in SCOPES)
    assert readings["rest_api"].status is readings["client_certificate"].status is COMPLETE


@pytest.mark.parametrize("operation", PARTS.values())
def test_an_api_that_goes_while_it_is_read_is_gone(
    aws: SimulatedAws, place: AccountRegion, read: Read, operation: str
) -> None:
    stays, goes = make_api(place, "a"), make_api(place, "b")
    aws.hooks.before(operation, lambda _: place.delete_http_api(goes), resource_id=goes)

    readings = read(**WANTED).readings

    assert [item.key for item in readings["api"].items] == [stays]
    assert readings["api"].answer is None
    for scope in PARTS:
        assert readings[scope].status is COMPLETE
        assert of(readings[scope]).keys() == {stays}


def test_an_api_that_is_there_again_when_it_is_looked_at_is_not_gone(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    api_id = make_api(place, "a")
    aws.hooks.before("v2.GetRoutes", lambda _: place.delete_http_api(api_id))
    aws.hooks.after("v2.GetRoutes", lambda _: place.restore_http_api(api_id))

    readings = read(**WANTED).readings

    assert [item.key for item in readings["api"].items] == [api_id]
    assert readings["api_routes"].status is FAILED
    assert readings["api_stage"].status is COMPLETE


def test_a_certificate_that_a_stage_names_is_looked_up_and_the_stage_after_it(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    certificate = place.create_certificate()
    make_api(place, "chat", "WEBSOCKET", clientCertificateId=certificate.id)
    assert not read(**WANTED).readings["client_certificate"].absent
    place.delete_certificate(certificate.id)

    snapshot = read(**WANTED)

    assert snapshot.readings["client_certificate"].absent == {certificate.id}
    (stage,) = snapshot.readings["api_stage"].items
    assert stage.derived["client_certificate_id"] == certificate.id
    called = [entry.operation for entry in aws.log.entries()]
    assert called.index("GetClientCertificate") < called.index("v2.GetStage")


def test_a_rotation_between_stages_and_certificates_is_no_deletion(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    old = place.create_certificate()
    api_id = make_api(place, "chat", "WEBSOCKET", clientCertificateId=old.id)
    made: list[str] = []

    def rotate(_: Occasion) -> None:
        made.append(place.create_certificate().id)
        place.update_http_stage(api_id, "live", clientCertificateId=made[0])
        place.delete_certificate(old.id)

    aws.hooks.before("GetClientCertificates", rotate)

    readings = read(**WANTED).readings

    (stage,) = readings["api_stage"].items
    assert stage.derived["client_certificate_id"] == made[0]
    assert readings["api_stage"].answers is None
    assert made[0] in {item.key for item in readings["client_certificate"].items}


def test_a_stage_that_cannot_be_looked_at_again_leaves_its_certificate_unknown(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    certificate = place.create_certificate()
    make_api(place, "chat", "WEBSOCKET", clientCertificateId=certificate.id)
    place.delete_certificate(certificate.id)
    aws.faults.add(FaultKind.DENIED, "v2.GetStage")

    reading = read(**WANTED).readings["client_certificate"]

    assert reading.unread.keys() == {certificate.id}
    assert not reading.absent


@pytest.mark.parametrize("operation", ["v2.GetStages", "v2.GetApis"])
def test_certificates_of_stages_that_cannot_be_read_are_still_looked_at(
    aws: SimulatedAws, place: AccountRegion, read: Read, operation: str
) -> None:
    certificate = place.create_certificate()
    api_id = make_api(place, "chat", "WEBSOCKET", clientCertificateId=certificate.id)
    place.delete_certificate(certificate.id)
    aws.faults.add(FaultKind.DENIED, operation)

    known = KnownRegion(named_certificates={api_id: frozenset({certificate.id})})
    reading = read(known, **WANTED).readings["client_certificate"]

    assert reading.absent == {certificate.id}


def test_pages_are_followed_to_the_end(aws: SimulatedAws, estate: Estate, read: Read) -> None:
    place = estate.region(OWN, "us-east-1")
    api_id = make_api(place, "large")
    for number in range(501):
        place.add_route(api_id, f"GET /{number}")
    first = read(region="us-east-1", **WANTED).readings["api_routes"]
    again = read(region="us-east-1", **WANTED).readings["api_routes"]

    assert len(first.items[0].payload["Routes"]) == 502
    assert len(aws.log.entries(operation="v2.GetRoutes")) == 4
    assert first.answers is not None
    assert again.answers is not None
    assert first.answers.whole() == again.answers.whole()
    aws.faults.add(FaultKind.CUT_OFF, "v2.GetRoutes", page=2)
    assert read(region="us-east-1", **WANTED).readings["api_routes"].status is FAILED


@pytest.mark.parametrize(
    ("change", "scope"),
    [
        ({"clientCertificateId": ["x"]}, "api_stage"),
        ({"stageVariables": {"a": 1}}, "api_stage"),
        ({"tags": {"a": 1}}, "api_stage"),
    ],
)
def test_what_is_not_what_aws_promises_is_malformed(
    place: AccountRegion, read: Read, change: dict[str, object], scope: str
) -> None:
    make_api(place, "orders", **change)
    reading = read(**WANTED).readings[scope]
    assert reading.status is FAILED
    assert reading.failure is not None
    assert reading.failure.kind is FailureKind.MALFORMED
