"""A policy that is new has its whole history by itself, and floods nobody with what is old."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateledger.cli.entry import execute
from gateledger.nightly import job as nightly
from gateledger.nightly.jobs import exit_code
from gateledger.nightly.notify import message_of
from gateledger.nightly.summary import RunSummary, lines
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.progress import SilentProgress
from tests.support.nights import FIRST_NIGHT, SSL, Nights

TRACING = "/ce/ca/aws/apigateway/rest-api-stage-x-ray-tracing"
POLICY_YAML = """
id: /tests/brittle
name: Brittle
contextual_name: Brittle
type: COMPLIANCE_POLICY
categories: [SECURITY]
severity: low
resource_type: aws.apigateway.stage
conditions:
  fine: {status: COMPLIANT, message: It is fine.}
"""
#: Right tonight, and no more than a mistake on nights before.
BRITTLE = """
SELECT CASE WHEN 1 / (CASE WHEN :as_of < '%s' THEN 0 ELSE 1 END) = 1 THEN 'fine' END AS condition
FROM stage
"""


def enable(nights: Nights, *policies: str, **changes: Any) -> None:
    """Go on under other settings, as after an upgrade."""
    nights.settings = nights.settings.model_copy(update={"policies": policies, **changes})


def records(nights: Nights, policy_id: str) -> list[dict[str, Any]]:
    return nights.rows(
        "SELECT resource_arn, condition, valid_from, valid_to, since FROM report.finding_history "
        "WHERE policy_id = %s ORDER BY 1, 3",
        (policy_id,),
    )


def state(nights: Nights, policy_id: str) -> tuple[int | None, int | None]:
    """Return the day of a policy's backfill and how many nights it judged."""
    row = nights.rows(
        "SELECT backfilled_at, backfilled_nights FROM report.policy WHERE policy_id = %s", (policy_id,)
    )[0]
    day = None if row["backfilled_at"] is None else nights.day_of(row["backfilled_at"])
    return day, row["backfilled_nights"]


def told(nights: Nights, summary: RunSummary) -> str:
    message = message_of(nights.engine, summary)
    return "" if message is None else f"{message.title}\n{message.body}"


@pytest.mark.both_servers
def test_a_new_policy_has_its_history_and_nothing_of_it_is_new(nights: Nights) -> None:
    """Given four nights under one policy, when another is enabled, then that night judges it over all of them."""
    old = nights.stage("old", certificate=nights.certificate())
    nights.nights(2)
    young = nights.stage("young", certificate=nights.certificate())
    nights.nights(2)
    enable(nights, SSL, TRACING)

    summary = nights.night()

    assert summary.first_judged.policies == (TRACING,)
    assert summary.new == {}
    assert [(one.policy_id, one.nights) for one in summary.backfilled] == [(TRACING, 4)]
    assert nights.since(old, TRACING) == 1
    assert nights.history(old, TRACING) == [("tracing_disabled", 1, None)]
    assert nights.history(young, TRACING) == [("tracing_disabled", 3, None)]
    assert exit_code(summary, ["INCOMPLIANT"]) is ExitCode.DONE
    message = told(nights, summary)
    assert message.startswith("Gateledger: 1 policy judged for the first time\n")
    assert TRACING in message
    assert "New incompliant" not in message
    assert "Past nights: judged under 1 policy, up to 4 each." in lines(summary)

    # the night after is like any other: what is old is told no more, and counts
    broken = nights.stage("broken", certificate=nights.certificate())
    summary = nights.night()
    assert (summary.first_judged.policies, summary.backfilled) == ((), ())
    assert summary.new["INCOMPLIANT"] == 1
    assert told(nights, summary).startswith("Gateledger: 1 new incompliant\n")
    assert nights.since(broken, TRACING) == 6
    assert exit_code(summary, ["INCOMPLIANT"]) is ExitCode.FINDINGS
    # and what is kept is what judging every night would have kept
    before = records(nights, TRACING)
    nightly.evaluate(
        nights.engine,
        nights.settings,
        as_of=nights.as_of(),
        policy_ids=[TRACING],
        progress=SilentProgress(),
        backfilling=True,
    )
    assert records(nights, TRACING) == before
    nights.told.clear()  # what was said on the nights before the policy came is no longer all that holds of them


def test_the_first_night_of_all_judges_nothing_twice(nights: Nights) -> None:
    """Given an empty database, when everything is judged for the first time, then it is new as ever."""
    nights.stage()
    summary = nights.night()
    assert (summary.first_judged.policies, summary.backfilled) == ((), ())
    assert summary.new == {"INCOMPLIANT": 1, "INAPPLICABLE": 1}
    assert exit_code(summary, ["INCOMPLIANT"]) is ExitCode.FINDINGS


def test_what_has_no_time_waits_for_the_next_run(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    """Given the backfill switched off, and then no time for it, then the history stays; when there is time, it
    is judged, and the findings are neither new that night nor left out of --fail-on."""
    stage = nights.stage()
    nights.nights(2)
    enable(nights, SSL, TRACING, backfill=None)
    summary = nights.night()
    assert [(one.policy_id, one.nights) for one in summary.backfilled] == [(TRACING, None)]
    assert "Past nights: still to be judged under 1 policy; the next runs go on." in lines(summary)
    assert execute(["status"]) == ExitCode.DONE
    assert f"nights are still to be judged under {TRACING}" in capsys.readouterr().out
    enable(nights, SSL, TRACING, backfill=timedelta(microseconds=1))
    nights.night()
    assert nights.history(stage, TRACING) == [("tracing_disabled", 3, None)]
    enable(nights, SSL, TRACING, backfill=timedelta(hours=1))
    summary = nights.night()
    assert nights.history(stage, TRACING) == [("tracing_disabled", 1, None)]
    assert (summary.new, state(nights, TRACING)) == ({}, (5, 4))
    assert told(nights, summary) == ""
    assert exit_code(summary, ["INCOMPLIANT"]) is ExitCode.FINDINGS
    nights.told.clear()


def test_a_mistake_in_the_past_leaves_tonight_and_other_policies(nights: Nights, tmp_path: Path) -> None:
    """Given a policy of one's own that fails on past nights only, then tonight's verdicts and others' pasts stay."""
    folder = tmp_path / "brittle"
    folder.mkdir()
    third = FIRST_NIGHT + timedelta(days=2)
    (folder / "policy.yaml").write_text(POLICY_YAML, encoding="utf-8")
    (folder / "logic.sql").write_text(BRITTLE % third.isoformat(), encoding="utf-8")
    (folder / "description.md").write_text("# Brittle\n", encoding="utf-8")
    (folder / "remediation.md").write_text("# Brittle\n", encoding="utf-8")
    (folder / "cases.yaml").write_text(
        'as_of: "2027-01-01T00:00:00Z"\ncases:\n  - {name: fine, status: COMPLIANT, condition: fine}\n',
        encoding="utf-8",
    )
    stage = nights.stage()
    nights.nights(2)
    enable(nights, SSL, TRACING, "/tests/brittle", policy_dirs=(tmp_path,))
    summary = nights.night()
    waiting = [one for one in summary.backfilled if one.nights is None]
    assert [one.policy_id for one in waiting] == ["/tests/brittle"]
    assert "division by zero" in str(waiting[0].error)
    assert nights.history(stage, "/tests/brittle") == [("fine", 3, None)]
    assert nights.history(stage, TRACING) == [("tracing_disabled", 1, None)]
    nights.told.clear()
    # what is checked after every story judges again under the catalog's policies only
    with nights.engine.begin() as connection:
        for table in ("record", "tally", "evaluation"):
            connection.exec_driver_sql(
                f"DELETE FROM compliance.{table} AS t USING compliance.policy AS p "
                "WHERE p.policy_key = t.policy_key AND p.policy_id = '/tests/brittle'"
            )
