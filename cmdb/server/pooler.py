"""Telling a pooler that lends sessions by transaction or statement from one that gives each client its own.

gateledger needs sessions: the locks that keep two runs or upgrades apart belong to one, and so do settings,
prepared statements and temporary tables. A pooler in session mode gives it that. One in transaction or
statement mode (PgBouncer, and what hosted databases put before PostgreSQL by default) takes statements of one
client to several sessions, and is refused before it is given anything.
"""

from __future__ import annotations

import select
import time
from contextlib import suppress
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus

from cmdb.errors import DatabasePooled
from cmdb.server.address import Address

#: How often the two clients take turns; once suffices where nobody else uses the pool.
_ROUNDS = 4
#: Seconds that a pooler in session mode may keep the second client waiting for a session.
_PATIENCE = 2.0


def refuse_borrowed_session(connection: psycopg.Connection[Any], address: Address) -> None:
    """Raise ``DatabasePooled`` when the connection's statements do not all reach one session of its own.

    A server names its process when a session begins. A pooler that may change it cannot pass that name on
    and makes one up, so where both agree nothing more is asked. Otherwise a second client is let in: a
    session that it is given while the first client still has it was only borrowed for that one.
    """
    own = _process(connection)
    if own is not None and own == connection.info.backend_pid:
        return
    other: psycopg.Connection[Any] | None = None
    try:
        with suppress(psycopg.OperationalError):
            parameters = {**address.connection_parameters(), "connect_timeout": "5"}
            other = psycopg.connect("", **cast("dict[str, Any]", parameters), autocommit=True)
        for _ in range(_ROUNDS):
            if own is None or (other is not None and _is_lent(own, other)) or _process(connection) != own:
                raise DatabasePooled(
                    f"The database {address} is reached through a connection pooler in transaction or "
                    "statement mode, and gateledger needs sessions of its own for its locks and settings: in "
                    "GATELEDGER_DATABASE_URL name the server itself (hosted databases call it the direct "
                    "connection), or a pool in session mode."
                )
    finally:
        if other is not None:
            other.close()


def _process(connection: psycopg.Connection[Any]) -> int | None:
    """Return the process that answers; None when the pooler ends the connection over the question."""
    done = connection.pgconn.exec_(b"SELECT pg_catalog.pg_backend_pid()")
    value = done.get_value(0, 0) if done.status == ExecStatus.TUPLES_OK else None
    return None if value is None else int(value)


def _is_lent(own: int, other: psycopg.Connection[Any]) -> bool:
    """Return whether the second client's transaction is given the first one's session, or refused."""
    if other.closed:
        return False
    try:
        if not _answers(other, b"BEGIN"):
            other.close()  # it waits for a session of its own, and there is none to be had now
            return False
        done = other.pgconn.exec_(b"SELECT pg_catalog.pg_backend_pid()")
        value = done.get_value(0, 0) if done.status == ExecStatus.TUPLES_OK else None
        other.pgconn.exec_(b"ROLLBACK")
    except psycopg.OperationalError:
        return True  # no transactions: statement mode
    return value is None or int(value) == own


def _answers(connection: psycopg.Connection[Any], statement: bytes) -> bool:
    """Run a statement; return False when it was not answered in time."""
    deadline = time.monotonic() + _PATIENCE
    driver = connection.pgconn
    driver.send_query(statement)
    while driver.is_busy():
        ready, _, _ = select.select([driver.socket], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        driver.consume_input()
    refused = False
    while (result := driver.get_result()) is not None:
        refused = refused or result.status != ExecStatus.COMMAND_OK
    if refused:
        raise psycopg.OperationalError("the pooler takes no transaction")
    return True
