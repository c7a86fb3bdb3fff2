"""The reporting schema as a whole: all of it is described, and its role reads it and nothing else."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import Engine, text

from cmdb.items import item_types
from cmdb.server.reporting import VIEWS, stray_files, view_texts
from tests.support.histories import History

pytestmark = pytest.mark.both_servers

UNDESCRIBED = """
SELECT c.oid::regclass::text AS name
FROM pg_class AS c
WHERE c.relnamespace = 'report'::regnamespace AND c.relkind = 'v'
  AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT c.oid::regclass::text || '.' || a.attname
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'report'::regnamespace AND col_description(c.oid, a.attnum) IS NULL
UNION ALL
SELECT p.oid::regprocedure::text
FROM pg_proc AS p
WHERE p.pronamespace = 'report'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
"""
OURS = """
SELECT c.oid::regclass::text, c.relnamespace = 'report'::regnamespace
FROM pg_class AS c
WHERE c.relnamespace IN ('report'::regnamespace, 'cmdb'::regnamespace, 'compliance'::regnamespace)
  AND c.relkind IN ('r', 'v', 'm', 'p')
"""


def test_every_view_column_and_function_is_described(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text(UNDESCRIBED)).scalars().all() == []
    assert stray_files() == set()
    assert len(VIEWS) == len(set(VIEWS))


def test_the_reader_reads_all_of_report_and_nothing_else(engine: Engine) -> None:
    """Given a judged estate, when the reader's role is taken, then views answer and tables are refused."""
    history = History(engine)
    history.region().api("a1b2c3d4e5").stage("prod")
    history.night()
    with engine.connect() as connection:
        relations = dict(map(tuple, connection.execute(text(OURS))))
    views = {f"report.{name}" for name in view_texts()}
    read = {relation for relation, readable in relations.items() if readable}
    assert read <= views
    assert {f"report.{declared.name}" for declared in item_types()} <= read
    assert len(relations) > 2 * sum(relations.values()) > 0
    with engine.connect() as connection:
        connection.execute(text("SET ROLE gateledger_reader"))
        for relation, readable in relations.items():
            with connection.begin_nested() as attempt:
                if readable:
                    connection.execute(text(f"SELECT count(*) FROM {relation}"))
                    continue
                with pytest.raises(Exception, match="permission denied") as refused:
                    connection.execute(text(f"SELECT count(*) FROM {relation}"))
                assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
                attempt.rollback()
        found = connection.execute(
            text("SELECT status FROM report.finding_as_of(:as_of)"), {"as_of": history.last_as_of}
        )
        assert found.scalars().all()
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO report.run (run_id) VALUES (99)",
        "UPDATE report.run SET status = 'complete'",
        "DELETE FROM report.scope_health",
        "CREATE VIEW report.mine AS SELECT 1 AS one",
        "CREATE TABLE public.mine (one integer)",
    ],
)
def test_the_reader_writes_nothing(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET ROLE gateledger_reader"))
        with pytest.raises(Exception, match=r"permission denied|cannot (update|delete|insert)"):
            connection.execute(text(statement))
