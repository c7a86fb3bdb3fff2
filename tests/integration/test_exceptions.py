"""Exceptions: what was knowingly accepted, night by night, with and without."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from evaluator.judging.backfill import backfill
from gateledger.exceptions.matching import match_changed
from gateledger.exceptions.notices import notices, sentence
from gateledger.nightly.jobs import exit_code
from gateledger.nightly.notify import message_of
from gateledger.nightly.run_summary import counts_by_status, excepted_by_status
from gateledger.nightly.summary import RunSummary, lines
from gateledger.terminal.exits import ExitCode
from tests.support.command_line import CommandLine, Ended
from tests.support.histories import FIRST_NIGHT, MAX_STALENESS, History, catalog
from tests.support.questions import ask

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
DAY = timedelta(days=1)
FIRST = FIRST_NIGHT.date()


class Nights(History):
    """Nights whose changed items are matched with exceptions, as the nightly job does."""

    def collect(self) -> Run:
        run = super().collect()
        match_changed(self.engine, run.as_of)
        return run


class Register:
    """A file of exceptions that a test changes and applies, each time an hour after the last night."""

    def __init__(self, command_line: CommandLine, nights: Nights, path: Path) -> None:
        self.command_line = command_line
        self.nights = nights
        self.path = path
        self.entries: dict[str, dict[str, Any]] = {}

    def put(self, exception_id: str, *, until: date, **given: Any) -> None:
        self.entries[exception_id] = {
            "id": exception_id,
            "policies": ["*rest-api-stage-ssl-certificate"],
            "match": {"account": "111122223333"},
            "reason": "The backend is switched off in March.",
            "owner": "team-billing",
            "until": until.isoformat(),
            **given,
        }

    def write(self) -> Path:
        text = yaml.safe_dump({"exceptions": list(self.entries.values())}, sort_keys=False)
        self.path.write_text(text, encoding="utf-8")
        return self.path

    def apply(self, *options: str, hours: int = 1) -> Ended:
        at = self.nights.last_as_of + timedelta(hours=hours)
        file = str(self.write())
        return self.command_line("exceptions", "apply", file, "--as-of", at.isoformat(), *options)


@pytest.fixture
def command_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(database_url, monkeypatch)


@pytest.fixture
def nights(engine: Engine) -> Nights:
    made = Nights(engine)
    made.policies = [SSL]
    return made


@pytest.fixture
def register(command_line: CommandLine, nights: Nights, tmp_path: Path) -> Register:
    return Register(command_line, nights, tmp_path / "exceptions.yaml")


def daily(engine: Engine) -> list[tuple[Any, ...]]:
    found = ask(
        engine,
        "SELECT day, incompliant, excepted, compliance_percent, compliance_percent_with_exceptions "
        "FROM report.compliance_daily WHERE policy_id = %s ORDER BY day",
        (SSL,),
    )
    total = ask(
        engine,
        "SELECT day, incompliant, excepted, compliance_percent, compliance_percent_with_exceptions "
        "FROM report.compliance_daily_total WHERE policy_id = %s ORDER BY day",
        (SSL,),
    )
    assert found == total
    return [((row["day"] - FIRST).days + 1, row["incompliant"], row["excepted"]) for row in found]


def covering(engine: Engine, stage: str = "bare") -> str | None:
    """Return the exception that covers a stage's finding now, and check that the past view agrees."""
    (row,) = ask(
        engine,
        "SELECT f.exception_id, p.exception_id AS then FROM report.finding AS f "
        "CROSS JOIN report.exception_moment AS m, LATERAL report.finding_as_of(m.moment) AS p "
        "WHERE p.policy_id = f.policy_id AND p.item_id = f.item_id AND f.stage_name = %s",
        (stage,),
    )
    assert row["exception_id"] == row["then"]
    return row["exception_id"]


def as_of(engine: Engine, night: int, hours: int = 0) -> str | None:
    found = ask(
        engine,
        "SELECT exception_id FROM report.finding_as_of(%s) WHERE stage_name = 'bare'",
        (FIRST_NIGHT + (night - 1) * DAY + timedelta(hours=hours),),
    )
    return found[0]["exception_id"] if found else None


def test_an_exception_covers_from_when_it_is_entered_and_changes_no_day_before(
    engine: Engine, nights: Nights, register: Register
) -> None:
    """Given a bare stage, when an exception is entered after the third night, then two days stay as they were."""
    region = nights.region()
    api = region.api("a1b2c3d4e5")
    api.stage("bare")
    api.stage("fine", certificate="cert01")
    region.certificate("cert01")
    nights.nights(3)
    register.put("late", until=FIRST + 30 * DAY, **{"from": (FIRST - 5 * DAY).isoformat()})
    ended = register.apply()
    assert (ended.code, ended.err) == (0, "")
    assert "late is entered late" in ended.out
    assert covering(engine) == "late"
    assert covering(engine, "fine") is None
    nights.night()
    assert daily(engine) == [(1, 1, 0), (2, 1, 0), (3, 1, 1), (4, 1, 1)]
    assert [as_of(engine, night) for night in (1, 2, 3, 4)] == [None, None, None, "late"]
    assert as_of(engine, 3, hours=1) == "late"
    (row,) = ask(
        engine,
        "SELECT compliance_percent, compliance_percent_with_exceptions FROM report.compliance_daily_total "
        "WHERE day = %s",
        (FIRST + 3 * DAY,),
    )
    assert tuple(row.values()) == (Decimal("50.00"), Decimal("100.00"))


def test_an_exception_ends_with_its_last_day_and_covers_again_when_it_is_renewed(
    engine: Engine, nights: Nights, register: Register
) -> None:
    nights.region().api("a1b2c3d4e5").stage("bare")
    nights.night()
    register.put("legacy", until=FIRST + 1 * DAY)
    register.apply()
    nights.night()
    assert covering(engine) == "legacy"
    nights.nights(2)
    assert covering(engine) is None
    register.put("legacy", until=FIRST + 10 * DAY)
    assert "1 changed" in register.apply().out
    assert covering(engine) == "legacy"
    nights.nights(2)
    assert daily(engine) == [(1, 1, 1), (2, 1, 1), (3, 1, 0), (4, 1, 1), (5, 1, 1), (6, 1, 1)]
    assert [as_of(engine, night, hours=2) for night in (1, 2, 3, 4)] == ["legacy", "legacy", None, "legacy"]


def test_what_left_the_file_ends_and_stays_in_the_past(
    engine: Engine, nights: Nights, register: Register
) -> None:
    nights.region().api("a1b2c3d4e5").stage("bare")
    nights.night()
    register.put("old-name", until=FIRST + 20 * DAY)
    register.apply()
    nights.nights(2)
    register.entries.clear()
    register.put("new-name", until=FIRST + 20 * DAY)
    ended = register.apply()
    assert "1 added, 0 changed, 1 ended, 0 unchanged." in ended.out
    nights.night()
    assert [as_of(engine, night, hours=2) for night in (1, 2, 3, 4)] == [
        "old-name",
        "old-name",
        "new-name",
        "new-name",
    ]
    assert daily(engine) == [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1)]
    register.entries.clear()
    register.apply()
    nights.night()
    assert daily(engine) == [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 0), (5, 1, 0)]
    listed = register.command_line("exceptions", "list", "--all", "--format", "csv").out.splitlines()
    assert len(listed) == 3


def test_the_same_file_again_changes_nothing(engine: Engine, nights: Nights, register: Register) -> None:
    nights.region().api("a1b2c3d4e5").stage("bare")
    nights.night()
    register.put("one", until=FIRST + 20 * DAY)
    register.put("two", until=FIRST + 20 * DAY, match={"tags": {"env": "leg*"}}, ticket="SEC-12")
    register.apply()
    nights.night()
    before = ask(engine, "SELECT * FROM compliance.exception_version ORDER BY exception_version_id")
    assert "0 added, 0 changed, 0 ended, 2 unchanged." in register.apply().out
    assert ask(engine, "SELECT * FROM compliance.exception_version ORDER BY exception_version_id") == before


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    engine: Engine, nights: Nights, register: Register
) -> None:
    nights.region().api("a1b2c3d4e5").stage("bare")
    nights.night()
    register.put("one", until=FIRST + 20 * DAY)
    ended = register.apply("--dry-run", "--format", "csv")
    assert ended.out.splitlines()[1].endswith(",false,1,1")
    assert ask(engine, "SELECT exception_id FROM compliance.exception_version") == []
    assert covering(engine) is None


def test_a_tag_that_is_removed_or_added_is_followed_by_the_next_night(
    engine: Engine, nights: Nights, register: Register
) -> None:
    """Given an exception by tag, when stage and API are tagged and untagged, then each night says so."""
    api = nights.region().api("a1b2c3d4e5")
    stage = api.stage("bare", tags={"env": "legacy"})
    nights.night()
    register.put("tagged", until=FIRST + 20 * DAY, match={"tags": {"env": "leg*"}})
    register.apply()
    assert covering(engine) == "tagged"
    stage.payload = {"tags": {"env": "prod"}}
    nights.night()
    assert covering(engine) is None
    stage.payload = {}
    api.tags = {"env": "legacy"}
    nights.night()
    assert covering(engine) == "tagged"
    stage.payload = {"tags": {"env": "prod"}}
    nights.night()
    assert covering(engine) is None
    assert daily(engine) == [(1, 1, 1), (2, 1, 0), (3, 1, 1), (4, 1, 0)]


def test_an_item_that_goes_and_comes_back_is_covered_again(
    engine: Engine, nights: Nights, register: Register
) -> None:
    api = nights.region().api("a1b2c3d4e5")
    stage = api.stage("bare")
    nights.night()
    register.put(
        "legacy", until=FIRST + 20 * DAY, match={"arn": "arn:aws:apigateway:eu-*::/restapis/a1b2c3d4e5/*"}
    )
    register.apply()
    del api.stages["bare"]
    nights.night()
    api.stages["bare"] = stage
    nights.night()
    assert covering(engine) == "legacy"
    assert [(night, count) for night, _, count in daily(engine)] == [(1, 1), (2, 0), (3, 1)]


def test_a_new_item_is_covered_by_what_was_entered_before(
    engine: Engine, nights: Nights, register: Register
) -> None:
    api = nights.region().api("a1b2c3d4e5", name="billing_api")
    api.stage("other")
    nights.night()
    register.put("names", until=FIRST + 20 * DAY, match={"api": "billing_*", "region": "eu-*"})
    register.put("no-wildcard", until=FIRST + 40 * DAY, match={"api": "billingXapi"})
    register.apply()
    api.stage("bare")
    nights.night()
    assert covering(engine) == "names"
    assert covering(engine, "other") == "names"


def test_a_status_that_an_exception_does_not_accept_is_not_covered(
    engine: Engine, nights: Nights, register: Register
) -> None:
    region = nights.region()
    region.api("a1b2c3d4e5", types=None).stage("bare")
    nights.night()
    register.put("incompliant-only", until=FIRST + 20 * DAY)
    register.apply()
    assert covering(engine) is None
    register.put("both", until=FIRST + 20 * DAY, statuses=["UNDETERMINED", "INCOMPLIANT"])
    register.apply(hours=2)
    assert covering(engine) == "both"
    (row,) = ask(engine, "SELECT excepted, undetermined_excepted FROM report.compliance_daily")
    assert tuple(row.values()) == (0, 1)


def test_backfilled_history_counts_what_was_excepted_then(
    engine: Engine, nights: Nights, register: Register
) -> None:
    nights.region().api("a1b2c3d4e5").stage("bare")
    nights.night()
    register.put("legacy", until=FIRST + 20 * DAY)
    register.apply()
    nights.nights(2)
    before = daily(engine)
    run = runs.start(engine, RunKind.EVALUATE, nights.last_as_of + timedelta(hours=1))
    policy = next(one for one in catalog().policies if one.id == SSL)
    backfill(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())
    assert daily(engine) == before == [(1, 1, 1), (2, 1, 1), (3, 1, 1)]


def summary_of(engine: Engine, run: Run) -> RunSummary:
    return RunSummary(
        run.run_id,
        str(run.kind),
        run.as_of,
        timedelta(seconds=1),
        findings=counts_by_status(engine, run.as_of).all,
        excepted=excepted_by_status(engine),
        exceptions=notices(engine),
    )


def test_a_run_names_the_exceptions_to_look_at(engine: Engine, nights: Nights, register: Register) -> None:
    """Given exceptions of each kind, then a run names all, and its message only what is new."""
    region = nights.region()
    api = region.api("a1b2c3d4e5")
    api.stage("bare")
    api.stage("fine", certificate="cert01")
    region.certificate("cert01")
    nights.night()
    register.put("brief", until=FIRST + 1 * DAY)
    register.put("soon", until=FIRST + 32 * DAY)
    register.put("wrong", until=FIRST + 90 * DAY, match={"api": "nothing"})
    register.put("needless", until=FIRST + 90 * DAY, match={"arn": "*/fine"})
    register.apply()

    def told() -> list[tuple[str, str, bool]]:
        return [(one.exception_id, one.kind, one.is_new) for one in notices(engine)]

    lasting = [("wrong", "matches nothing", False), ("needless", "no longer needed", False)]
    assert told() == [("brief", "ends soon", True), *lasting]
    nights.night()
    assert told() == [("brief", "ends soon", False), *lasting]
    run = nights.night()
    assert told() == [("brief", "ended", True), *lasting]
    summary = summary_of(engine, run)
    message = message_of(engine, summary)
    assert message is not None
    assert message.title == "Gateledger: 1 exception to look at"
    assert "brief (team-billing) ended with 2026-01-02" in message.body
    assert "wrong" not in message.body
    said = "\n".join(lines(summary))
    assert "Covered by exceptions: 1 INCOMPLIANT." in said
    assert all(f"Exception {sentence(notice)}." in said for notice in notices(engine))
    nights.night()
    assert told() == [("soon", "ends soon", True), *lasting]
    assert message_of(engine, summary_of(engine, nights.night())) is None


def test_covered_findings_fail_no_run_and_are_no_news_unless_wanted(
    engine: Engine, nights: Nights, register: Register
) -> None:
    api = nights.region().api("a1b2c3d4e5")
    nights.night()
    register.put("all", until=FIRST + 90 * DAY)
    register.apply()
    api.stage("bare")
    run = nights.night()
    summary = summary_of(engine, run)
    assert summary.findings == summary.excepted == {"INCOMPLIANT": 1}
    assert exit_code(summary, ["INCOMPLIANT"]) is ExitCode.DONE
    assert exit_code(summary, ["INCOMPLIANT"], include_excepted=True) is ExitCode.FINDINGS
    assert message_of(engine, summary) is None
    told = message_of(engine, summary, include_excepted=True)
    assert told is not None
    assert told.title == "Gateledger: 1 new incompliant"
    (row,) = ask(engine, "SELECT still_open, excepted FROM report.time_to_remediate")
    assert tuple(row.values()) == (1, 1)
    sections = ask(
        engine,
        "SELECT DISTINCT incompliant, excepted, compliance_percent, compliance_percent_with_exceptions AS with_them "
        "FROM report.framework_compliance WHERE incompliant > 0",
    )
    assert [tuple(row.values()) for row in sections] == [(1, 1, Decimal("0.00"), None)]
