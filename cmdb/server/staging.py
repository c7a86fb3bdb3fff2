"""Rows handed to a statement as a temporary table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql

from cmdb.server.database import Cursor

#: Types whose values are given in their wire form.
_WIRED = frozenset({"jsonb", "timestamptz", "text[]"})


def stage_rows(
    cursor: Cursor,
    name: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Any]],
) -> None:
    """COPY rows into a temporary table of that name, which is emptied with the transaction."""
    definition = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(type_)) for column, type_ in columns
    )
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS").format(
            sql.Identifier(name), definition
        )
    )
    cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("pg_temp", name)))
    _copy_rows(cursor, ("pg_temp", name), columns, rows)


def _copy_rows(
    cursor: Cursor,
    table: tuple[str, ...],
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Any]],
) -> None:
    """COPY rows into a table; columns are (name, type), values of jsonb, timestamptz and text[] in wire form."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(*table), names)
    with cursor.copy(statement) as copy:
        copy.set_types(["bytea" if type_ in _WIRED else type_ for _, type_ in columns])
        for row in rows:
            copy.write_row(row)
