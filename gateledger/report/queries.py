"""Asking the reporting views: the SQL files of this package over one read-only transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import Engine

from cmdb.queries import query_text
from gateledger.queries.reading import BATCH, Connection, reading

Record = dict[str, Any]
_SQL = "gateledger.report.sql"


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that sees one state of the database throughout, with room for large sorts."""
    with reading(engine) as connection:
        connection.execute("SET LOCAL work_mem = '128MB'")
        connection.execute("SET LOCAL jit = off")
        yield connection


def ask(connection: Connection, question: str, **values: Any) -> list[Record]:
    """Return all rows of a short answer by column name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query_text(question, _SQL), values).fetchall()


def stream(connection: Connection, question: str, **values: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a long answer as tuples, a batch at a time."""
    with connection.cursor(name=f"report_{question}") as cursor:
        cursor.itersize = BATCH
        cursor.execute(query_text(question, _SQL), values)
        yield from cursor


def copied(connection: Connection, question: str) -> Iterator[bytes | bytearray | memoryview]:
    """Yield the output of a COPY, block by block."""
    with connection.cursor() as cursor, cursor.copy(query_text(question, _SQL)) as copy:
        yield from copy


def grouped(records: list[Record], key: str) -> Mapping[Any, list[Record]]:
    """Return records by one of their columns, their order kept."""
    groups: dict[Any, list[Record]] = {}
    for record in records:
        groups.setdefault(record[key], []).append(record)
    return groups
