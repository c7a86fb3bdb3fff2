"""``gateledger trend``: days, remediation, flapping stages, certificates about to expire."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from cmdb.server.database import open_engine
from gateledger.terminal.plots import percent_plot
from tests.support.command_line import CommandLine
from tests.support.histories import FIRST_NIGHT, History, arn_of
from tests.support.servers import EMBEDDED, Servers

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
NARROW = ("--policy", "rest-api-stage-ssl-certificate")


@pytest.fixture
def command_line(history: History, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    url = history.engine.url.render_as_string(hide_password=False)
    return CommandLine(url, monkeypatch)


@pytest.fixture(scope="module")
def history(postgres_servers: Servers) -> Iterator[History]:
    """Ten nights: one stage fixed after four, one flipping every night, one bare; two accounts. Read only."""
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        engine = open_engine(url)
        yield lived(engine)
        engine.dispose()


def lived(engine: Engine) -> History:
    history = History(engine)
    shop = history.region()
    api = shop.api("a1b2c3d4e5")
    fixed, flipping = api.stage("fixed"), api.stage("flipping", certificate="cert01")
    shop.certificate("cert01", lives=timedelta(days=60))
    shop.certificate("cert02")
    bank = history.region("444455556666", "us-east-1", "Bank")
    bank.api("f6g7h8i9j0").stage("bare")
    for night in range(10):
        if night == 4:
            fixed.certificate = "cert01"
        flipping.certificate = None if night % 2 else "cert01"
        history.night()
    return history


def asked(command_line: CommandLine, *arguments: str) -> dict[str, Any]:
    ended = command_line("trend", "--format", "json", *arguments)
    assert (ended.code, ended.err) == (0, "")
    return dict(json.loads(ended.out))


def test_each_day_has_its_counts(history: History, command_line: CommandLine) -> None:
    days = asked(command_line, *NARROW)["trend"]
    assert [(day["day"], day["compliant"], day["incompliant"], day["compliance_percent"]) for day in days][
        :5
    ] == [
        ("2026-01-01", 1, 2, 33.33),
        ("2026-01-02", 0, 3, 0),
        ("2026-01-03", 1, 2, 33.33),
        ("2026-01-04", 0, 3, 0),
        ("2026-01-05", 2, 1, 66.67),
    ]
    assert len(days) == 10
    assert {(day["policy_id"], day["by"], day["name"]) for day in days} == {(SSL, "policy", SSL)}
    assert len(asked(command_line, *NARROW, "--days", "3")["trend"]) == 3


@pytest.mark.parametrize(
    ("by", "names"),
    [("account", ["111122223333", "444455556666"]), ("region", ["eu-central-1", "us-east-1"])],
)
def test_by_account_and_region_add_up_to_the_whole(
    history: History, command_line: CommandLine, by: str, names: list[str]
) -> None:
    whole = asked(command_line, *NARROW)["trend"]
    parts = asked(command_line, *NARROW, "--by", by)["trend"]
    assert sorted({part["name"] for part in parts}) == names
    for day in whole:
        of_day = [part for part in parts if part["day"] == day["day"]]
        assert sum(part["incompliant"] for part in of_day) == day["incompliant"]
        assert sum(part["compliant"] for part in of_day) == day["compliant"]
    narrowed = asked(command_line, *NARROW, "--account", "444455556666")["trend"]
    assert {(day["compliant"], day["incompliant"]) for day in narrowed} == {(0, 1)}


def test_remediation_within_the_days_has_its_mean_and_median(
    history: History, command_line: CommandLine
) -> None:
    """Given one episode of four nights and four of one, then their mean is 1.6 days."""
    (told,) = asked(command_line, *NARROW)["remediated"]
    assert told == {"policy_id": SSL, "remediated": 5, "mean_days": 1.6, "median_days": 1}
    (late,) = asked(command_line, *NARROW, "--days", "2")["remediated"]
    assert late["remediated"] == 1


def test_flapping_stages_are_those_that_change_more_often_than_asked(
    history: History, command_line: CommandLine
) -> None:
    region = history.regions[0]
    api = region.apis["a1b2c3d4e5"]
    (flapping,) = asked(command_line, *NARROW)["flapping"]
    assert flapping == {
        "policy_id": SSL,
        "account_id": "111122223333",
        "resource_arn": arn_of(region, api, api.stages["flipping"]),
        "changes": 9,
        "last_change": "2026-01-10T02:00:00Z",
    }
    assert asked(command_line, *NARROW, "--flaps", "9")["flapping"] == []
    seldom = asked(command_line, *NARROW, "--flaps", "0")["flapping"]
    assert [(one["resource_arn"].rsplit("/")[-1], one["changes"]) for one in seldom] == [
        ("flipping", 9),
        ("fixed", 1),
    ]


def test_certificates_about_to_expire_name_the_stages_that_they_carry(
    history: History, command_line: CommandLine
) -> None:
    region = history.regions[0]
    api = region.apis["a1b2c3d4e5"]
    (expiring,) = asked(command_line)["expiring"]
    assert (expiring["certificate_id"], expiring["days_left"], expiring["stages_using"]) == ("cert01", 50, 1)
    assert expiring["stages"] == [arn_of(region, api, api.stages["fixed"])]


def test_csv_holds_the_days(history: History, command_line: CommandLine) -> None:
    ended = command_line("trend", "--format", "csv", *NARROW)
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert len(rows) == 10
    assert rows[0]["day"] == FIRST_NIGHT.date().isoformat()
    assert rows[0]["compliance_percent"] == "33.33"


def test_the_table_has_a_plot_and_the_numbers(history: History, command_line: CommandLine) -> None:
    ended = command_line("trend", "--by", "account", *NARROW)
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    lines = ended.out.splitlines()
    assert any(
        "Compliance in percent by account under rest-api-stage-ssl-certificate" in line for line in lines
    )
    assert any(line.split()[:2] == ["A", "444455556666"] for line in lines)
    assert any(line.split()[:2] == ["B", "111122223333"] for line in lines)
    assert "Stages whose status changed more than 3 times within 30 days: 1." in lines
    assert any("cert01" in line and "a1b2c3d4e5/fixed" in line for line in lines)
    assert max(map(len, lines)) <= 220


def test_an_empty_database_and_wrong_options_end_with_one_sentence(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line = CommandLine(database_url, monkeypatch)
    for code, arguments in ((1, ()), (2, ("--by", "stage")), (2, ("--days", "0"))):
        ended = command_line("trend", *arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)


def test_a_plot_draws_each_line_where_its_values_are() -> None:
    days = [FIRST_NIGHT.date() + timedelta(days=number) for number in range(20)]
    drawn = percent_plot(
        days, {"low": [0.0] * 20, "high": [100.0] * 19 + [None]}, title="Compliance", width=60
    ).splitlines()
    assert "Compliance" in drawn[0]
    assert drawn[2].startswith("100")
    assert "B" in drawn[2]
    assert "A" in drawn[-3]
    assert "2026-01-01" in drawn[-1]
    assert "2026-01-20" in drawn[-1]
    assert all(len(line) <= 60 for line in drawn)


def test_a_plot_of_one_day_is_still_a_plot() -> None:
    assert "A" in percent_plot([FIRST_NIGHT.date()], {"one": [50.0]}, title="Compliance", width=60)
