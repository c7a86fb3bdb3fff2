"""The cage in which policies' SQL runs, whatever got past the check of its text.

The statement runs in a subtransaction that is read-only: PostgreSQL lets nothing inside it become writable
again, and gives the transaction around it its rights back at its end. (Temporary tables stay writable, so
that verdicts can be kept; PostgreSQL 15 also lets large objects be made, which nothing here reads.) It runs
as ``gateledger_policy``, a role that may read the offered tables and what verdicts are compared with, and
under a statement time-out. Where the role is missing, or this user may not take it on, the rest still holds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg

from cmdb.queries import query
from cmdb.server.database import Cursor
from evaluator.errors import PolicyError

log = logging.getLogger("evaluator")

SQL = "evaluator.judging.sql"
DEFAULT_TIMEOUT = timedelta(minutes=30)
_ENTER = (
    "SAVEPOINT policy;"
    "SET LOCAL statement_timeout = {milliseconds};"
    "SET LOCAL search_path = pg_catalog, pg_temp;"
    "SET LOCAL transaction_read_only = on;"
)


@contextmanager
def guarded(cursor: Cursor, policy_id: str, timeout: timedelta = DEFAULT_TIMEOUT) -> Iterator[None]:
    """Run statements that hold a policy's SQL in the cage; the transaction goes on as before afterwards.

    Raises ``PolicyError`` when a statement takes longer than ``timeout``, or came out of the cage.
    """
    # Cursors of its own: what the caller's holds is what the policy answered.
    connection = cursor.connection
    role, before = _settings(connection)
    enter = _ENTER.format(milliseconds=max(1, int(timeout.total_seconds() * 1000)))
    if role is not None:
        connection.execute(query("guard_lend", SQL))
        enter += f"SET LOCAL ROLE {role};"
    else:
        log.info(
            "policies' SQL runs with this user's reading rights: `gateledger db roles` confines it further",
            extra={"event": "policy.not_confined"},
        )
    connection.execute(enter.encode())
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise PolicyError(
            f"The logic.sql of policy {policy_id} was cancelled ({str(error).splitlines()[0]}): make it "
            "quicker, or raise GATELEDGER_STATEMENT_TIMEOUT."
        ) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise _escaped(policy_id, str(error).splitlines()[0]) from error
    state = connection.execute(query("guard_state", SQL)).fetchone()
    if state is None or state[1] != "on" or (role is not None and state[0] != role):
        raise _escaped(policy_id, "it changed its role")
    connection.execute(query("guard_leave", SQL), before)
    connection.execute("RELEASE SAVEPOINT policy")


def _settings(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[str | None, dict[str, str]]:
    """Return the role to take on, if this user may, and the settings to come back to."""
    row = connection.execute(query("guard_enter", SQL)).fetchone()
    assert row is not None  # noqa: S101 - the statement has no FROM
    may_take, role, timeout, path = row
    return ("gateledger_policy" if may_take else None), {"role": role, "timeout": timeout, "path": path}


def _escaped(policy_id: str, how: str) -> PolicyError:
    return PolicyError(
        f"The logic.sql of policy {policy_id} tried more than to read ({how}); nothing of it was kept: "
        "remove what writes."
    )
