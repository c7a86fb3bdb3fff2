"""Every statement of the cookbooks runs, as the reader or in DuckDB on an export, and answers its question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine, text

from cmdb.server.database import open_engine
from gateledger.exports.writing import Export, ExportFormat, write_export
from tests.support.histories import DENIED, History
from tests.support.servers import EMBEDDED, Servers

COOKBOOK = Path(__file__).parents[2] / "docs" / "sql-cookbook.md"
OF_PARQUET = COOKBOOK.with_name("parquet-cookbook.md")


def recipes(page: Path) -> dict[str, str]:
    return dict(re.findall(r"^## (.+?)\n.*?```sql\n(.+?)```", page.read_text(encoding="utf-8"), re.M | re.S))


RECIPES = recipes(COOKBOOK)
PARQUET_RECIPES = recipes(OF_PARQUET)
SET_UP = PARQUET_RECIPES.pop("Set up")


@pytest.fixture(scope="module")
def cookbook_engine(postgres_servers: Servers) -> Iterator[Engine]:
    """Forty nights in which every question of the cookbook has an answer."""
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        engine = open_engine(url)
        live_through(History(engine))
        yield engine
        engine.dispose()


def live_through(history: History) -> None:
    shop = history.region()
    api = shop.api("a1b2c3d4e5", tags={"owner": "ann", "team": "shop"})
    prod = api.stage("prod", tags={"owner": "bob"})
    flipping = api.stage("flipping")
    api.stage("deleted", certificate="cert02")
    broken = api.stage("broken", certificate="cert01")
    api.stage("fine", certificate="cert01")
    doomed = api.stage("doomed")
    for name in ("cert01", "cert02", "unused"):
        shop.certificate(name, lives=timedelta(days=100))
    bank = history.region("444455556666", "us-east-1", "Bank")
    bank.api("f6g7h8i9j0").stage("bare")
    lost = history.region("777788889999", "eu-west-1", None)
    lost.api("k1l2m3n4o5").stage("lost")
    for night in range(40):
        if night == 5:
            prod.certificate = "cert01"
            del api.stages[doomed.name]
        if night == 10:
            del shop.certificates["cert02"]
            lost.failure = DENIED
        if night == 39:
            broken.certificate = None
        if night == 20:
            prod.deployment = "dep002"
        if night >= 30:
            flipping.certificate = "cert01" if night % 2 else None
        history.night()


def ask(engine: Engine, question: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        connection.execute(text("SET ROLE gateledger_reader"))
        # The driver itself: the cookbook's colons are no parameters.
        return [dict(row._mapping) for row in connection.exec_driver_sql(RECIPES[question])]


def test_the_cookbook_has_its_questions() -> None:
    titles = re.findall(r"^## (.+)$", COOKBOOK.read_text(encoding="utf-8"), re.M)
    assert titles == list(RECIPES)
    assert len(titles) >= 15


@pytest.mark.parametrize("question", RECIPES)
def test_every_question_is_answered(cookbook_engine: Engine, question: str) -> None:
    assert ask(cookbook_engine, question)


def names(rows: list[dict[str, Any]]) -> set[str]:
    return {row["resource_arn"].rsplit("/", 1)[-1] for row in rows}


def test_answers_are_right(cookbook_engine: Engine) -> None:
    ssl = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"

    def of(question: str) -> list[dict[str, Any]]:
        return [row for row in ask(cookbook_engine, question) if row["policy_id"] == ssl]

    (audit,) = of("How compliant were we on the day of the audit?")
    assert (audit["compliant"], audit["incompliant"], audit["undetermined"]) == (3, 5, 0)
    assert names(of("Which stages were incompliant at that moment, and since when?")) == {
        "prod",
        "flipping",
        "doomed",
        "bare",
        "lost",
    }
    # lost was incompliant when it was last read: its episode goes on while nobody can tell.
    assert names(of("Which stages have been incompliant for longer than 30 days?")) == {"bare", "lost"}
    assert names(of("Which stages flip?")) == {"flipping"}
    changed = {
        row["resource_arn"].rsplit("/", 1)[-1]: (row["was"], row["is"])
        for row in of("What changed last night?")
    }
    assert changed == {"broken": ("COMPLIANT", "INCOMPLIANT"), "flipping": ("INCOMPLIANT", "COMPLIANT")}
    what = {row["resource_arn"].rsplit("/", 1)[-1]: row["changed"] for row in of("What changed it?")}
    assert what == {"broken": ["client_certificate_id"], "flipping": ["client_certificate_id"]}
    (served,) = ask(cookbook_engine, "What changed in what stages serve?")
    assert served["changes"] == "no method differs; deployment dep001 -> dep002"
    owners = {row["owner"]: row["incompliant"] for row in of("Who owns what is incompliant?")}
    assert owners == {"ann": 2, "(no owner)": 1}
    outcomes = {row["outcome"]: row["episodes"] for row in of("How do incompliant episodes end?")}
    assert outcomes == {"COMPLIANT": 6, "DISAPPEARED": 1, "(goes on)": 4}
    (unknown,) = ask(cookbook_engine, "What is undetermined, and why?")
    assert (unknown["account_id"], unknown["error"]) == ("777788889999", "GetStages was denied.")
    (deleted,) = ask(cookbook_engine, "Which deleted certificates do stages still name?")
    assert (deleted["certificate_id"], deleted["stages_using"]) == ("cert02", 1)
    (unused,) = ask(cookbook_engine, "Which certificates does nobody use?")
    assert unused["certificate_id"] == "unused"


@pytest.fixture(scope="module")
def lake(
    cookbook_engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same forty nights as Parquet files, in DuckDB."""
    folder = tmp_path_factory.mktemp("lake")
    write_export(cookbook_engine, Export(ExportFormat.PARQUET, history=True), folder / "history")
    write_export(cookbook_engine, Export(ExportFormat.PARQUET), folder / "events")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"SET file_search_path = '{folder}'")
        connection.execute(SET_UP)
        yield connection


def from_lake(lake: duckdb.DuckDBPyConnection, question: str) -> list[dict[str, Any]]:
    answer = lake.execute(PARQUET_RECIPES[question])
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


@pytest.mark.parametrize("question", PARQUET_RECIPES)
def test_every_question_is_answered_by_parquet_files(lake: duckdb.DuckDBPyConnection, question: str) -> None:
    assert from_lake(lake, question)


def test_answers_from_parquet_files_are_those_of_the_views(
    cookbook_engine: Engine, lake: duckdb.DuckDBPyConnection
) -> None:
    def viewed(query: str) -> list[tuple[Any, ...]]:
        with cookbook_engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def told(question: str, *columns: str) -> list[tuple[Any, ...]]:
        return [tuple(row[name] for name in columns) for row in from_lake(lake, question)]

    counts = ("policy_id", "compliant", "incompliant", "undetermined")
    monthly = told("How compliant were we at the end of each month?", "month", *counts)
    assert monthly == viewed(
        "SELECT to_char(day, 'YYYY-MM'), policy_id, sum(compliant)::int, sum(incompliant)::int, "
        "sum(undetermined)::int FROM report.compliance_daily WHERE day IN ('2026-01-31', '2026-02-09') "
        "GROUP BY day, policy_id ORDER BY day, policy_id"
    )
    of_remediation = ("policy_id", "account_id", "remediated", "still_open")
    assert sorted(told("How long does it take to remediate, by account?", *of_remediation)) == viewed(
        "SELECT policy_id, account_id, remediated, still_open FROM report.time_to_remediate "
        "WHERE remediated > 0 OR still_open > 0 ORDER BY 1, 2"
    )
    longest = told("What has been open for longest?", "policy_id", "account_id", "began_at")
    assert sorted(longest) == viewed(
        "SELECT f.policy_id, f.account_id, f.episode_since FROM report.finding AS f "
        "WHERE f.episode_since IS NOT NULL ORDER BY 1, 2, 3"
    )
    assert {row["resource_arn"].rsplit("/", 1)[-1] for row in from_lake(lake, "What flips?")} == {"flipping"}
    failing = told("What is open now, by severity and account?", "account_id", "open")
    assert sorted(failing) == viewed(
        "SELECT account_id, count(*) FROM report.finding WHERE status = 'INCOMPLIANT' GROUP BY 1 ORDER BY 1"
    )
