"""Telling a pooler that lends sessions by transaction or statement from one that gives each client its own.

gateledger needs sessions: the locks that keep two runs or upgrades apart belong to one, and so do settings,
prepared statements and temporary tables. A pooler in session mode gives it that. One in transaction or
statement mode (PgBouncer, and what hosted databases put before PostgreSQL by default) takes statements of one
client to several sessions, and is refused before it is given anything.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus

from cmdb.errors import DatabasePooled
from cmdb.server.address import Address
from cmdb.server.exchange import WENT_WELL, NoAnswer, exchange

#: How often the two clients take turns. Once suffices where nobody else uses the pool; where others do, one
#: turn in five finds nothing.
_ROUNDS = 40
#: Seconds that a pooler in session mode may keep the second client waiting for a session.
_PATIENCE = 2.0
_OWN_PROCESS = b"SELECT pg_catalog.pg_backend_pid()"
#: What stands for a statement that the pooler does not take.
_REFUSED = "refused"


def refuse_borrowed_session(connection: psycopg.Connection[Any], address: Address) -> None:
    """Raise ``DatabasePooled`` when the connection's statements do not all reach one session of its own.

    A server names its process when a session begins. A pooler that may change it cannot pass that name on
    and makes one up, so where both agree nothing more is asked. Otherwise a second client is let in: a
    session that it is given while the first client still has it was only borrowed for that one. Raises
    ``NoAnswer`` as well.
    """
    own = _process(connection)
    if own is not None and own == connection.info.backend_pid:
        return
    if own is None or _is_borrowed(own, connection, address):
        raise DatabasePooled(
            f"The database {address} is reached through a connection pooler in transaction or statement "
            "mode, and gateledger needs sessions of its own for its locks and settings: in "
            "GATELEDGER_DATABASE_URL name the server itself (hosted databases call it the direct "
            "connection), or a pool in session mode."
        )


def _is_borrowed(own: int, connection: psycopg.Connection[Any], address: Address) -> bool:
    """Return whether session ``own`` is given to a second client too, or another one to the first."""
    other: psycopg.Connection[Any] | None = None
    try:
        with suppress(psycopg.OperationalError):
            parameters = {**address.connection_parameters(), "connect_timeout": "5"}
            other = psycopg.connect("", **cast("dict[str, Any]", parameters), autocommit=True)
        # One after the other, for in statement mode a transaction is refused when it begins.
        for statement in (b"BEGIN", _OWN_PROCESS, b"ROLLBACK"):
            if _answer(other, statement) in (_REFUSED, str(own)):
                return True
        for _ in range(_ROUNDS):
            if _answer(other, _OWN_PROCESS) in (_REFUSED, str(own)) or _process(connection) != own:
                return True
        return False
    finally:
        if other is not None:
            other.close()


def _process(connection: psycopg.Connection[Any]) -> int | None:
    """Return the process that answers; None when the pooler ends the connection over the question."""
    try:
        done = exchange(connection.pgconn, _OWN_PROCESS)
    except NoAnswer:
        raise
    except psycopg.OperationalError:
        return None
    value = done.get_value(0, 0) if done.status == ExecStatus.TUPLES_OK else None
    return None if value is None else int(value)


def _answer(connection: psycopg.Connection[Any] | None, statement: bytes) -> str:
    """Return what the second client's statement gives, '' for nothing or without a client, or ``_REFUSED``.

    A client that is not answered in time waits for a session, and there is none to be had: its connection is
    closed.
    """
    if connection is None or connection.closed:
        return ""
    try:
        result = exchange(connection.pgconn, statement, _PATIENCE)
    except NoAnswer:
        connection.close()
        return ""
    except psycopg.OperationalError:
        return _REFUSED
    if result.status not in WENT_WELL:
        return _REFUSED
    return (result.get_value(0, 0) or b"").decode() if result.ntuples else ""
