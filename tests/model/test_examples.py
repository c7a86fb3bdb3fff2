"""Stories that random lives found first, told one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from cmdb.runs.runs import RunKind
from cmdb.snapshot import ScopeStatus
from tests.model.checking import check, check_the_past
from tests.model.machine import START
from tests.model.oracle import Oracle
from tests.model.system import Night, Rows, System, plain_night
from tests.model.truth import NO_FAULTS, Api, Certificate, Faults, Region, Stage, calling
from tests.model.verdicts import POLICIES, TRACING

ACCOUNT = "111111111111"
DAY = timedelta(days=1)


class Lives:
    """One region, lived through by the system and by the oracle."""

    def __init__(self, system: System) -> None:
        """Begin with a stage that names a certificate."""
        self.system = system
        self.oracle = Oracle()
        self.stage = Stage("cert00")
        self.api = Api(stages={"prod": self.stage})
        self.region = Region(
            ACCOUNT, "eu-west-1", {"api0000000": self.api}, {"cert00": Certificate(START + 60 * DAY)}
        )

    def night(self, day: int, faults: Faults = NO_FAULTS, **how: object) -> Night:
        """Live through a night and compare."""
        plain = plain_night(START + day * DAY, [self.region])
        seen = [(self.region, faults)]
        night = replace(plain, regions=how.pop("regions", seen), **how)  # type: ignore[arg-type]
        self.system.live(night)
        self.oracle.live(night)
        check(self.system, self.oracle)
        return night


@pytest.fixture
def lives(system: System) -> Iterator[Lives]:
    lives = Lives(system)
    yield lives
    check_the_past(system, lives.oracle)


def test_a_failure_between_two_readings_of_one_moment_leaves_no_trace_in_the_scopes_history(
    lives: Lives,
) -> None:
    lives.night(0)
    lives.night(1, Faults(apis=True, certificates=True))
    lives.night(1)
    lives.night(2)

    assert lives.system.rows(
        "SELECT count(*) FROM cmdb.scope_state WHERE item_type IN ('stage', 'client_certificate')"
    ) == [(2,)]


def test_a_failure_after_a_reading_of_the_same_moment_keeps_that_reading(lives: Lives) -> None:
    lives.night(0)
    lives.night(1, Faults(apis=True, certificates=True))
    lives.night(2)
    lives.night(2, Faults(apis=True, certificates=True))

    # Judged as of that moment, the stages count as read then, by whichever run read them.
    assert lives.system.rows(
        "SELECT DISTINCT read_before FROM cmdb.scope_state WHERE status = 'failed' AND valid_to IS NULL"
    ) == [(START + 2 * DAY,)]


def test_a_second_failure_of_the_same_moment_after_a_reading_is_another_one(lives: Lives) -> None:
    lives.night(0)
    lives.night(1, Faults(apis=True))
    lives.night(2)
    lives.night(2, Faults(apis=True))
    lives.night(2)
    lives.night(3, Faults(apis=True))


def test_a_certificate_taken_away_and_given_back_within_one_moment_was_named_all_along(lives: Lives) -> None:
    lives.night(0)
    lives.stage.certificate = None
    lives.night(1)
    lives.stage.certificate = "cert00"
    lives.night(1)

    assert lives.system.rows("SELECT certificate_named_at FROM cmdb.stage") == [(START,)]


def test_a_stage_gone_and_back_with_another_deployment_within_one_moment_named_its_certificate_all_along(
    lives: Lives,
) -> None:
    lives.night(0)
    stage = lives.api.stages.pop("prod")
    lives.night(1)
    lives.api.stages["prod"] = replace(stage, deployment=lives.api.deploy())
    lives.night(1)

    assert lives.system.rows("SELECT certificate_named_at FROM cmdb.stage") == [(START,)]


def test_a_stage_that_was_gone_for_a_night_names_its_certificate_anew(lives: Lives) -> None:
    lives.night(0)
    stage = lives.api.stages.pop("prod")
    lives.night(1)
    lives.api.stages["prod"] = stage
    lives.night(2)

    assert lives.system.rows("SELECT certificate_named_at FROM cmdb.stage") == [(START + 2 * DAY,)]


@pytest.mark.parametrize("dies_after", range(6))
def test_a_run_killed_at_any_step_and_run_again_leaves_no_trace(lives: Lives, dies_after: int) -> None:
    lives.night(0)
    lives.stage.certificate = None
    lives.night(1, dies_after=dies_after)
    lives.night(1)

    assert _ssl_history(lives) == [
        ("certificate_present", START, START + DAY),
        ("certificate_empty", START + DAY, None),
    ]
    assert lives.system.rows("SELECT count(*) FROM cmdb.scope_state") == [(6,)]


def test_an_account_that_fails_and_then_is_left_out_keeps_what_is_known(lives: Lives) -> None:
    lives.night(0)
    lives.night(1, accounts={ACCOUNT: ScopeStatus.FAILED}, regions=[])
    lives.night(2, accounts={}, regions=[])
    lives.night(5, accounts={}, regions=[])

    assert lives.system.rows("SELECT DISTINCT condition FROM report.finding") == [("inventory_stale",)]


def test_an_edit_of_the_draft_changes_nothing_until_it_is_deployed(lives: Lives) -> None:
    lives.night(0)
    lives.api.draft = calling("MOCK")
    lives.night(1)
    lives.stage.deployment = lives.api.deploy()
    lives.night(2)

    assert _ssl_history(lives) == [
        ("certificate_present", START, START + 2 * DAY),
        ("no_http_integration", START + 2 * DAY, None),
    ]


def test_a_deployment_once_read_is_known_though_its_export_is_denied_later(lives: Lives) -> None:
    denied = Faults(exports_of=frozenset({("api0000000", "prod")}))
    lives.night(0)
    lives.stage.deployment = lives.api.deploy()
    lives.night(1, denied)
    lives.stage.deployment = "d0"
    lives.night(2, denied)

    assert _ssl_history(lives) == [
        ("certificate_present", START, START + DAY),
        ("integrations_unknown", START + DAY, START + 2 * DAY),
        ("certificate_present", START + 2 * DAY, None),
    ]


def test_a_canary_whose_deployment_was_never_served_is_unknown_until_it_is_promoted(lives: Lives) -> None:
    lives.api.draft = calling("MOCK")
    lives.stage.deployment = lives.api.deploy()
    lives.night(0)
    lives.stage.canary = lives.api.deploy()
    lives.night(1)
    lives.stage.deployment, lives.stage.canary = lives.stage.canary, None
    lives.night(2)

    assert _ssl_history(lives) == [
        ("no_http_integration", START, START + DAY),
        ("integrations_unknown", START + DAY, START + 2 * DAY),
        ("no_http_integration", START + 2 * DAY, None),
    ]


def test_deployments_of_an_api_that_was_gone_are_read_anew_when_it_is_back(lives: Lives) -> None:
    lives.night(0)
    api = lives.region.apis.pop("api0000000")
    lives.night(1)
    lives.region.apis["api0000000"] = api
    lives.night(2, Faults(exports_of=frozenset({("api0000000", "prod")})))
    lives.night(3)

    assert _ssl_history(lives) == [
        ("certificate_present", START, START + DAY),
        ("stage_disappeared", START + DAY, START + 2 * DAY),
        ("integrations_unknown", START + 2 * DAY, START + 3 * DAY),
        ("certificate_present", START + 3 * DAY, None),
    ]


def test_a_deployment_that_is_read_again_changes_nothing(lives: Lives) -> None:
    lives.night(0)
    lives.night(1, Faults(forgetful=True))

    assert lives.system.rows("SELECT valid_from, valid_to FROM cmdb.deployment") == [(START, None)]
    assert lives.system.rows("SELECT count(*) FROM cmdb.deployment_closed") == [(0,)]


def test_a_certificate_of_acm_that_was_never_there_is_proven_absent_once(lives: Lives) -> None:
    lives.stage.certificate = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/0"
    lives.night(0)
    lives.night(1)

    assert lives.system.rows("SELECT kind, state FROM report.certificate ORDER BY 1") == [
        ("ACM", "DELETED"),
        ("API_GATEWAY", "PRESENT"),
    ]


def test_a_certificate_rotated_while_a_night_reads_was_never_deleted_from_its_stage(lives: Lives) -> None:
    """Given a stage whose certificate is replaced and deleted after the stages were listed, when the absence is
    proven, then the stage is judged by what it names by then; where nothing could be proven, nothing changes."""
    lives.night(0)
    del lives.region.certificates["cert00"]
    lives.region.certificates["cert01"] = Certificate(START + 60 * DAY)
    lives.stage.certificate = "cert01"
    rotated = frozenset({("api0000000", "prod", "cert00")})
    lives.night(1, Faults(rotated=rotated, second_look=True))
    lives.night(2, Faults(rotated=rotated))
    lives.night(3)

    assert _ssl_history(lives) == [("certificate_present", START, None)]
    assert lives.system.rows("SELECT certificate_named_at FROM cmdb.stage") == [(START + 2 * DAY,)]


def test_items_that_no_enabled_policy_asks_for_go_stale_and_are_never_gone(lives: Lives) -> None:
    """Given a policy over usage plans that is enabled for a night, when the plans are not read any longer, then the
    policy, named again, says of one that it was not read lately, even where it was deleted in the meantime."""
    plans = "/gateledger/aws/apigateway/usage-plan-throttling"
    lives.region.others["usage_plan", None, "plan00"] = 1
    lives.night(0, policies=(plans, *POLICIES))
    lives.night(1)
    del lives.region.others["usage_plan", None, "plan00"]
    lives.night(5)
    lives.night(5, kind=RunKind.EVALUATE, policies=(plans,))
    lives.night(6, policies=(plans, *POLICIES))

    assert lives.system.rows(
        "SELECT condition, valid_from, valid_to FROM report.finding_history "
        f"WHERE policy_id = '{plans}' AND valid_from > '{START}' ORDER BY valid_from"
    ) == [
        ("inventory_stale", START + 5 * DAY, START + 6 * DAY),
        ("usage_plan_disappeared", START + 6 * DAY, None),
    ]


def test_a_policy_enabled_later_has_the_history_that_it_would_have_had(lives: Lives) -> None:
    lives.night(0)
    lives.stage.traces = True
    lives.night(1)
    lives.night(2, policies=(TRACING, *POLICIES))

    assert lives.system.rows(
        "SELECT condition, valid_from, valid_to FROM report.finding_history "
        f"WHERE policy_id = '{TRACING}' ORDER BY valid_from"
    ) == [
        ("tracing_disabled", START, START + DAY),
        ("tracing_enabled", START + DAY, None),
    ]


def test_a_policy_judged_before_more_is_read_at_the_same_moment_is_right_when_it_is_judged_again(
    lives: Lives,
) -> None:
    tags = "/gateledger/aws/apigateway/rest-api-tags"
    lives.night(0)
    lives.night(1, kind=RunKind.EVALUATE, policies=(tags,))
    del lives.region.apis["api0000000"]
    lives.night(1)
    found = f"SELECT condition FROM report.finding_history WHERE policy_id = '{tags}' AND valid_to IS NULL"
    assert lives.system.rows(found) == [("nothing_required",)]
    check_the_past(lives.system, lives.oracle)

    lives.night(1, kind=RunKind.EVALUATE, policies=(tags,))
    assert lives.system.rows(found) == [("rest_api_disappeared",)]


def _ssl_history(lives: Lives) -> Rows:
    return lives.system.rows(
        "SELECT condition, valid_from, valid_to FROM report.finding_history "
        "WHERE policy_id LIKE '%ssl-certificate' ORDER BY valid_from"
    )
