"""Opening a session: everything that decides what its statements mean is set, nothing is left to the server.

A database, a role, a service file, the environment and a pooler can each set what a session begins with. Here
every connection of gateledger gets the same settings, right after it is made: poolers refuse most of them as
parameters of the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus

from cmdb.errors import DatabaseEncodingWrong, DatabaseTooOld, DatabaseTriggersOff, DatabaseUnreachable
from cmdb.server.address import Address
from cmdb.server.exchange import NoAnswer, exchange

#: Oldest PostgreSQL that the SQL is written and tested for.
OLDEST_SERVER = 15

#: Settings of every session. ``default_transaction_read_only`` is not among them: providers set it to protect
#: a disk that is nearly full, and a command that writes then ends with a sentence.
SETTINGS = {
    # First, so that a limit cannot end the session before the rest is set. gateledger limits what may take
    # long itself; an idle session holds the lock that keeps two runs apart.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # How values are read and written as text.
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    # How statements are read.
    "search_path": "pg_catalog, pg_temp",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "plpgsql.extra_errors": "none",
    # What transactions see, and what tables are made of.
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "row_security": "on",
    "default_table_access_method": "heap",
    "exit_on_error": "off",
}
#: Settings that not every supported server has, with the versions from and before which it has each.
_SOME_HAVE = {
    "transaction_timeout": ("0", 17, 99),
    "restrict_nonsystem_relation_kind": ("", 17, 99),
    # In a parallel worker, to which these send whole statements, the session's role is not set.
    "force_parallel_mode": ("off", 15, 16),
    "debug_parallel_query": ("off", 16, 99),
}
#: How often settings are tried when a time limit of the server is shorter than they take.
_TRIES = 20


def settings_script(server_version: int) -> str:
    """Return the statements that set a session of this version (such as 150004) up, each on its line."""
    known = {
        **SETTINGS,
        **{
            name: value
            for name, (value, since, before) in _SOME_HAVE.items()
            if since * 10_000 <= server_version < before * 10_000
        },
    }
    return "".join(f"SET {name} = {_literal(name, value)};\n" for name, value in known.items())


def _literal(name: str, value: str) -> str:
    # A path is a list of names, which quotes would make one name.
    return value if name in {"search_path", "DateStyle"} and value else f"'{value}'"


def connect(
    address: Address, prove: Callable[[psycopg.Connection[Any]], None] | None = None
) -> psycopg.Connection[Any]:
    """Return a new session, set up; ``prove`` may refuse it before anything is set.

    Raises ``psycopg.OperationalError`` when there is none to be had, ``DatabaseTooOld``,
    ``DatabaseEncodingWrong``, ``DatabaseTriggersOff``, and what ``prove`` raises.
    """
    connection = psycopg.connect("", **cast("dict[str, Any]", address.connection_parameters()))
    try:
        check_server_kind(connection)
        if prove is not None:
            prove(connection)
        _set_up(connection)
    except NoAnswer as error:
        connection.close()
        raise _unanswered(error) from error
    except BaseException:
        connection.close()
        raise
    return connection


class SettledConnection(psycopg.AsyncConnection[Any]):
    """An asynchronous connection whose session is set up as all others are, for pools of other libraries."""

    #: Schemas that names without one are looked up in.
    search_path = SETTINGS["search_path"]

    @classmethod
    async def connect(cls, conninfo: str = "", **given: Any) -> SettledConnection:
        """Return a new session, set up. Raises what ``connect`` of this module raises."""
        connection = await super().connect(conninfo, **given)
        try:
            check_server_kind(connection)
            _set_up(connection)  # one short exchange, before anybody waits for the connection
            exchange(connection.pgconn, f"SET search_path = {cls.search_path}".encode())
        except NoAnswer as error:
            await connection.close()
            raise _unanswered(error) from error
        except BaseException:
            await connection.close()
            raise
        return connection


def check_server_kind(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Raise ``DatabaseTooOld`` or ``DatabaseEncodingWrong`` by what the server says of itself."""
    version = connection.info.server_version
    if "bouncer" in (connection.info.parameter_status("server_version") or ""):
        raise DatabaseTooOld(
            f"{connection.info.dbname!r} is the pooler's own console, and no database: name the database in "
            "GATELEDGER_DATABASE_URL."
        )
    if version < OLDEST_SERVER * 10_000:
        raise DatabaseTooOld(
            f"The database server is PostgreSQL {version // 10_000}; gateledger needs {OLDEST_SERVER} or "
            "newer: point GATELEDGER_DATABASE_URL at a newer server, or unset it to use the embedded one."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding is not None and encoding != "UTF8":
        raise DatabaseEncodingWrong(
            f"The database {connection.info.dbname!r} has the encoding {encoding}, which cannot hold every "
            "name that AWS allows: make one with CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8' and "
            "name it in GATELEDGER_DATABASE_URL."
        )


def _set_up(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Set the session up, outside any transaction, so that no rollback takes it back."""
    driver = connection.pgconn
    script = settings_script(connection.info.server_version)
    script += "SELECT pg_catalog.current_setting('session_replication_role')"
    for _ in range(_TRIES):
        # The limits by themselves first, in as little time as can be.
        done = exchange(driver, b"SET statement_timeout = 0")
        if done.status == ExecStatus.COMMAND_OK:
            done = exchange(driver, script.encode())
        if done.error_field(psycopg.pq.DiagnosticField.SQLSTATE) != b"57014":
            break
    if done.status != ExecStatus.TUPLES_OK:
        cause = done.error_message.decode(errors="replace").strip().splitlines()
        raise DatabaseUnreachable(
            f"A session of the database could not be set up ({cause[0] if cause else 'no answer'}): check "
            "what is set for its role and database, and what stands between."
        )
    if done.get_value(0, 0) == b"replica":
        _turn_triggers_on(connection)


def _unanswered(error: NoAnswer) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"The database let gateledger in, and then {error}: where a connection pooler stands between, its pool "
        "has no session left and gateledger needs several, so raise its size (PgBouncer's default_pool_size) "
        "or name the server itself in GATELEDGER_DATABASE_URL."
    )


def _turn_triggers_on(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    done = exchange(connection.pgconn, b"SET session_replication_role = origin")
    if done.status != ExecStatus.COMMAND_OK:
        raise DatabaseTriggersOff(
            f"The role {connection.info.user!r} works with session_replication_role = replica, which leaves "
            "out triggers that keep totals: have an administrator run ALTER ROLE ... RESET "
            "session_replication_role (or ALTER DATABASE), or use another role."
        )
