"""Questions to the reporting views: one read-only transaction, rows streamed from the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Engine

from cmdb.queries import query_text
from cmdb.server.database import transaction

Connection = psycopg.Connection[tuple[Any, ...]]
#: Rows fetched from the server at a time; bounds memory whatever the size of the answer.
BATCH = 2_000


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in one read-only transaction that sees one state of the database throughout."""
    with transaction(engine) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def stream(connection: Connection, name: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``gateledger/queries/sql/<name>.sql`` through a server-side cursor."""
    with connection.cursor(name=f"gateledger_{name}", row_factory=dict_row) as cursor:
        cursor.itersize = BATCH
        cursor.execute(query_text(name, "gateledger.queries.sql"), parameters)
        yield from cursor


def rows(
    connection: Connection, name: str, parameters: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return all rows of ``gateledger/queries/sql/<name>.sql``; for short answers."""
    return connection.execute(query_text(name, "gateledger.queries.sql"), parameters or {}).fetchall()


def records(
    connection: Connection, name: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return all rows of ``gateledger/queries/sql/<name>.sql`` by column name; for short answers."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query_text(name, "gateledger.queries.sql"), parameters or {}).fetchall()
