"""Stories of a stage and the backends of its API, from AWS to report.finding."""

from __future__ import annotations

import pytest

from simulated_aws import FaultKind
from tests.support.doses import at_length
from tests.support.nights import EXPIRY, SSL, MakeNights, Nights

EMPTY = ("INCOMPLIANT", "certificate_empty")
METRICS = "/gateledger/aws/apigateway/rest-api-stage-detailed-metrics"
PRIVATE = ("INAPPLICABLE", "private_endpoint")
NO_HTTP = ("INAPPLICABLE", "no_http_integration")
UNKNOWN = ("UNDETERMINED", "integrations_unknown")
NO_HTTP_BACKENDS: list[list[str | None]] = [["AWS_PROXY"], ["AWS", "MOCK"], ["MOCK"], []]


@pytest.mark.both_servers
def test_an_api_becomes_private_and_regional_again(nights: Nights) -> None:
    stage = nights.stage()
    nights.night()
    assert nights.verdict(stage) == EMPTY
    # when its endpoint becomes private
    nights.place().set_endpoint_types(stage.api_id, ["PRIVATE"])
    nights.nights(2)
    # then no certificate is asked of it, and the episode ends without being remediated
    assert nights.verdict(stage) == PRIVATE
    assert nights.episodes(stage) == [(1, 2, "INAPPLICABLE")]
    # when it is reachable from outside again
    nights.place().set_endpoint_types(stage.api_id, ["REGIONAL"])
    nights.night()
    assert nights.history(stage) == [
        ("certificate_empty", 1, 2),
        ("private_endpoint", 2, 4),
        ("certificate_empty", 4, None),
    ]
    assert nights.episodes(stage) == [(1, 2, "INAPPLICABLE"), (4, None, None)]


def test_a_private_apis_deployments_are_not_read_until_it_is_private_no_longer(nights: Nights) -> None:
    # given an API that was always private
    stage = nights.stage(endpoint_types=["PRIVATE"], integrations=["MOCK"])
    nights.night()
    assert nights.verdict(stage) == PRIVATE
    assert nights.asked("GetExport") == 0
    # when it is opened on a night on which exports are denied
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetExport")
    nights.place().set_endpoint_types(stage.api_id, ["REGIONAL"])
    nights.night()
    # then it is not known what its backends are
    assert nights.verdict(stage) == UNKNOWN
    nights.mend(denied)
    nights.night()
    assert nights.verdict(stage) == NO_HTTP


def test_a_private_apis_deployments_are_read_for_policies_that_ask_about_methods(
    make_nights: MakeNights,
) -> None:
    # given a private API, and a policy about the methods that its stage serves
    nights = make_nights(policies=f"{SSL},{METRICS}")
    stage = nights.stage(endpoint_types=["PRIVATE"])
    nights.night()
    assert nights.asked("GetExport") == 1
    assert nights.verdict(stage) == PRIVATE
    assert nights.verdict(stage, METRICS) == ("INCOMPLIANT", "metrics_off")
    # when such policies are switched off and it is deployed anew, then nothing of it is asked for
    nights.settings = nights.settings.model_copy(update={"policies": (SSL,)})
    nights.place().deploy(stage.api_id, "prod")
    nights.aws.log.clear()
    nights.night()
    assert nights.asked("GetExport") == 0


def test_an_api_that_is_private_and_regional_is_not_private(nights: Nights) -> None:
    stage = nights.stage(endpoint_types=["PRIVATE", "REGIONAL"])
    nights.night()
    assert nights.verdict(stage) == EMPTY


@pytest.mark.both_servers
def test_a_deployment_that_could_never_be_read(nights: Nights) -> None:
    # given an API whose exports are denied from the first night, and another
    stage, other = nights.stage(), nights.stage("other")
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetExport", resource_id=stage.api_id)
    summary = nights.night()
    # then the scope says so, and it is not taken for an API without HTTP backends
    assert summary.scopes_failed == 1
    assert nights.scopes()["deployment"] == ("partial", "denied")
    assert nights.verdict(stage) == UNKNOWN
    assert nights.verdict(other) == EMPTY
    # when they can be read
    nights.night()
    nights.mend(denied)
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [("integrations_unknown", 1, 3), ("certificate_empty", 3, None)]
    # and when they are denied again, what is known of its deployment goes on to count until the next one
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetExport", resource_id=stage.api_id)
    assert nights.night().scopes_failed == 0
    nights.place().set_integrations(stage.api_id, ["AWS_PROXY"])
    assert nights.night().scopes_failed == 1
    nights.mend(denied)
    nights.night()
    assert nights.history(stage) == [
        ("integrations_unknown", 1, 3),
        ("certificate_empty", 3, 5),
        ("integrations_unknown", 5, 6),
        ("no_http_integration", 6, None),
    ]


@pytest.mark.parametrize(
    ("integrations", "certificate"),
    at_length(
        [(each, named) for each in NO_HTTP_BACKENDS for named in (False, True)],
        # All kinds of backends, with and without a certificate in turn.
        but=lambda row: (NO_HTTP_BACKENDS.index(row[0]) % 2 == 0) == row[1],
    ),
)
def test_an_api_without_http_backends(
    nights: Nights, integrations: list[str | None], certificate: bool
) -> None:
    # given an API without HTTP backends
    named = nights.certificate() if certificate else None
    stage = nights.stage(integrations=integrations, certificate=named)
    nights.night()
    # then a certificate is not asked for, present or not
    assert nights.verdict(stage) == NO_HTTP
    # when an HTTP backend is deployed
    nights.place().set_integrations(stage.api_id, [*integrations, "HTTP"])
    nights.night()
    after = "certificate_present" if certificate else "certificate_empty"
    assert nights.history(stage) == [("no_http_integration", 1, 2), (after, 2, None)]
    # and taken away again
    nights.place().set_integrations(stage.api_id, integrations)
    nights.night()
    assert nights.verdict(stage) == NO_HTTP


def test_an_api_without_stages_gets_one(nights: Nights) -> None:
    # given an API without stages, of which nothing has to be read
    api_id = nights.api()
    nights.night()
    assert nights.asked("GetExport") == 0
    stage = nights.stage(api_id=api_id)
    nights.night()
    assert nights.history(stage) == [("certificate_empty", 2, None)]


def test_a_stage_that_loses_its_certificate_and_then_its_backends(nights: Nights) -> None:
    # given both policies, which ask different things of a stage
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()
    nights.place().delete_certificate(certificate)
    nights.night()
    nights.place().set_integrations(stage.api_id, ["MOCK"])
    nights.night()
    assert nights.history(stage) == [
        ("certificate_present", 1, 2),
        ("certificate_deleted", 2, 3),
        ("no_http_integration", 3, None),
    ]
    assert nights.history(stage, EXPIRY) == [
        ("certificate_valid", 1, 2),
        ("certificate_deleted", 2, 3),
        ("no_http_integration", 3, None),
    ]
    assert nights.episodes(stage) == [(2, 3, "INAPPLICABLE")]
