"""Binary COPY of rows, and keys for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql

from cmdb.database import Cursor
from cmdb.digest import canonical


def take_ids(cursor: Cursor, count: int) -> list[int]:
    """Return that many new ids for items and versions."""
    if not count:
        return []
    cursor.execute("SELECT nextval('cmdb.version_id_seq') FROM generate_series(1, %s)", (count,), binary=True)
    return [row[0] for row in cursor.fetchall()]


def jsonb(value: Any) -> bytes:
    """Return a value in the wire form of jsonb, for a column copied as bytea."""
    return b"\x01" + canonical(value)


def copy_rows(
    cursor: Cursor,
    table: tuple[str, ...],
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Any]],
) -> None:
    """COPY rows into a table; columns are (name, type), jsonb ones given by ``jsonb()``."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(*table), names)
    with cursor.copy(statement) as copy:
        copy.set_types(["bytea" if type_ == "jsonb" else type_ for _, type_ in columns])
        for row in rows:
            copy.write_row(row)


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
    copy_rows(cursor, ("pg_temp", name), columns, rows)
