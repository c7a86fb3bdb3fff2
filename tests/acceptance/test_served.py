"""Stories of what a stage serves, from AWS to report.finding: deployments, drafts, canaries, rotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulated_aws import FaultKind
from tests.support.doses import at_length
from tests.support.nights import EXPIRY, MakeNights, Nights, StageKey

EMPTY = ("INCOMPLIANT", "certificate_empty")
PRESENT = ("COMPLIANT", "certificate_present")
DELETED = ("INCOMPLIANT", "certificate_deleted")
NO_HTTP = ("INAPPLICABLE", "no_http_integration")
UNKNOWN = ("UNDETERMINED", "integrations_unknown")
DRAFT = "/gateledger/aws/apigateway/rest-api-stage-draft"
LATE = "/gateledger/aws/apigateway/rest-api-stage-certificate-attached-late"
CERTIFICATE_UNKNOWN = ("UNDETERMINED", "certificates_unknown")


def calls(nights: Nights, operation: str) -> int:
    """Return how often AWS was asked so in the last night, and forget it."""
    made = nights.asked(operation)
    nights.aws.log.clear()
    return made


@pytest.mark.both_servers
def test_a_change_that_is_deployed_to_dev_first_changes_dev_alone(nights: Nights) -> None:
    # given an API whose dev and prod call an HTTP backend
    prod = nights.stage("prod")
    dev = nights.stage("dev", api_id=prod.api_id)
    nights.night()
    assert nights.verdict(prod) == nights.verdict(dev) == EMPTY
    # when it moves to Lambda and is deployed to dev
    nights.place().set_integrations(prod.api_id, ["AWS_PROXY"], deploy=False)
    nights.place().deploy(prod.api_id, "dev")
    nights.night()
    # then prod goes on serving its own deployment
    assert nights.history(prod) == [("certificate_empty", 1, None)]
    assert nights.history(dev) == [("certificate_empty", 1, 2), ("no_http_integration", 2, None)]
    # when the same deployment is promoted to prod, nothing has to be read for it
    nights.aws.log.clear()
    nights.place().serve(prod.api_id, "prod", nights.place().apis[prod.api_id].stages["dev"].deployment_id)
    nights.night()
    assert nights.verdict(prod) == NO_HTTP
    assert calls(nights, "GetExport") == 0


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    at_length(
        [("HTTP", "AWS_PROXY", EMPTY), ("AWS_PROXY", "HTTP", NO_HTTP)], but=lambda row: row[0] == "HTTP"
    ),
)
def test_a_draft_that_is_never_deployed_changes_nothing(
    nights: Nights, before: str, after: str, verdict: tuple[str, str]
) -> None:
    stage = nights.stage(integrations=[before])
    nights.night()
    nights.place().set_integrations(stage.api_id, [after], deploy=False)
    nights.aws.log.clear()
    nights.nights(9)
    assert nights.history(stage) == [(verdict[1], 1, None)]
    assert nights.asked("GetExport") == nights.asked("GetResources") == 0


def test_a_rollback_to_a_known_deployment_is_read_from_what_is_known(nights: Nights) -> None:
    stage = nights.stage()
    old = nights.place().apis[stage.api_id].stages["prod"].deployment_id
    nights.night()
    nights.place().set_integrations(stage.api_id, ["MOCK"])
    nights.night()
    nights.aws.log.clear()
    # when it is rolled back
    nights.place().serve(stage.api_id, "prod", old)
    nights.night()
    assert nights.history(stage) == [
        ("certificate_empty", 1, 2),
        ("no_http_integration", 2, 3),
        ("certificate_empty", 3, None),
    ]
    assert calls(nights, "GetExport") == 0
    # and the history of the stage names what each deployment changed in what it serves
    changed = nights.rows(
        "SELECT changed FROM report.stage_history WHERE changed IS NOT NULL ORDER BY valid_from"
    )
    new = nights.rows("SELECT deployment_id FROM report.deployment WHERE NOT has_http")[0]["deployment_id"]
    assert [row["changed"] for row in changed] == [
        ["deployment_id", "GET /path1: HTTP_PROXY -> MOCK", f"deployment {old} -> {new}"],
        ["deployment_id", "GET /path1: MOCK -> HTTP_PROXY", f"deployment {new} -> {old}"],
    ]


def test_two_stages_on_one_deployment_are_one_export(nights: Nights) -> None:
    api_id = nights.api()
    shared = nights.place().create_deployment(api_id)
    for name in ("dev", "prod"):
        nights.place().add_stage(api_id, name, deployment_id=shared)
    nights.night()
    assert calls(nights, "GetExport") == 1
    rows = nights.rows("SELECT deployment_id, types, has_http, source, methods FROM report.deployment")
    assert rows == [
        {
            "deployment_id": shared,
            "types": ["HTTP_PROXY"],
            "has_http": True,
            "source": "EXPORT",
            "methods": [
                {
                    "path": "/path1",
                    "verb": "GET",
                    "integration_type": "HTTP_PROXY",
                    "uri_scheme": "https",
                    "uri_host": "backend.example.com",
                    "uri_is_fixed": True,
                    "authorization": "NONE",
                    "api_key_required": False,
                    "validates_body": False,
                    "validates_parameters": False,
                    "has_required_parameters": False,
                    "has_body_model": False,
                }
            ],
        }
    ]


def test_an_unchanged_night_reads_no_definition(nights: Nights) -> None:
    for _ in range(3):
        nights.stage()
    nights.night()
    assert calls(nights, "GetExport") == 3
    nights.night()
    assert nights.asked("GetExport") == 0
    assert calls(nights, "GetStages") == 3


@pytest.mark.parametrize(
    ("own", "canary", "verdict"),
    [
        ("HTTP", "MOCK", EMPTY),
        ("HTTP", "HTTP", EMPTY),
        ("MOCK", "HTTP", UNKNOWN),
        ("MOCK", "AWS", UNKNOWN),
    ],
)
def test_a_canary_that_no_stage_serves_is_not_known_and_may_decide(
    nights: Nights, own: str, canary: str, verdict: tuple[str, str]
) -> None:
    # given a stage, and a canary on a deployment of its own
    stage = nights.stage(integrations=[own])
    nights.place().set_integrations(stage.api_id, [canary], deploy=False)
    nights.place().set_canary(stage.api_id, "prod")
    summary = nights.night()
    # then only a verdict that does not depend on it is given; nothing failed
    assert nights.verdict(stage) == verdict
    assert summary.scopes_failed == 0
    # when it is promoted
    nights.place().promote_canary(stage.api_id, "prod")
    nights.night()
    assert nights.verdict(stage) == (EMPTY if canary == "HTTP" else NO_HTTP)


@pytest.mark.parametrize("canary", ["HTTP", "MOCK"])
def test_a_canary_on_a_deployment_that_another_stage_serves_is_known(nights: Nights, canary: str) -> None:
    stage = nights.stage(integrations=["MOCK"])
    nights.place().set_integrations(stage.api_id, [canary], deploy=False)
    other = nights.stage("other", api_id=stage.api_id)
    served = nights.place().apis[stage.api_id].stages["other"].deployment_id
    nights.place().set_canary(stage.api_id, "prod", deployment_id=served)
    nights.night()
    assert nights.verdict(stage) == nights.verdict(other) == (EMPTY if canary == "HTTP" else NO_HTTP)
    # and stays known when the other stage serves it no longer
    nights.place().delete_stage(stage.api_id, "other")
    nights.night()
    assert nights.verdict(stage) == (EMPTY if canary == "HTTP" else NO_HTTP)


def test_an_export_that_is_refused_leaves_what_is_served_unknown(nights: Nights) -> None:
    stage = nights.stage()
    nights.night()
    # when it is deployed anew in a form that AWS cannot export
    nights.place().set_exportable(stage.api_id, False)
    nights.place().set_integrations(stage.api_id, ["MOCK"])
    assert nights.night().scopes_failed == 1
    assert nights.verdict(stage) == UNKNOWN
    assert nights.scopes()["deployment"] == ("partial", "refused")
    # and when it is deployed in one that it can
    nights.place().set_exportable(stage.api_id, True)
    nights.place().set_integrations(stage.api_id, ["MOCK"])
    assert nights.night().scopes_failed == 0
    assert nights.verdict(stage) == NO_HTTP


def test_an_api_deleted_between_the_listing_and_the_export_is_gone(nights: Nights) -> None:
    stage, other = nights.stage(), nights.stage("other")
    nights.night()
    nights.place().set_integrations(stage.api_id, ["MOCK"])
    nights.aws.hooks.before(
        "GetExport", lambda _: nights.place().delete_api(stage.api_id), resource_id=stage.api_id
    )
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [("certificate_empty", 1, 2), ("stage_disappeared", 2, None)]
    assert nights.verdict(other) == EMPTY


def test_a_stage_deleted_before_its_export_leaves_its_deployment_to_the_next_one(nights: Nights) -> None:
    api_id = nights.api()
    shared = nights.place().create_deployment(api_id)
    first, second = (StageKey(nights.place(), api_id, name) for name in ("dev", "prod"))
    for stage in (first, second):
        nights.place().add_stage(api_id, stage.name, deployment_id=shared)
    nights.aws.hooks.before("GetExport", lambda _: nights.place().delete_stage(api_id, "dev"))
    assert nights.night().scopes_failed == 0
    assert nights.verdict(first) is None
    assert nights.verdict(second) == EMPTY


def test_a_deployment_between_the_listing_and_the_export_is_not_taken_for_the_one_before(
    nights: Nights,
) -> None:
    # given a stage that is deployed anew just before its export
    stage = nights.stage(integrations=["HTTP"])
    listed = nights.place().apis[stage.api_id].stages["prod"].deployment_id
    nights.aws.hooks.before("GetExport", lambda _: nights.place().set_integrations(stage.api_id, ["MOCK"]))
    assert nights.night().scopes_failed == 0
    # then it is judged by what it serves by then
    assert nights.verdict(stage) == NO_HTTP
    # and the deployment before it, served again, is read then
    nights.place().serve(stage.api_id, "prod", listed)
    nights.night()
    assert nights.verdict(stage) == EMPTY


def test_a_stage_that_is_deployed_all_the_time_is_unknown_until_it_rests(nights: Nights) -> None:
    stage = nights.stage(integrations=["HTTP"])
    hook = nights.aws.hooks.before(
        "GetExport", lambda _: nights.place().set_integrations(stage.api_id, ["MOCK"]), times=None
    )
    assert nights.night().scopes_failed == 1
    assert nights.verdict(stage) == UNKNOWN
    nights.aws.hooks.remove(hook)
    assert nights.night().scopes_failed == 0
    assert nights.verdict(stage) == NO_HTTP


@pytest.mark.parametrize("turn", at_length([0, 1, 2], but=lambda turn: turn == 0))
def test_a_rotation_between_any_two_calls_is_no_deleted_certificate(nights: Nights, turn: int) -> None:
    # given a stage whose certificate is replaced every night, its three steps before one call after the other
    place = nights.place()
    stage = nights.stage(certificate=nights.certificate())
    other = nights.stage("other", certificate=nights.certificate())
    nights.night()
    made = len(nights.aws.log.entries())
    for first in range(1, made + 3):
        # Each first call in each turn, with each gap between the steps in one of them.
        gap = (first + turn) % 3
        steps = place.rotate_certificate(stage.api_id, "prod")
        hooks = [
            nights.aws.hooks.before(None, lambda _, of=steps: next(of, None), nth=first + gap * number)
            for number in range(3)
        ]
        nights.night()
        for hook in hooks:
            nights.aws.hooks.remove(hook)
        for _ in steps:
            pass
        assert nights.verdict(stage) == PRESENT, (first, gap)
    assert nights.history(stage) == [("certificate_present", 1, None)]
    assert nights.history(stage, EXPIRY) == [("certificate_valid", 1, None)]
    assert nights.history(other) == [("certificate_present", 1, None)]


def test_a_deleted_certificate_is_proven_once(nights: Nights) -> None:
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    second = nights.stage("second", certificate=certificate)
    nights.night()
    assert calls(nights, "GetStage") == 0
    nights.place().delete_certificate(certificate)
    nights.night()
    assert nights.verdict(stage) == nights.verdict(second) == DELETED
    # each stage was looked at once after the proof, and none after that night
    assert calls(nights, "GetStage") == 2
    nights.nights(2)
    assert nights.asked("GetStage") == nights.asked("GetClientCertificate") == 0
    assert nights.history(stage) == [("certificate_present", 1, 2), ("certificate_deleted", 2, None)]


def test_a_deleted_acm_certificate_is_proven_once(nights: Nights) -> None:
    certificate = nights.acm_certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()
    nights.place().delete_acm_certificate(certificate)
    nights.night()
    assert nights.verdict(stage) == DELETED
    assert calls(nights, "GetStage") == 1
    nights.night()
    assert calls(nights, "GetStage") == 0
    assert nights.verdict(stage) == DELETED


def test_a_stage_that_is_deleted_after_its_certificate_is_gone(nights: Nights) -> None:
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()
    nights.place().delete_certificate(certificate)
    nights.aws.hooks.before("GetStage", lambda _: nights.place().delete_stage(stage.api_id, "prod"))
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [("certificate_present", 1, 2), ("stage_disappeared", 2, None)]


def test_a_stage_that_is_deployed_after_its_certificate_is_judged_by_what_it_serves_then(
    nights: Nights,
) -> None:
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()

    def move(_: Any) -> None:
        nights.place().set_integrations(stage.api_id, ["MOCK"])
        nights.place().delete_certificate(certificate)

    nights.aws.hooks.before("GetClientCertificates", move)
    assert nights.night().scopes_failed == 0
    assert nights.history(stage) == [("certificate_present", 1, 2), ("no_http_integration", 2, None)]


def test_a_certificate_is_late_until_another_deployment_is_served(make_nights: MakeNights) -> None:
    """Given nights on which the order is seen, and one on which it is not, then nothing is claimed of the latter."""
    nights = make_nights(policies=LATE)
    place = nights.place()
    stage = nights.stage()
    other = nights.stage("other", certificate=nights.certificate())
    first = place.apis[stage.api_id].stages["prod"].deployment_id
    nights.night()
    nights.attach(stage, nights.certificate())
    nights.nights(2)
    place.set_integrations(stage.api_id, ["MOCK"])
    nights.night()
    nights.attach(stage, nights.certificate())
    nights.night()
    place.serve(stage.api_id, "prod", first)
    nights.night()
    # when both change between two readings
    nights.attach(stage, nights.certificate())
    place.set_integrations(stage.api_id, ["HTTP"])
    nights.night()
    assert nights.history(stage, LATE) == [
        ("certificate_empty", 1, 2),
        ("attached_late", 2, 4),
        ("deployed_since", 4, 5),
        ("attached_late", 5, 6),
        ("deployed_since", 6, 7),
        ("order_unknown", 7, None),
    ]
    assert nights.history(other, LATE) == [("order_unknown", 1, None)]
    assert nights.asked("GetDeployment") == nights.asked("GetDeployments") == 0


def test_a_draft_that_is_not_deployed_for_long_is_found(make_nights: MakeNights) -> None:
    """Given a draft that is edited, deployed and edited again, then only what lasts is found, by its methods."""
    nights = make_nights(policies=DRAFT)
    place = nights.place()
    stage = nights.stage()
    place.serve(stage.api_id, "prod", place.create_deployment(stage.api_id))
    nights.night()
    assert calls(nights, "GetResources") == 1
    place.change_integration(stage.api_id, "/path1", "GET", type="MOCK", uri=None)
    nights.nights(2)
    nights.skip(28)
    nights.night()
    assert "GET /path1" in nights.finding(stage, DRAFT)["message"]
    place.serve(stage.api_id, "prod", place.create_deployment(stage.api_id))
    nights.night()
    # when the draft cannot be read for too long
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetResources")
    nights.nights(4)
    nights.mend(denied)
    nights.night()
    assert nights.history(stage, DRAFT) == [
        ("draft_served", 1, 2),
        ("draft_differs_recently", 2, 32),
        ("draft_differs", 32, 33),
        ("draft_served", 33, 37),
        ("draft_unknown", 37, 38),
        ("draft_served", 38, None),
    ]


def test_drafts_are_not_read_unless_something_asks_for_them(nights: Nights) -> None:
    nights.stage()
    nights.night()
    assert nights.asked("GetResources") == 0


def test_a_stage_that_could_not_be_read_is_not_said_to_name_what_was_deleted(nights: Nights) -> None:
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    other = nights.stage("other", certificate=certificate)
    nights.night()
    # when its certificate is deleted on a night on which its API is denied
    nights.place().delete_certificate(certificate)
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=stage.api_id)
    nights.night()
    assert nights.verdict(stage) == CERTIFICATE_UNKNOWN
    assert nights.verdict(other) == DELETED
    nights.mend(denied)
    nights.night()
    assert nights.verdict(stage) == DELETED


FAULTS = [
    FaultKind.DENIED,
    FaultKind.THROTTLED,
    FaultKind.SERVER_ERROR,
    FaultKind.TIMEOUT,
    FaultKind.CONNECTION_RESET,
    FaultKind.CUT_OFF,
    FaultKind.MALFORMED_JSON,
    FaultKind.MISSING_LIST_KEY,
    FaultKind.NULL_LIST,
    FaultKind.HUGE_BODY,
]


def _redeploy(nights: Nights, stages: list[StageKey]) -> None:
    for stage in stages:
        nights.place().set_integrations(stage.api_id, ["HTTP", "MOCK"])


def _delete(nights: Nights, stages: list[StageKey]) -> None:
    for stage in stages:
        nights.place().delete_certificate(nights.finding(stage)["client_certificate_id"])


def every_fault(turn: int, but: FaultKind | None = None) -> list[Any]:
    """Return every fault of the first, the second and the third call.

    Where time is short, of one of these in turn, and half of the faults: the other half in the other turn.
    """
    rows = [(fault, nth) for fault in FAULTS for nth in (1, 2, 3) if fault is not but]
    place = list(FAULTS).index
    return at_length(rows, but=lambda row: row[1] == 1 + place(row[0]) % 3 and place(row[0]) % 2 == turn)


@pytest.mark.parametrize(("fault", "nth"), every_fault(0))
def test_a_fault_of_an_export_flips_nothing_and_is_made_up_for(
    nights: Nights, fault: FaultKind, nth: int
) -> None:
    stages = [nights.stage(f"s{number}", certificate=nights.certificate()) for number in range(3)]
    nights.night()
    _redeploy(nights, stages)
    nights.aws.log.clear()
    rule = nights.aws.faults.add(fault, "GetExport", resource_id=stages[nth - 1].api_id)
    summary = nights.night()
    # then the stage is undetermined and nothing else, and the run says that it is incomplete
    assert summary.scopes_failed == 1
    assert nights.scopes()["deployment"][0] == "partial"
    assert [nights.verdict(stage) for stage in stages] == [
        UNKNOWN if number == nth - 1 else PRESENT for number in range(3)
    ]
    nights.mend(rule)
    assert nights.night().scopes_failed == 0
    assert [nights.verdict(stage) for stage in stages] == [PRESENT] * 3


@pytest.mark.parametrize(("fault", "nth"), every_fault(1, but=FaultKind.HUGE_BODY))
def test_a_fault_of_the_last_look_at_a_stage_flips_nothing_and_is_made_up_for(
    nights: Nights, fault: FaultKind, nth: int
) -> None:
    stages = [nights.stage(f"s{number}", certificate=nights.certificate()) for number in range(3)]
    nights.night()
    _delete(nights, stages)
    rule = nights.aws.faults.add(fault, "GetStage", resource_id=stages[nth - 1].api_id)
    assert nights.night().scopes_failed == 1
    assert nights.scopes()["client_certificate"][0] == "partial"
    assert [nights.verdict(stage) for stage in stages] == [
        PRESENT if number == nth - 1 else DELETED for number in range(3)
    ]
    nights.mend(rule)
    assert nights.night().scopes_failed == 0
    assert [nights.verdict(stage) for stage in stages] == [DELETED] * 3


Edit = Callable[[Nights, StageKey], object]


@pytest.mark.parametrize("kind", at_length(["HTTP", "AWS_PROXY"], but=lambda kind: kind == "AWS_PROXY"))
def test_a_deployment_at_any_moment_of_a_night_gives_a_verdict_that_was_true(
    nights: Nights, kind: str
) -> None:
    # given a stage that moves between HTTP and Lambda, its certificate going and coming, at each call in turn
    other = "AWS_PROXY" if kind == "HTTP" else "HTTP"
    place = nights.place()
    stage = nights.stage(integrations=[kind])
    nights.night()
    for first in range(1, 9):
        # the certificate is there only while the backend is HTTP: it is never HTTP without one
        place.set_integrations(stage.api_id, [other])

        def turn(_: Any, now: str = kind) -> None:
            if now == "HTTP":
                place.attach_certificate(stage.api_id, "prod", place.create_certificate().id)
            place.set_integrations(stage.api_id, [now])
            if now != "HTTP":
                place.detach_certificate(stage.api_id, "prod")

        turn(None, other)
        hook = nights.aws.hooks.before(None, turn, nth=first)
        nights.night()
        nights.aws.hooks.remove(hook)
        assert nights.verdict(stage) in {NO_HTTP, PRESENT}, first
