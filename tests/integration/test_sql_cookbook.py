"""Every statement of the SQL cookbook runs as the reader, and answers its question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cmdb.server.database import open_engine
from tests.support.histories import DENIED, History
from tests.support.servers import EMBEDDED, Servers

COOKBOOK = Path(__file__).parents[2] / "docs" / "sql-cookbook.md"
RECIPES = dict(
    re.findall(r"^## (.+?)\n.*?```sql\n(.+?)```", COOKBOOK.read_text(encoding="utf-8"), re.M | re.S)
)


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
    (unknown,) = ask(cookbook_engine, "What can we not tell, and why?")
    assert (unknown["account_id"], unknown["error"]) == ("777788889999", "GetStages was denied.")
    (deleted,) = ask(cookbook_engine, "Which deleted certificates do stages still name?")
    assert (deleted["certificate_id"], deleted["stages_using"]) == ("cert02", 1)
    (unused,) = ask(cookbook_engine, "Which certificates does nobody use?")
    assert unused["certificate_id"] == "unused"
