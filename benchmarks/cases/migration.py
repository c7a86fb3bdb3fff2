"""Taking over a database of the version before item types were declared, with 30 nights of history."""

from __future__ import annotations

import lzma
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks import servers
from benchmarks.frame import Case, Result
from benchmarks.world import World
from cmdb.server.database import open_engine, upgrade

_LANDED = Path(__file__).parents[2] / "tests" / "data" / "landed.sql.xz"
_TABLES = Path(__file__).parents[1] / "sql" / "landed_tables.sql"
#: How each key differs from one copy of the dump to the next; keys of the dump are smaller than these steps.
_STEPS = {
    "account_key": 100,
    "account_region_id": 100,
    **dict.fromkeys(("stage_id", "rest_api_key", "certificate_key"), 100_000),
    **dict.fromkeys(("version_id", "stage_version", "rest_api_version"), 100_000),
    **dict.fromkeys(("integration_version", "certificate_version"), 100_000),
}


def migration(world: World) -> Sequence[Result]:
    """Multiply the dump until it has as many stages, copy its tables barely, and upgrade it."""
    with servers.database(world.server_url) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(lzma.decompress(_LANDED.read_bytes()))
            stages = _multiply(connection, world.stages)
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
            floor = _bare_copy(connection)
            connection.execute("CHECKPOINT")
        engine = open_engine(url)
        began = time.perf_counter()
        upgrade(engine)
        seconds = time.perf_counter() - began
        engine.dispose()
    return [
        Result("migration", world.server, stages, floor, seconds, seconds / floor, 10, driver=stages,
               note="floor: a bare copy of all tables")
    ]  # fmt: skip


def _multiply(connection: psycopg.Connection[tuple[object, ...]], wanted: int) -> int:
    """Copy the accounts of the dump, with all that is theirs, until there are as many stages; return how many."""
    held = _count(connection, "SELECT count(*) FROM cmdb.stage")
    copies = max(0, round(wanted / held) - 1)
    connection.execute("SET session_replication_role = replica")
    for schema, table, columns in connection.execute(_TABLES.read_bytes()).fetchall():
        assert isinstance(columns, list)
        if not _STEPS.keys() & set(columns):
            continue
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}, generate_series(1, {}) AS copy (number)").format(
                sql.Identifier(str(schema), str(table)),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(_shifted(name, columns) for name in columns),
                sql.Identifier(str(schema), str(table)),
                sql.Literal(copies),
            )
        )
    connection.execute(
        sql.SQL("UPDATE compliance.tally_change SET stages = stages * {}").format(sql.Literal(copies + 1))
    )
    connection.execute(
        "SELECT setval('cmdb.version_id_seq', (SELECT max(version_id) + 200000 FROM cmdb.stage))"
    )
    connection.execute("SET session_replication_role = origin")
    return held * (copies + 1)


def _shifted(name: str, columns: Sequence[str]) -> sql.Composable:
    column = sql.Identifier(name)
    if name in _STEPS:
        return sql.SQL("{} + number * {}").format(column, sql.Literal(_STEPS[name]))
    if name == "account_id" and "account_key" in columns:
        return sql.SQL("lpad((number * 100 + account_key)::text, 12, '0')")
    return column


def _bare_copy(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    """Copy each table as it is into one without index, in one transaction; return the seconds."""
    tables = connection.execute(_TABLES.read_bytes()).fetchall()
    connection.execute("CREATE SCHEMA bench")
    began = time.perf_counter()
    with connection.transaction():
        for schema, table, _ in tables:
            connection.execute(
                sql.SQL("CREATE TABLE {} AS TABLE {}").format(
                    sql.Identifier("bench", f"{schema}_{table}"), sql.Identifier(str(schema), str(table))
                )
            )
    seconds = time.perf_counter() - began
    connection.execute("DROP SCHEMA bench CASCADE")
    return seconds


def _count(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> int:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(str(row[0]))


CASES = (Case("migration", migration, order=95),)
