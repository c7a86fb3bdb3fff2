"""Views about compliance over time: by day, by framework section, and until it is remediated."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cmdb.runs import runs
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from evaluator.catalog.loading import load_catalog
from evaluator.judging.engine import evaluate
from tests.support.command_line import CommandLine
from tests.support.histories import DENIED, FIRST_NIGHT, MAX_STALENESS, History, catalog

pytestmark = pytest.mark.both_servers

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"
DAY = timedelta(days=1)


def ask(engine: Engine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question), values)]


def daily(engine: Engine, policy: str = SSL) -> list[tuple[Any, ...]]:
    return ask(
        engine,
        "SELECT day, account_id, compliant, incompliant, inapplicable, undetermined, compliance_percent "
        "FROM report.compliance_daily WHERE policy_id = :policy ORDER BY day, account_id",
        policy=policy,
    )


@pytest.fixture
def history(engine: Engine) -> History:
    return History(engine)


def test_a_day_shows_what_held_at_its_end_and_a_day_without_a_run_what_held_before(
    engine: Engine, history: History
) -> None:
    """Given two stages, one fixed on the second night; when three nights are missed, the state goes on."""
    region = history.region()
    api = region.api("a1b2c3d4e5")
    bare = api.stage("bare")
    api.stage("fine", certificate="cert01")
    region.certificate("cert01")
    history.night()
    bare.certificate = "cert01"
    history.night()
    history.night(skip_days=3)
    first = FIRST_NIGHT.date()
    both = ("111122223333", 2, 0, 0, 0, Decimal("100.00"))
    assert daily(engine) == [
        (first, "111122223333", 1, 1, 0, 0, Decimal("50.00")),
        *((first + number * DAY, *both) for number in range(1, 6)),
    ]


def test_two_runs_of_one_day_show_the_later_one(engine: Engine, history: History) -> None:
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("bare")
    region.certificate("cert01")
    history.night()
    history.next_as_of = FIRST_NIGHT + timedelta(hours=21, minutes=59)
    stage.certificate = "cert01"
    history.night()
    history.next_as_of = FIRST_NIGHT + timedelta(hours=22)  # midnight: the next day has begun
    stage.certificate = None
    history.night()
    assert [(row[0], row[2], row[3]) for row in daily(engine)] == [
        (date(2026, 1, 1), 1, 0),
        (date(2026, 1, 2), 0, 1),
    ]


def test_the_whole_estate_by_day_is_the_sum_over_accounts_and_regions(
    engine: Engine, history: History
) -> None:
    """Given three account-regions that change, fail and vanish, then the prepared totals equal the sums."""
    shop = history.region("111122223333", "eu-central-1")
    other = history.region("111122223333", "us-east-1")
    bank = history.region("444455556666", "eu-central-1", "Bank")
    for region in history.regions:
        api = region.api("a1b2c3d4e5")
        api.stage("one")
        api.stage("two", certificate="cert01")
        region.certificate("cert01")
    history.night()
    del shop.certificates["cert01"]
    other.failure = DENIED
    history.nights(4)
    other.failure = None
    del bank.apis["a1b2c3d4e5"].stages["one"]
    bank.api("private001", endpoint_types=("PRIVATE",)).stage("inner")
    history.night(skip_days=2)
    question = (
        "SELECT day, policy_id, sum(compliant), sum(incompliant), sum(inapplicable), sum(undetermined) "
        "FROM report.{} GROUP BY day, policy_id ORDER BY day, policy_id"
    )
    summed = ask(engine, question.format("compliance_daily"))
    assert summed == ask(engine, question.format("compliance_daily_total"))
    assert len(summed) == 2 * 8
    last = [row for row in summed if row[0] == history.last_as_of.date() and row[1] == SSL]
    assert last == [(date(2026, 1, 8), SSL, 2, 3, 1, 0)]


def test_totals_follow_an_evaluation_that_is_taken_back(engine: Engine, history: History) -> None:
    """Given a night judged twice at the same time with different parameters, then only the second counts."""
    region = history.region()
    region.api("a1b2c3d4e5").stage("fine", certificate="cert01")
    region.certificate("cert01", lives=timedelta(days=60))
    history.night()
    night = history.night()
    policy = catalog().policy(EXPIRY)
    before = ask(engine, "SELECT condition_key, changed_at, items FROM compliance.tally_change ORDER BY 1, 2")
    expiring = "SELECT incompliant FROM report.compliance_daily_total WHERE policy_id = :policy ORDER BY day"
    for days, incompliant in ((90, 1), (30, 0)):
        run = runs.start(engine, RunKind.EVALUATE, night.as_of)
        evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={"days": days})
        runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())
        assert ask(engine, expiring, policy=EXPIRY)[-1] == (incompliant,)
    assert before == ask(
        engine, "SELECT condition_key, changed_at, items FROM compliance.tally_change ORDER BY 1, 2"
    )


def test_every_framework_section_has_the_numbers_of_its_policies(engine: Engine, history: History) -> None:
    region = history.region()
    api = region.api("a1b2c3d4e5")
    api.stage("fine", certificate="cert01")
    api.stage("bare")
    region.certificate("cert01")
    unread = region.api("f6g7h8i9j0", types=None)
    unread.stage("unknown")
    region.api("private001", endpoint_types=("PRIVATE",)).stage("inner")
    history.night()
    sections = ask(
        engine,
        "SELECT policies, policy_ids, compliant, incompliant, undetermined, inapplicable, "
        "compliance_percent, evaluated_at FROM report.framework_compliance",
    )
    assert len(sections) == 44
    assert set(map(repr, sections)) == {repr((1, [SSL], 1, 1, 1, 1, Decimal("50.00"), sections[0][-1]))}
    found = ask(
        engine,
        "SELECT section, title FROM report.framework_compliance WHERE framework LIKE 'AWS Foundational%'",
    )
    assert found == [
        (
            "APIGateway.2",
            "API Gateway REST API stages should be configured to use SSL certificates for backend "
            "authentication",
        )
    ]


def test_only_episodes_that_ended_compliant_are_remediated(engine: Engine, history: History) -> None:
    """Given stages fixed after 2, 3 and 7 nights, one deleted while incompliant and one still bare."""
    history.policies = [SSL]
    region = history.region()
    api = region.api("a1b2c3d4e5")
    region.certificate("cert01")
    fixed = [api.stage(f"fixed{number}") for number in range(3)]
    api.stage("gone")
    history.night()
    api.stage("open")
    for night in range(1, 9):
        for stage, after in zip(fixed, (2, 3, 7), strict=True):
            if night == after:
                stage.certificate = "cert01"
        if night == 4:
            del api.stages["gone"]
        history.night()
    view = (
        "SELECT remediated, median_days, p90_days, mean_days, still_open, oldest_open_days "
        "FROM report.time_to_remediate WHERE account_id = '111122223333'"
    )
    assert ask(engine, view) == [(3, Decimal("3.00"), Decimal("6.20"), Decimal("4.00"), 1, Decimal("7.00"))]
    episodes = ask(engine, "SELECT stage_name, outcome, days FROM report.episode ORDER BY stage_name")
    assert episodes == [
        ("fixed0", "COMPLIANT", Decimal("2.00")),
        ("fixed1", "COMPLIANT", Decimal("3.00")),
        ("fixed2", "COMPLIANT", Decimal("7.00")),
        ("gone", "DISAPPEARED", Decimal("4.00")),
        ("open", None, Decimal("7.00")),
    ]


def test_an_undetermined_stretch_interrupts_neither_an_episode_nor_its_clock(
    engine: Engine, history: History
) -> None:
    history.policies = [SSL]
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("bare")
    region.certificate("cert01")
    history.night()
    region.failure = DENIED
    history.nights(5)
    assert daily(engine)[-1][2:6] == (0, 0, 0, 1)
    view = "SELECT remediated, still_open, oldest_open_days, median_days FROM report.time_to_remediate"
    assert ask(engine, view) == [(0, 1, Decimal("5.00"), None)]
    region.failure = None
    stage.certificate = "cert01"
    history.night()
    assert ask(engine, view) == [(1, 0, None, Decimal("6.00"))]


@pytest.mark.parametrize(
    ("numbers", "weights"), [([5], [1]), ([1, 2], [1, 1]), ([3, 9, 4], [2, 5, 1]), ([7, 7, 1], [3, 2, 4])]
)
def test_weighted_percentiles_equal_those_of_the_repeated_numbers(
    engine: Engine, numbers: list[int], weights: list[int]
) -> None:
    repeated = [number for number, weight in zip(numbers, weights, strict=True) for _ in range(weight)]
    fractions = [0.0, 0.1, 0.5, 0.9, 1.0]
    (row,) = ask(
        engine,
        "SELECT report.weighted_percentiles(:numbers, :weights, :fractions), "
        "(SELECT percentile_cont(CAST(:fractions AS double precision[])) WITHIN GROUP (ORDER BY n) "
        "FROM unnest(CAST(:repeated AS integer[])) AS n)",
        numbers=numbers,
        weights=weights,
        fractions=fractions,
        repeated=repeated,
    )
    assert row[0] == pytest.approx(row[1])


def test_an_api_shows_how_its_stages_stand_and_how_it_stands_itself(engine: Engine, history: History) -> None:
    """Given two APIs, one with stages of every kind, when policies judge stages and APIs, then each has a row per
    policy; a stage that is gone is counted nowhere."""
    region = history.region()
    api = region.api("a1b2c3d4e5")
    api.stage("fine", certificate="cert01")
    api.stage("bare")
    api.stage("gone")
    region.certificate("cert01")
    region.api("private001", None, endpoint_types=("PRIVATE",)).stage("inner")
    history.night()
    del api.stages["gone"]
    run = history.collect()
    tags = "/gateledger/aws/apigateway/rest-api-tags"
    for policy_id in (SSL, tags):
        policy = load_catalog().policy(policy_id)
        evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    history.finish(run)
    rows = ask(
        engine,
        "SELECT policy_id, api_id, api_name, api_type, stages, compliant, incompliant, inapplicable, undetermined,"
        " compliance_percent, oldest_incompliant FROM report.api_compliance WHERE policy_id <> :policy ORDER BY 1, 2",
        policy=EXPIRY,
    )
    half = Decimal("50.00")
    assert rows == [
        (SSL, "a1b2c3d4e5", "orders", "rest_api", 2, 1, 1, 0, 0, half, FIRST_NIGHT),
        (SSL, "private001", None, "rest_api", 1, 0, 0, 1, 0, None, None),
        (tags, "a1b2c3d4e5", "orders", "rest_api", 1, 0, 0, 1, 0, None, None),
        (tags, "private001", None, "rest_api", 1, 0, 0, 1, 0, None, None),
    ]


def test_findings_by_api_are_listed_for_people_and_programs(
    engine: Engine, history: History, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line = CommandLine(database_url, monkeypatch)
    region = history.region()
    region.api("a1b2c3d4e5").stage("bare")
    region.api("private001", endpoint_types=("PRIVATE",)).stage("inner")
    history.night()
    arguments = ("findings", "--by-api", "--policy", "rest-api-stage-ssl-certificate")
    listed = json.loads(command_line(*arguments, "--format", "json").out)
    assert [(row["api_id"], row["incompliant"], row["inapplicable"]) for row in listed] == [
        ("a1b2c3d4e5", 1, 0),
        ("private001", 0, 1),
    ]
    table = command_line(*arguments, "--status", "INCOMPLIANT").out
    assert "a1b2c3d4e5" in table
    assert "private001" not in table
    for wrong in (
        ("--as-of", "2026-01-01"),
        ("--excepted",),
        ("--status", "DISAPPEARED"),
        ("--owner", "team"),
        ("--unowned",),
    ):
        ended = command_line(*arguments, *wrong)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
