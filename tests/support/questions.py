"""Questions of tests to the database, as rows by column name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import Engine

from cmdb.server.database import transaction

Row = dict[str, Any]
_FILES = Path(__file__).parent / "sql"


def ask(engine: Engine, statement: str, values: Any = None) -> list[Row]:
    """Return the rows of a statement."""
    with transaction(engine) as connection, connection.cursor(row_factory=dict_row) as cursor:
        # Views join some dozens of tables: over a handful of rows, finding the best order is all that takes time.
        cursor.execute("SET LOCAL join_collapse_limit = 1")
        return cursor.execute(statement.encode(), values).fetchall()


def ask_file(engine: Engine, name: str, values: Any = None) -> list[Row]:
    """Return the rows of ``sql/<name>.sql``."""
    return ask(engine, file_text(name), values)


def file_text(name: str) -> str:
    """Return the text of ``sql/<name>.sql``."""
    return (_FILES / f"{name}.sql").read_text(encoding="utf-8")
