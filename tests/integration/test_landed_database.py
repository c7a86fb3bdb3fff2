"""A database of the version before item types were declared, with 30 nights of history, is taken over in place.

``tests/data/landed.sql.xz`` is such a database as it was dumped, ``landed.json.xz`` is what its views and
``finding_as_of`` said of every night then.
"""

from __future__ import annotations

import dataclasses
import json
import lzma
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from cmdb.server.database import open_engine, transaction, upgrade
from cmdb.server.revisions import head_revision, revisions_after
from evaluator.catalog.logic import check_logic
from evaluator.catalog.policy import Policy
from evaluator.judging.backfill import backfill
from evaluator.judging.engine import evaluate
from evaluator.judging.former import is_former, of_today
from gateledger.terminal.migrating import migrate
from tests.support.checks import breaches, catalog
from tests.support.items import CertificateKind
from tests.support.questions import ask

DATA = Path(__file__).parents[1] / "data"
#: Columns that views gained or lost: keys of the CMDB are named otherwise now, and none of them is a contract.
_RENAMED = {"stage_id": "item_id"}
#: What was not said then: what a deployment changed in what a stage serves.
_SAID = {
    ("stage_history", "changed"): "changed[:cardinality(changed) - coalesce(cardinality(served_changes), 0)]"
}
#: Drafts are not read any more: their scopes ended with the upgrade.
_ENDED = ',"integration",'
_JUDGED = (
    "SELECT p.policy_id, v.definition ->> 'logic' AS logic FROM compliance.policy AS p "
    "JOIN compliance.policy_version AS v ON v.policy_key = p.policy_key ORDER BY 1"
)


@cache
def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lzma.decompress((DATA / "landed.json.xz").read_bytes()))
    return found


@pytest.fixture
def landed(empty_database_url: str) -> Iterator[Engine]:
    """The database as the earlier version left it, upgraded."""
    restore(empty_database_url)
    engine = open_engine(empty_database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def restore(url: str) -> None:
    script = lzma.decompress((DATA / "landed.sql.xz").read_bytes()).decode()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def test_an_upgrade_of_data_shows_each_revision_and_that_it_goes_on(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    restore(empty_database_url)
    engine = open_engine(empty_database_url)
    before, after = migrate(engine, every=0.01)
    engine.dispose()
    shown = capsys.readouterr().err.splitlines()
    revisions = revisions_after(before)
    for number, revision in enumerate(revisions, start=1):
        words = f"Migration: revision {revision} applied ({number} of {len(revisions)}), "
        assert any(line.startswith(words) for line in shown), revision
    assert any(line.startswith("Migration: revision 0010 in progress, ") for line in shown)
    assert after == revisions[-1] == head_revision()


def rows_of(engine: Engine, statement: str, values: tuple[Any, ...] = ()) -> list[str]:
    """Return rows as the dump holds them: as JSON, sorted."""
    with transaction(engine) as connection:
        connection.execute("SET LOCAL TimeZone = 'UTC'")
        found = connection.execute(statement.encode(), values).fetchall()
    return sorted(json.dumps(row, default=str, separators=(",", ":")) for row in found)


@pytest.mark.both_servers
def test_every_view_says_what_it_said(landed: Engine) -> None:
    for view, then in told()["views"].items():
        columns = [_RENAMED.get(name, name) for name in then["columns"]]
        listed = ", ".join(_SAID.get((view, name), f'"{name}"') for name in columns)
        kept = [row for row in then["rows"] if view != "scope_health" or _ENDED not in row]
        assert rows_of(landed, f"SELECT {listed} FROM report.{view}") == kept, view


@pytest.mark.both_servers
def test_every_night_is_found_as_it_was(landed: Engine) -> None:
    nights = told()["finding_as_of"]
    assert len(nights) == 30
    for night, then in nights.items():
        now = rows_of(
            landed,
            "SELECT policy_id, resource_arn, account_id, region, rest_api_id, stage_name, status, condition, "
            "valid_from, valid_to, since, account_name, item_id FROM report.finding_as_of(%s)",
            (night,),
        )
        assert now == then, night


@pytest.mark.both_servers
def test_the_history_is_whole_and_goes_on(landed: Engine) -> None:
    """Given the upgraded database, when its own policies (which judged drafts) judge it again as they are read
    today, then no verdict changes; and when they are backfilled over all nights, then every record is as it was."""
    before = records(landed)
    last = max(told()["finding_as_of"])
    policies = policies_of(landed)
    assert len(policies) == 2
    run = runs.start(landed, RunKind.EVALUATE, ask(landed, "SELECT max(as_of) AS at FROM cmdb.run")[0]["at"])
    for policy in policies:
        evaluate(landed, policy, run, max_staleness=runs_staleness(landed), parameters={})
    assert records(landed) == before, last
    for policy in policies:
        backfill(landed, policy, run, max_staleness=runs_staleness(landed), parameters={})
    runs.finish(landed, run, RunStatus.COMPLETE, RunTotals())
    assert records(landed) == before
    assert breaches(landed) == []


def policies_of(engine: Engine) -> list[Policy]:
    """Return the policies with the logic that the database says judged its nights."""
    found = []
    for row in ask(engine, _JUDGED):
        today = catalog().policy(row["policy_id"])
        assert is_former(row["logic"])
        logic = check_logic(today.id, of_today(row["logic"]), today.parameters, today.logic.item_type)
        found.append(dataclasses.replace(today, logic=logic))
    return found


def runs_staleness(engine: Engine) -> Any:
    """Return the staleness that the nights were judged with."""
    return ask(engine, "SELECT max(max_staleness) AS allowed FROM compliance.evaluation")[0]["allowed"]


def records(engine: Engine) -> list[tuple[Any, ...]]:
    """Return all compliance records without what names a policy's content."""
    columns = "policy_id, item_id, status, condition, valid_from, valid_to, since"
    return sorted(
        (tuple(row.values()) for row in ask(engine, f"SELECT {columns} FROM report.finding_history")), key=str
    )


def test_the_dump_holds_what_matters() -> None:
    views = told()["views"]
    assert {kind.value for kind in CertificateKind} <= {
        json.loads(row)[0] for row in views["certificate"]["rows"]
    }
    assert len(views["finding_history"]["rows"]) > 500
