"""Which items exceptions match: all items for what was just entered, changed items after every collection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.server.database import Cursor, transaction

SQL = "gateledger.exceptions.sql"
#: Advisory lock of whoever changes exceptions or their matches, until its transaction ends (a number of our own).
EXCEPTION_LOCK = 7_205_759_403_792_004
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"
#: Without them the planner takes new tables for empty.
_STATISTICS = "ANALYZE compliance.exception_version, compliance.exception_item"


def lock(cursor: Cursor) -> None:
    """Wait for other changes of exceptions and keep them out until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (EXCEPTION_LOCK,))


def match_entered(cursor: Cursor, ids: Sequence[str], at: datetime) -> None:
    """Match what was just entered under these ids with all items."""
    if ids:
        _match(cursor, list(ids), None)
        cursor.execute(query("match_open", SQL), {"at": at})
        cursor.execute(_STATISTICS)


def match_changed(engine: Engine, as_of: datetime) -> None:
    """Match the items that changed since the last time with all exceptions, in one transaction.

    An item that is tagged, renamed, new or back begins or ends to match as of this run.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        lock(cursor)
        row = cursor.execute(query("matched_at", SQL)).fetchone()
        since, is_any = row if row is not None else (None, False)
        if is_any:
            values = {"since": since, "at": as_of}
            _match(cursor, None, since)
            cursor.execute(query("match_gone", SQL), values)
            for step in ("match_known", "match_close", "match_undo", "match_open"):
                cursor.execute(query(step, SQL), values)
        cursor.execute(query("matched_store", SQL), {"at": as_of})


def place_rules(cursor: Cursor) -> None:
    """Find the account-regions that the rules in ``pg_temp.wanted`` are about: ``pg_temp.placed`` is made."""
    cursor.execute(query("match_placed", SQL))
    cursor.execute("ANALYZE pg_temp.placed")


def match_items(cursor: Cursor) -> None:
    """Match the items in ``pg_temp.item`` with the rules that were placed: ``pg_temp.matched`` is made."""
    cursor.execute("ANALYZE pg_temp.item")
    cursor.execute(query("matching", SQL))
    cursor.execute("ANALYZE pg_temp.matched")


def _match(cursor: Cursor, ids: list[str] | None, since: datetime | None) -> None:
    """Find what exceptions of some ids (None: all) match among items that changed since a time (None: all)."""
    cursor.execute(_SETTINGS)
    cursor.execute(query("match_wanted", SQL), {"ids": ids})
    place_rules(cursor)
    cursor.execute(query("match_items" if since is None else "match_items_changed", SQL), {"since": since})
    match_items(cursor)
