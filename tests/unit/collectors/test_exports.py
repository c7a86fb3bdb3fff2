"""Exports as real boto3 streams them: bounded, whole, or a failure of that deployment alone."""

from __future__ import annotations

from typing import Any

import pytest

from cmdb.items import collected_scopes
from cmdb.snapshot import FailureKind, KnownRegion, ScopeStatus
from collectors.readers import ALWAYS, readable
from simulated_aws import AccountRegion, FaultKind, Integration, Method, SimulatedAws
from tests.unit.collectors.conftest import KINDS, Read, patience


def asked(aws: SimulatedAws, operation: str) -> int:
    return sum(times for (name, _), times in aws.log.operations().items() if name == operation)


def test_a_deployment_is_read_as_it_was_made(place: AccountRegion, read: Read) -> None:
    api = place.add_api("orders", integrations=())
    both = place.add_validator(api.id, "both", body=True, parameters=True)
    linked = Integration(
        "HTTP", "http://nlb.example.com/orders?k=v", "POST", "VPC_LINK", "l1", insecure_skip_verification=True
    )
    place.put_method(
        api.id,
        "/orders",
        "POST",
        Method(
            linked,
            authorization_type="AWS_IAM",
            api_key_required=True,
            request_validator_id=both,
            request_parameters={"method.request.querystring.page": True},
            request_models={"application/json": place.add_model(api.id, "Order")},
        ),
    )
    deployed = place.add_stage(api.id, "prod").deployment_id

    (item,) = read().readings["deployment"].items

    assert (item.parent, item.key) == (api.id, deployed)
    assert item.derived == {"types": ("HTTP",), "has_http": True, "source": "EXPORT"}
    assert item.payload == {
        "methods": [
            {
                "path": "/orders",
                "verb": "POST",
                "integration_type": "HTTP",
                "connection_type": "VPC_LINK",
                "uri_scheme": "http",
                "uri_host": "nlb.example.com",
                "uri_is_fixed": True,
                "insecure_skip_verification": True,
                "authorization": "AWS_IAM",
                "api_key_required": True,
                "validates_body": True,
                "validates_parameters": True,
                "has_required_parameters": True,
                "has_body_model": True,
            }
        ]
    }


def test_a_draft_is_shown_in_the_form_of_its_deployment(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    """Given an API of every kind of method, deployed as it is, then both are the same but for validators."""
    api = place.add_api("orders", integrations=["HTTP_PROXY", "AWS_PROXY", "MOCK", "AWS", "HTTP"])
    linked = Integration(
        "HTTP", "http://nlb.example.com/orders?k=v", "POST", "VPC_LINK", "l1", insecure_skip_verification=True
    )
    order = {"application/json": place.add_model(api.id, "Order")}
    page = {"method.request.querystring.page": True}
    place.put_method(api.id, "/orders/{id}", "POST", Method(linked, "AWS_IAM", request_models=order))
    place.put_method(
        api.id, "/orders/{id}", "ANY", Method(linked, api_key_required=True, request_parameters=page)
    )
    authorizer = place.add_authorizer(api.id, "own", "TOKEN", uri="arn:aws:apigateway:x:lambda:path/f")
    place.put_method(api.id, "/orders", "GET", Method(linked, "CUSTOM", authorizer_id=authorizer))
    place.add_stage(api.id, "prod")
    readings = read(scopes=ALWAYS | {"draft"}).readings
    (served,), (draft,) = readings["deployment"].items, readings["draft"].items
    assert len(draft.payload["methods"]) == 8
    assert draft.payload["methods"] == [
        {name: value for name, value in method.items() if not name.startswith("validates_")}
        for method in served.payload["methods"]
    ]
    # and once more it is the same item, by the same answers
    again = read(scopes=ALWAYS | {"draft"}).readings["draft"]
    assert again.items == [draft]
    assert again.answers is not None
    assert readings["draft"].answers is not None
    assert again.answers.whole() == readings["draft"].answers.whole()


@pytest.mark.parametrize(("fault", "kind"), KINDS)
def test_a_draft_that_cannot_be_read_is_unread_and_the_others_are_read(
    aws: SimulatedAws, place: AccountRegion, read: Read, fault: FaultKind, kind: FailureKind
) -> None:
    bad, good = place.add_api("bad").id, place.add_api("good").id
    aws.faults.add(fault, "GetResources", resource_id=bad, seconds=3.0)
    reading = read(scopes=ALWAYS | {"draft"}, **patience(fault)).readings["draft"]
    assert reading.status is ScopeStatus.PARTIAL
    assert reading.failure is not None
    assert reading.failure.kind is kind
    assert [item.parent for item in reading.items] == [good]


def test_a_draft_of_an_api_that_goes_meanwhile_is_gone_with_it(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    gone, kept = place.add_api("gone").id, place.add_api("kept").id
    aws.hooks.before("GetResources", lambda _: place.delete_api(gone))
    reading = read(scopes=ALWAYS | {"draft"}).readings["draft"]
    assert reading.status is ScopeStatus.COMPLETE
    assert [item.parent for item in reading.items] == [kept]


def test_an_account_region_is_read_in_the_scopes_that_are_declared(read: Read) -> None:
    assert set(read().readings) == ALWAYS
    assert set(read(scopes=readable()).readings) <= readable() == set(collected_scopes())


def test_a_known_deployment_is_not_read_again(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    api = place.add_api("orders")
    deployed = place.add_stage(api.id, "prod").deployment_id
    snapshot = read(KnownRegion(deployments={api.id: frozenset({deployed})}))
    assert snapshot.readings["deployment"].status is ScopeStatus.COMPLETE
    assert asked(aws, "GetExport") == 0
    assert asked(aws, "GetStages") == 1


@pytest.mark.parametrize(("fault", "kind"), [*KINDS, (FaultKind.HUGE_BODY, FailureKind.MALFORMED)])
def test_a_failed_export_is_that_apis_failure(
    aws: SimulatedAws, place: AccountRegion, read: Read, fault: FaultKind, kind: FailureKind
) -> None:
    apis = [place.add_api(name) for name in ("first", "second", "third")]
    for api in apis:
        place.add_stage(api.id, "prod")
    aws.faults.add(fault, "GetExport", resource_id=apis[1].id)

    snapshot = read(**patience(fault))

    reading = snapshot.readings["deployment"]
    assert snapshot.readings["stage"].status is ScopeStatus.COMPLETE
    assert reading.status is ScopeStatus.PARTIAL
    assert reading.unread[apis[1].id].kind is kind
    assert {item.parent for item in reading.items} <= {apis[0].id, apis[2].id}
    # Credentials that are refused once are not tried again.
    assert len(reading.items) == 2 or kind is FailureKind.CREDENTIALS


def test_a_cut_off_body_is_asked_for_once_more(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "prod")
    aws.faults.add(FaultKind.CUT_OFF, "GetExport", times=1)
    assert len(read().readings["deployment"].items) == 1
    assert asked(aws, "GetExport") == 2


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"null", b"{}", b'{"paths": 1}', b"\xff\xfe", b"[" * 100_000, b'{"paths":' * 5000),
        b'{"openapi": "3.0.1", "paths": {}, "x-own": {"a": 1, "a": 2}}',
        b'{"openapi": "3.0.1", "paths": {}, "x-own": NaN}',
    ],
)
def test_an_odd_document_is_unread_with_a_sentence(
    aws: SimulatedAws, place: AccountRegion, read: Read, body: bytes
) -> None:
    api = place.add_api("orders")
    place.add_stage(api.id, "prod")
    aws.faults.add(FaultKind.REPLACE_BODY, "GetExport", body=body)
    (failure,) = read().readings["deployment"].unread.values()
    assert failure.kind is FailureKind.MALFORMED
    assert failure.message.startswith("Deployment ")
    assert failure.message.endswith(".")


def test_exports_that_are_given_up_on_leave_stages_and_certificates_to_be_read(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    for number in range(6):
        place.add_stage(place.add_api(f"api{number}").id, "prod")
    aws.faults.add(FaultKind.THROTTLED, "GetExport")
    snapshot = read()
    statuses: dict[str, Any] = {name: one.status for name, one in snapshot.readings.items()}
    assert statuses["stage"] is statuses["client_certificate"] is ScopeStatus.COMPLETE
    assert len(snapshot.readings["deployment"].unread) == 6
    # three calls in a row, each tried three times
    assert asked(aws, "GetExport") == 9
