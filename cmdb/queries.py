"""SQL files of the packages, read once. A file's first line says what it is for.

A line ``-- include: NAME`` stands for the file of that name beside it: what several statements have in common.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection

_INCLUDE = re.compile(r"^-- include: (\w+)\n", re.MULTILINE)


@cache
def query_text(name: str, package: str) -> LiteralString:
    """Return the text of ``<package>/<name>.sql``.

    It is our own file, so it may stand where psycopg wants a literal string.
    """
    text = resources.files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda line: query_text(line[1], package), text)


def query(name: str, package: str) -> sql.SQL:
    """Return ``<package>/<name>.sql`` for psycopg to run."""
    return sql.SQL(query_text(name, package))


def execute_script(connection: Connection, statements: str) -> None:
    """Run the statements of one of our files as they stand.

    The driver itself takes neither colons nor percent signs in them for parameters.
    """
    driver = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection.driver_connection)
    driver.execute(statements.encode())
