"""The cage around policies' SQL: what a statement could try if it got past the check of its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from cmdb.server.database import Cursor, open_engine, transaction
from evaluator.catalog.offered import offered
from evaluator.errors import PolicyError
from evaluator.judging.guard import guarded
from evaluator.judging.relations import relations_as_of, relations_now
from tests.support.histories import History

pytestmark = pytest.mark.both_servers

MINUTE = timedelta(minutes=1)
WRITES = [
    "UPDATE cmdb.stage SET stage_name = 'x'",
    "WITH gone AS (DELETE FROM compliance.record RETURNING item_id) SELECT item_id FROM gone",
    "INSERT INTO cmdb.account_region (account_key, region) VALUES (1, 'x')",
    "TRUNCATE compliance.record",
    "CREATE TABLE cmdb.mine (a integer)",
    "SELECT nextval('cmdb.version_id_seq')",
    "SELECT setval('cmdb.version_id_seq', 1)",
    "COPY compliance.record FROM STDIN",
]
READS_BEYOND = [
    "SELECT payload FROM cmdb.account",
    "SELECT name FROM cmdb.account_closed",
    "SELECT plan FROM cmdb.dispatch",
    "SELECT message FROM report.finding",
    "SELECT definition FROM compliance.policy_version",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT query_to_xml('SELECT payload FROM cmdb.account', true, true, '')",
    "SELECT rolpassword FROM pg_catalog.pg_authid",
]


@pytest.fixture
def service(engine: Engine) -> Iterator[Engine]:
    """An engine as a login that owns nothing and may not take on the policies' role."""
    name = make_url(str(engine.url)).database
    with transaction(engine) as connection:
        connection.execute(f"CREATE ROLE s_{name} LOGIN".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA cmdb, compliance TO s_{name}".encode())
        connection.execute(f"GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA cmdb TO s_{name}".encode())
    made = open_engine(engine.url.set(username=f"s_{name}").render_as_string(hide_password=False))
    yield made
    made.dispose()
    with transaction(engine) as connection:
        connection.execute(f"DROP OWNED BY s_{name}; DROP ROLE s_{name}".encode())


@contextmanager
def caged(engine: Engine, timeout: timedelta = MINUTE) -> Iterator[Cursor]:
    with transaction(engine) as connection, connection.cursor() as cursor, guarded(cursor, "p", timeout):
        yield cursor


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_can_be_written_even_by_a_superuser(engine: Engine, statement: str) -> None:
    with pytest.raises((PolicyError, psycopg.errors.InsufficientPrivilege)), caged(engine) as cursor:
        cursor.execute(statement.encode())


@pytest.mark.parametrize("statement", ["UPDATE cmdb.stage SET stage_name = 'x'", "CREATE TABLE a ()"])
def test_nothing_can_be_written_where_the_role_cannot_be_taken_on(service: Engine, statement: str) -> None:
    with pytest.raises(PolicyError, match="tried more than to read"), caged(service) as cursor:
        cursor.execute(statement.encode())


@pytest.mark.parametrize("statement", READS_BEYOND)
def test_nothing_but_the_offered_can_be_read(engine: Engine, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), caged(engine) as cursor:
        cursor.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE",
    ],
)
def test_the_cage_cannot_be_opened_from_inside(engine: Engine, statement: str) -> None:
    with pytest.raises(psycopg.Error, match="read-write mode"), caged(engine) as cursor:
        cursor.execute(statement.encode())


def test_a_statement_that_changes_its_role_is_found_out(engine: Engine) -> None:
    with pytest.raises(PolicyError, match="changed its role"), caged(engine) as cursor:
        cursor.execute("SELECT set_config('role', 'none', true)")


def test_a_statement_that_takes_too_long_is_ended_with_one_sentence(engine: Engine) -> None:
    with (
        pytest.raises(PolicyError, match=r"policy p was cancelled .*GATELEDGER_STATEMENT_TIMEOUT"),
        caged(engine, timedelta(milliseconds=50)) as cursor,
    ):
        cursor.execute("SELECT pg_sleep(60)")
    # and one that tries to lift the time-out for itself as well
    with pytest.raises(PolicyError, match="cancelled"), caged(engine, timedelta(milliseconds=50)) as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', true), pg_sleep(60)")


def test_the_transaction_goes_on_as_before_and_keeps_what_was_found(engine: Engine) -> None:
    # given a transaction with settings of its own
    with transaction(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '7min'; SET LOCAL search_path = report")
        cursor.execute("CREATE TEMPORARY TABLE found (item_id bigint) ON COMMIT DROP")
        for _ in range(2):
            # when a policy's SQL writes what it found into a temporary table
            with guarded(cursor, "p", MINUTE):
                assert cursor.execute("SELECT current_user").fetchone() == ("gateledger_policy",)
                cursor.execute("INSERT INTO pg_temp.found SELECT count(*) FROM cmdb.stage")
        # then the transaction has its role, its settings and its right to write again
        now = cursor.execute(
            "SELECT current_user = session_user, current_setting('statement_timeout'), "
            "current_setting('search_path'), current_setting('transaction_read_only')"
        ).fetchone()
        assert now == (True, "7min", "report", "off")
        cursor.execute(
            "INSERT INTO cmdb.run (kind, as_of, started_at, status) "
            "SELECT 'run', clock_timestamp(), clock_timestamp(), 'abandoned' FROM pg_temp.found"
        )
    with transaction(engine) as connection:
        assert connection.execute("SELECT count(*) FROM cmdb.run").fetchone() == (2,)


def test_what_the_policy_answered_can_be_read_afterwards(engine: Engine) -> None:
    with transaction(engine) as connection, connection.cursor() as cursor:
        with guarded(cursor, "p", MINUTE):
            cursor.execute("SELECT count(*) FROM cmdb.stage")
        assert cursor.fetchall() == [(0,)]


def test_every_policy_runs_in_the_cage(engine: Engine) -> None:
    # given an inventory with stages
    history = History(engine)
    history.region("111122223333", "eu-central-1").api("a1b2c3d4e5").stage("prod")
    history.night()
    # then each relation that is offered, now and for the past, can be read there
    for relations in (relations_now, relations_as_of):
        for name, columns in offered().items():
            wanted = {name: frozenset(column for column, _ in columns)}
            listed = ", ".join(column for column, _ in columns)
            with caged(engine) as cursor:
                cursor.execute(
                    f"WITH {relations(wanted)} SELECT {listed} FROM {name}".encode(),
                    {"as_of": "2026-01-02T00:00:00Z", "max_staleness": timedelta(hours=72)},
                )
                assert [column.name for column in cursor.description or ()] == [name for name, _ in columns]
                if name in {"rest_api", "stage", "deployment", "scope"}:
                    assert cursor.fetchall(), name
