"""Statistics of the ledger's tables, by which PostgreSQL plans queries.

Autovacuum makes them within a minute or so of a change, which is too late for what is read right after many rows
were written: without them a table of a million rows counts as small, and a report that takes a minute takes hours.
"""

from __future__ import annotations

from psycopg import sql
from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.server.database import transaction

#: Smaller tables are read whole in no time, whatever is known of them.
LEAST_BYTES = 1 << 20
#: Share of the rows that may have changed since; autovacuum's own default.
CHANGED = 0.1


def refresh_statistics(engine: Engine) -> int:
    """Have statistics made for tables that lack them or have changed much since; return of how many tables.

    Tables that somebody else has locked for maintenance are left out: statistics of them are being made.
    """
    with transaction(engine) as connection:
        stale = connection.execute(
            query("statistics_stale", "cmdb.storage.sql"), {"bytes": LEAST_BYTES, "share": CHANGED}
        ).fetchall()
        if stale:
            names = sql.SQL(", ").join(sql.Identifier(*name) for name in stale)
            connection.execute(sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(names))
    return len(stale)
