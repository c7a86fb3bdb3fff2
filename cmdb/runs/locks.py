"""Advisory locks that a session holds: given back by the server when the process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from sqlalchemy import Engine


@contextmanager
def session_lock(engine: Engine, key: int) -> Iterator[bool]:
    """Yield True while holding the lock, or False at once when somebody else holds it."""
    raw = engine.raw_connection()
    try:
        connection = cast("psycopg.Connection[tuple[Any, ...]]", raw.driver_connection)
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        connection.commit()
        is_ours = row is not None and bool(row[0])
        try:
            yield is_ours
        finally:
            # A connection that broke has released the lock.
            if is_ours and not connection.broken and not connection.closed:
                connection.rollback()
                connection.execute("SELECT pg_advisory_unlock(%s)", (key,))
                connection.commit()
    finally:
        raw.close()
