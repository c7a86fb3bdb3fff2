"""Equal definitions of deployments are stored once, whoever deployed them, as long as any version has them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.server.database import transaction
from cmdb.storage.copying import FEW_ROWS
from cmdb.storage.merge import merge_snapshots
from cmdb.storage.prune import prune
from tests.support.checks import breaches
from tests.support.histories import History, RegionMade
from tests.support.questions import ask

DAY = timedelta(days=1)
HTTP, AWS, MIXED = ("HTTP",), ("AWS_PROXY",), ("HTTP", "MOCK")
WAITING = """
SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


WITHOUT = """
SELECT d.deployment_id FROM cmdb.deployment AS d
WHERE NOT EXISTS (SELECT FROM cmdb.deployment_payload AS p WHERE p.digest = d.digest)
"""


def region(history: History, number: int, *types: tuple[str, ...]) -> RegionMade:
    """Return an account-region with a stage for each definition, each of an API of its own."""
    made = history.region(f"11112222{number:04d}", "eu-central-1")
    serve(made, *types)
    return made


def serve(made: RegionMade, *types: tuple[str, ...]) -> None:
    """Give an account-region an API with a stage for each definition."""
    for at, one in enumerate(types):
        made.api(f"a{made.account.account_id[-4:]}{at:05d}", types=one).stage("prod")


def stored(engine: Engine) -> list[str]:
    """Return the integration types of the first methods of the definitions that are stored."""
    rows = ask(
        engine,
        "SELECT payload -> 'methods' -> 0 ->> 'integration_type' AS kind FROM cmdb.deployment_payload ORDER BY 1",
    )
    return [row["kind"] for row in rows]


@contextmanager
def merging(history: History, made: RegionMade) -> Iterator[None]:
    """Merge an account-region in a transaction that stays open meanwhile."""
    with transaction(history.engine) as connection, connection.cursor() as cursor:
        cursor.execute(query("merge_settings", "cmdb.storage.sql"))
        merge_snapshots(cursor, [made.snapshot()], history.next_as_of)
        yield


def merge(history: History, made: RegionMade) -> None:
    """Merge an account-region."""
    with merging(history, made):
        pass


def wait_until_blocked(engine: Engine) -> None:
    """Return once a session waits for what another one holds."""
    until = time.monotonic() + 20
    while not ask(engine, WAITING)[0]["n"]:
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


def test_equal_definitions_are_stored_once_whichever_account_deployed_them(engine: Engine) -> None:
    """Given two accounts with the same definitions, one of them twice, then each is there once and shown for every
    deployment, and a stage that goes over to another's definition stores nothing."""
    history = History(engine)
    region(history, 1, HTTP, AWS, HTTP)
    other = region(history, 2, AWS, HTTP)
    history.night()
    assert stored(engine) == ["AWS_PROXY", "HTTP"]
    shown = ask(engine, "SELECT types, methods FROM report.deployment ORDER BY types, methods")
    assert [tuple(row["types"]) for row in shown] == [AWS, AWS, HTTP, HTTP, HTTP]
    assert [row["methods"][0]["integration_type"] for row in shown] == ["AWS_PROXY"] * 2 + ["HTTP"] * 3
    api = other.apis["a000200000"]
    api.types = HTTP
    api.stages["prod"].deployment = "dep002"
    history.night()
    assert stored(engine) == ["AWS_PROXY", "HTTP"]
    changes = ask(engine, "SELECT served_changes FROM report.stage_history WHERE served_changes IS NOT NULL")
    assert changes == [{"served_changes": ["GET /path1: AWS_PROXY -> HTTP", "deployment dep001 -> dep002"]}]
    assert breaches(engine) == []


def test_many_definitions_at_once_are_stored_once_too(engine: Engine) -> None:
    """Given more definitions than a statement takes as its parameter, each of two stages, then each is there once,
    also when they are read again in an account that has them already."""
    history = History(engine)
    for number in range(2):
        api = region(history, number).api("a1b2c3d4e5", types=None)
        for at in range(FEW_ROWS + 1):
            for name in (f"dev{at}", f"prod{at}"):
                api.stage(name).deployment = f"d{name}"
                api.methods[f"d{name}"] = {(f"/path{at}", "GET"): {"integration_type": "MOCK"}}
    run = history.collect()
    history.finish(run)
    assert stored(engine) == ["MOCK"] * (FEW_ROWS + 1)
    assert ask(engine, WITHOUT) == []
    assert ask(engine, "SELECT count(*) AS n FROM cmdb.deployment") == [{"n": 4 * (FEW_ROWS + 1)}]


def test_a_definition_goes_with_the_last_version_that_has_it(engine: Engine) -> None:
    """Given a definition of two APIs and another of one, when one of each is long gone, then the definition that
    is still served stays, and the other one goes."""
    history = History(engine)
    made = region(history, 1, HTTP, HTTP, AWS)
    history.night()
    del made.apis["a000100000"], made.apis["a000100002"]
    history.nights(4)
    pruned = prune(engine, history.last_as_of - DAY)
    assert pruned.rows["cmdb.deployment_payload"] == 1
    assert stored(engine) == ["HTTP"]
    assert ask(engine, WITHOUT) == []
    assert prune(engine, history.last_as_of - DAY).total == 0


@pytest.mark.both_servers
def test_two_merges_of_the_same_definitions_at_once_end_well(engine: Engine) -> None:
    """Given a merge that has stored definitions and has not ended, when another one stores the same, in another
    order, and one more, then it waits for the first and both are whole."""
    history = History(engine)
    first, second = region(history, 1), region(history, 2)
    history.night()
    serve(first, HTTP, AWS)
    serve(second, AWS, MIXED, HTTP)
    with ThreadPoolExecutor(1) as pool:
        with merging(history, first):
            other = pool.submit(merge, history, second)
            wait_until_blocked(engine)
        other.result(30)
    assert stored(engine) == ["AWS_PROXY", "HTTP", "HTTP"]
    assert ask(engine, WITHOUT) == []


@pytest.mark.both_servers
def test_a_definition_that_a_merge_is_about_to_have_is_not_dropped(engine: Engine) -> None:
    """Given a definition that no version has any more, when history is dropped while a merge that has not ended
    gives it to another deployment, then it stays; and one that waits for the dropping stores it again."""
    history = History(engine)
    first, second = region(history, 1, HTTP), region(history, 2)
    history.night()
    first.apis.clear()
    history.nights(4)
    limit = history.last_as_of - DAY
    with transaction(engine) as connection:  # What a pruning leaves that is killed before the last step.
        connection.execute("DELETE FROM cmdb.deployment")
    serve(second, HTTP)
    with ThreadPoolExecutor(1) as pool:
        with merging(history, second):
            dropping = pool.submit(prune, engine, limit)
            wait_until_blocked(engine)
        assert "cmdb.deployment_payload" not in dropping.result(30).rows
        assert stored(engine) == ["HTTP"]
        assert ask(engine, WITHOUT) == []

        with transaction(engine) as connection:
            connection.execute("DELETE FROM cmdb.deployment")
        with transaction(engine) as connection:
            connection.execute("LOCK TABLE cmdb.deployment_payload IN SHARE ROW EXCLUSIVE MODE")
            serve(first, HTTP)
            merged = pool.submit(merge, history, first)
            wait_until_blocked(engine)
            connection.execute("DELETE FROM cmdb.deployment_payload")
        merged.result(30)
    assert stored(engine) == ["HTTP"]
    assert ask(engine, WITHOUT) == []
