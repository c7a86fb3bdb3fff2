"""Finding the owners of items before an evaluation: those that changed, or all when the rules did."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.runs.runs import Run, hold
from cmdb.server.database import Cursor, transaction
from gateledger.exceptions.entry import match_patterns
from gateledger.exceptions.matching import match_items, place_rules
from gateledger.exceptions.patterns import is_pattern
from gateledger.owners.file import LONGEST_NAME
from gateledger.owners.rules import OwnerRules

log = logging.getLogger("gateledger.owners")

SQL = "gateledger.owners.sql"
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"
#: Without them the planner takes a table that was just filled for empty.
_STATISTICS = "ANALYZE compliance.owner, compliance.item_owner"
#: Owners that change at once from which statistics are worth their time.
_MANY = 1_000


@dataclass(frozen=True, slots=True)
class _Before:
    """Up to when owners have been found, and by which rules."""

    resolved_at: datetime
    rules_hash: str


def resolve_owners(engine: Engine, rules: OwnerRules, run: Run) -> int:
    """Find the owners of items as of a run, in one transaction; return how many items have another one.

    Only items that changed, or whose account did, are looked at, unless the rules are others than before. An
    item that disappeared keeps the owner that it had.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        hold(cursor, run.run_id)
        row = cursor.execute(query("resolution", SQL)).fetchone()
        before = None if row is None else _Before(*row)
        if before is None and rules.is_empty:
            return 0
        since = before.resolved_at if before is not None and before.rules_hash == rules.hash else None
        cursor.execute(_SETTINGS)
        looked_at = cursor.execute(
            query("items" if since is None else "items_changed", SQL), {"since": since}
        ).rowcount
        if not looked_at and since is not None:
            return 0
        _find(cursor, rules)
        changed = _store(cursor, run.as_of)
        values = {"at": run.as_of, "hash": rules.hash}
        cursor.execute(query("resolution_store", SQL), values)
    log.info(
        "%d items looked at, %d have another owner",
        looked_at,
        changed,
        extra={"event": "owners.resolved", "items": looked_at, "changed": changed},
    )
    return changed


def _find(cursor: Cursor, rules: OwnerRules) -> None:
    """Find whose the items in ``pg_temp.item`` are: ``pg_temp.owned`` is made."""
    cursor.execute(query("wanted", SQL))
    cursor.executemany(query("wanted_add", SQL), [_row(number, rules) for number in range(len(rules.rules))])
    place_rules(cursor)
    match_items(cursor)
    values = {
        "owners": [rule.owner for rule in rules.rules],
        "tags": list(rules.tags),
        "longest": LONGEST_NAME,
    }
    cursor.execute(query("owned", SQL), values)
    cursor.execute("ANALYZE pg_temp.owned")


def _row(number: int, rules: OwnerRules) -> dict[str, object]:
    match = rules.rules[number].match
    patterns = match_patterns(match)
    tags = patterns["tags_like"]
    api = match.get("api")
    return {
        **patterns,
        "rule_id": number + 1,
        "tags_like": None if tags is None else Jsonb(tags),
        "api": api if api is not None and not is_pattern(api) else None,
    }


def _store(cursor: Cursor, at: datetime) -> int:
    """Keep what changed; return how many items have another owner."""
    cursor.execute(query("names_add", SQL))
    changed = cursor.execute(query("changed", SQL)).rowcount
    if changed:
        cursor.execute("ANALYZE pg_temp.changed")
        for step in ("past_store", "now_store"):
            cursor.execute(query(step, SQL), {"at": at})
        if changed >= _MANY:
            cursor.execute(_STATISTICS)
    return changed
