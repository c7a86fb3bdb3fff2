"""Retention: drop history past a limit, in small transactions that lock nothing for long.

What is current stays, and what explains it or the history that is kept: versions that are a record's
evidence, what is referred to while something refers to it, a policy's last evaluation. Things that disappeared
before the limit go with all that was said of them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import sql
from sqlalchemy import Engine

from cmdb.items import Absence, ItemType, item_types
from cmdb.queries import query, query_text
from cmdb.server.database import transaction
from cmdb.storage import retention as statements

_SQL = "cmdb.storage.sql"

log = logging.getLogger(__name__)

#: Rows (or things that disappeared) per transaction.
BATCH = 10_000

#: Tables of intervals, the columns that identify a row in them, and the column that says when it ended.
_ENDED = (
    ("compliance.record_closed", "policy_key, item_id, valid_from", "valid_to"),
    ("compliance.episode", "policy_key, item_id, started_at", "ended_at"),
    ("compliance.item_owner_closed", "item_id, valid_from", "valid_to"),
    ("cmdb.scope_state", "account_region_id, item_type, valid_from", "valid_to"),
    ("cmdb.unread_item", "account_region_id, item_type, item_id, valid_from", "valid_to"),
    ("cmdb.account_closed", "account_key, valid_from", "valid_to"),
)
_COUNTS = ("compliance.tally", "policy_key, account_region_id, condition_key, valid_from", "valid_to")


@dataclass(slots=True)
class Pruned:
    """How many rows went, by table; things that disappeared are counted under their own."""

    rows: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, count: int) -> None:
        """Count rows."""
        if count:
            self.rows[table] = self.rows.get(table, 0) + count

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


def prune(engine: Engine, limit: datetime, counts_limit: datetime | None = None) -> Pruned:
    """Drop what ended at ``limit`` or before; counts by ``counts_limit``, where that lies further back.

    To be called under the run lock. Killed half-way, it leaves a consistent history of which less is dropped;
    the next call goes on.
    """
    pruned = Pruned()
    values = {"limit": limit, "batch": BATCH}
    for declared in reversed(item_types()):
        if declared.absence is Absence.NONE:
            continue  # it goes with its parent
        _repeat(engine, statements.dead(declared), values, pruned, declared.name)
    for declared in item_types():
        _delete(engine, statements.old_versions(declared), values, pruned, f"cmdb.{declared.name}_closed")
    for declared in item_types():
        if declared.shared_payload:
            _payloads(engine, declared, pruned)
    for table, key, ended in _ENDED:
        _ended(engine, (table, key, ended), values, pruned)
    counts = limit if counts_limit is None else min(limit, counts_limit)
    _ended(engine, _COUNTS, {**values, "limit": counts}, pruned)
    with transaction(engine) as connection:
        connection.execute(query("prune_unknown", _SQL), values)
        connection.execute(query("prune_owners_known", _SQL), values)
        pruned.add("compliance.owner", connection.execute(query("prune_owners", _SQL)).rowcount)
        pruned.add(
            "compliance.evaluation", connection.execute(query("prune_evaluations", _SQL), values).rowcount
        )
        pruned.add("cmdb.run", connection.execute(query("prune_runs", _SQL), values).rowcount)
    log.info(
        "dropped %d rows of before %s", pruned.total, limit.isoformat(), extra={"event": "history.pruned"}
    )
    return pruned


def _repeat(engine: Engine, statement: str, values: Mapping[str, Any], pruned: Pruned, counted: str) -> None:
    """Run one of our statements, each time in a transaction of its own, until it finds nothing more."""
    while True:
        with transaction(engine) as connection:
            row = connection.execute(sql.SQL(statement), values).fetchone()
        count = 0 if row is None else int(row[0])
        pruned.add(counted, count)
        if count < BATCH:
            return


def _payloads(engine: Engine, declared: ItemType, pruned: Pruned) -> None:
    """Drop shared payloads that no version refers to; collections may go on meanwhile."""
    digests: list[bytes] = []
    while len(digests) in (0, BATCH):
        with transaction(engine) as connection:
            found = connection.execute(
                sql.SQL(statements.unreferenced(declared)), {"batch": BATCH}
            ).fetchall()
        digests = [digest for (digest,) in found]
        if not digests:
            return
        with transaction(engine) as connection:
            connection.execute(sql.SQL(statements.lock_payloads(declared)))
            count = connection.execute(
                sql.SQL(statements.drop_unreferenced(declared)), {"digests": digests}
            ).rowcount
        pruned.add(f"cmdb.{declared.name}_payload", count)


def _ended(engine: Engine, where: tuple[str, str, str], values: Mapping[str, Any], pruned: Pruned) -> None:
    table, key, ended = where
    text = query_text("prune_ended", _SQL)
    for place, part in (("table", table), ("key", key), ("ended", ended)):
        text = text.replace(f"{{{place}}}", part)
    _delete(engine, text, values, pruned, table)


def _delete(engine: Engine, statement: str, values: Mapping[str, Any], pruned: Pruned, table: str) -> None:
    while True:
        with transaction(engine) as connection:
            count = connection.execute(sql.SQL(statement), values).rowcount
        pruned.add(table, count)
        if count < BATCH:
            return
