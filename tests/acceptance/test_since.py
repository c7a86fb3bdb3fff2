"""Since when a status holds, how long an episode lasts, and what was said at a past time."""

from __future__ import annotations

import pytest

from gateledger.nightly import job as nightly
from gateledger.terminal.progress import SilentProgress
from simulated_aws import FaultKind
from tests.support.nights import SSL, Nights
from tests.support.questions import ask

READS = ("GetClientCertificates", "GetClientCertificate")


def test_another_condition_of_the_same_status_does_not_restart_since(nights: Nights) -> None:
    # given a stage that is incompliant for one reason after the other
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()
    nights.place().delete_certificate(certificate)
    nights.night()
    nights.detach(stage)
    nights.night()
    nights.attach(stage, certificate)
    nights.night()
    # then it is incompliant since the first, in one episode
    assert nights.since(stage) == 2
    assert nights.history(stage) == [
        ("certificate_present", 1, 2),
        ("certificate_deleted", 2, 3),
        ("certificate_empty", 3, 4),
        ("certificate_deleted", 4, None),
    ]
    assert nights.episodes(stage) == [(2, None, None)]
    # and one remediation ends it
    nights.attach(stage, nights.certificate())
    nights.night()
    assert nights.episodes(stage) == [(2, 5, "COMPLIANT")]
    assert nights.since(stage) == 5


@pytest.mark.both_servers
def test_an_undetermined_stretch_restarts_since_and_interrupts_no_episode(nights: Nights) -> None:
    # given a stage that is incompliant, then unknown for two reasons, then incompliant again
    certificate = nights.certificate()
    stage = nights.stage(certificate=certificate)
    nights.night()
    nights.place().delete_certificate(certificate)
    nights.night()
    certificates = [nights.aws.faults.add(FaultKind.DENIED, operation) for operation in READS]
    nights.nights(4)
    assert nights.history(stage)[-1] == ("certificates_unknown", 6, None)
    apis = nights.aws.faults.add(FaultKind.DENIED, "GetRestApis")
    nights.nights(4)
    assert nights.history(stage)[-1] == ("inventory_stale", 10, None)
    # then the undetermined status began with the first of the two
    assert nights.since(stage) == 6
    nights.mend(apis, *certificates)
    nights.night()
    # and the status since it is known again, the episode since the beginning
    assert nights.since(stage) == 11
    assert nights.finding(stage)["episode_since"] == nights.as_of(2)
    nights.place().restore_certificate(certificate)
    nights.night()
    assert nights.episodes(stage) == [(2, 12, "COMPLIANT")]


def test_an_episode_that_ends_while_nobody_could_look_ends_when_it_is_seen(nights: Nights) -> None:
    stage = nights.stage()
    nights.night()
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetRestApis")
    nights.attach(stage, nights.certificate())
    nights.nights(4)
    nights.mend(denied)
    nights.night()
    assert nights.history(stage) == [
        ("certificate_empty", 1, 5),
        ("inventory_stale", 5, 6),
        ("certificate_present", 6, None),
    ]
    assert nights.episodes(stage) == [(1, 6, "COMPLIANT")]


def test_an_unknown_stretch_before_a_first_incompliance_belongs_to_no_episode(nights: Nights) -> None:
    denied = nights.aws.faults.add(FaultKind.DENIED, "GetExport")
    stage = nights.stage()
    nights.nights(2)
    assert nights.episodes(stage) == []
    nights.mend(denied)
    nights.night()
    assert nights.episodes(stage) == [(3, None, None)]


def test_what_was_said_on_a_night_is_what_is_said_of_it_later(nights: Nights) -> None:
    # given nights on which much happens
    certificate = nights.certificate()
    first, second = nights.stage("prod", certificate=certificate), nights.stage("beta")
    nights.night()
    nights.place().delete_certificate(certificate)
    nights.night()
    nights.place().delete_stage(second.api_id, second.name)
    nights.attach(first, nights.certificate())
    nights.nights(2)
    nights.place().restore_stage(second.api_id, second.name)
    nights.night()
    # then each time between two nights shows what the earlier one said
    said = []
    for day in range(1, 6):
        moment = nights.as_of(day)
        rows = ask(
            nights.engine,
            "SELECT stage_name, condition FROM report.finding_as_of(%s + interval '5 hours') "
            "WHERE policy_id = %s ORDER BY 1",
            (moment, SSL),
        )
        said.append({row["stage_name"]: row["condition"] for row in rows})
    assert said == [
        {"prod": "certificate_present", "beta": "certificate_empty"},
        {"prod": "certificate_deleted", "beta": "certificate_empty"},
        {"prod": "certificate_present"},
        {"prod": "certificate_present"},
        {"prod": "certificate_present", "beta": "certificate_empty"},
    ]
    # and before the first there was nothing
    assert ask(nights.engine, "SELECT item_id FROM report.finding_as_of(%s)", (nights.as_of(0),)) == []


def test_collecting_and_evaluating_apart_is_the_same_as_a_run(nights: Nights) -> None:
    # given a stage judged by a run
    stage = nights.stage()
    nights.night()
    # when a night is only collected
    nights.attach(stage, nights.certificate())
    nights.day += 1
    plan = nights.settings
    nightly.collect(nights.engine, plan, as_of=nights.as_of(), progress=SilentProgress())
    # then the verdict waits for an evaluation, of the same time or a later one
    assert nights.verdict(stage) == ("INCOMPLIANT", "certificate_empty")
    nightly.evaluate(nights.engine, plan, as_of=nights.as_of(), policy_ids=None, progress=SilentProgress())
    assert nights.history(stage) == [("certificate_empty", 1, 2), ("certificate_present", 2, None)]
    # and an evaluation alone sees time pass
    nights.skip(4)
    nightly.evaluate(nights.engine, plan, as_of=nights.as_of(), policy_ids=None, progress=SilentProgress())
    assert nights.history(stage)[-1] == ("inventory_stale", 6, None)
