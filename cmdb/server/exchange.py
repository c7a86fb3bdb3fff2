"""A statement and its answer in limited time, before a session is ready to be used.

A pooler lets clients in before it has a session for them, and then keeps them waiting; so do servers behind a
connection that was lost unnoticed. The driver's own functions would wait with them, deaf to signals.
"""

from __future__ import annotations

import select
import time

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

#: Seconds that a session may keep its first statements waiting.
SECONDS = 30.0
#: What a statement gives that went well.
WENT_WELL = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class NoAnswer(psycopg.OperationalError):
    """The answer did not come in time; the connection can no longer be used."""


def exchange(driver: PGconn, statement: bytes, seconds: float | None = None) -> PGresult:
    """Return what the last of some statements gives, or the first that fails, within ``SECONDS`` by default.

    Raises ``NoAnswer``, and ``psycopg.OperationalError`` when the connection is lost.
    """
    seconds = SECONDS if seconds is None else seconds
    deadline = time.monotonic() + seconds
    driver.send_query(statement)
    last: PGresult | None = None
    while True:
        while driver.is_busy():
            ready, _, _ = select.select([driver.socket], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise NoAnswer(f"there was no answer for {seconds:g} s")
            driver.consume_input()
        result = driver.get_result()
        if result is None:
            break
        if last is None or last.status in WENT_WELL:
            last = result
    if last is None:
        raise psycopg.OperationalError("the connection was lost")
    return last
