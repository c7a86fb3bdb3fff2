"""The inventory as collectors see it: what is known, and where to store what was read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from cmdb import scopes
from cmdb.database import Cursor, transaction
from cmdb.merge import account_region_id, merge_snapshots
from cmdb.queries import query
from cmdb.scopes import Outcome
from cmdb.snapshot import (
    AccountKey,
    AccountReading,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    ItemType,
    KnownRegion,
    MergeResult,
    MethodsReading,
    ScopeStatus,
)

#: Region under which an account's own scope is kept.
GLOBAL = "global"


class PostgresInventory:
    """``cmdb.snapshot.Inventory`` over Postgres, for one run's ``as_of``. Thread-safe."""

    def __init__(self, engine: Engine, as_of: datetime) -> None:
        self._engine = engine
        self._as_of = as_of

    def known(self, account: AccountKey, region: str) -> KnownRegion:
        """Return what is known of an account-region."""
        where = {"partition": account.partition, "account_id": account.account_id, "region": region}
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            methods = {
                rest_api_id: MethodsReading(read_at, frozenset(deployment_ids))
                for rest_api_id, read_at, deployment_ids in _rows(cursor, "known_methods", where)
            }
            named: dict[str, set[str]] = {}
            for rest_api_id, certificate_id in _rows(cursor, "known_named_certificates", where):
                named.setdefault(rest_api_id, set()).add(certificate_id)
            absent = frozenset(row[0] for row in _rows(cursor, "known_absent_certificates", where))
        return KnownRegion(
            methods=methods,
            named_certificates={api: frozenset(ids) for api, ids in named.items()},
            absent_certificates=absent,
        )

    def known_accounts(self) -> list[AccountKey]:
        """Return every account ever collected and not retired."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                "SELECT partition, account_id FROM cmdb.account WHERE retired_at IS NULL ORDER BY 1, 2"
            ).fetchall()
        return [AccountKey(partition, account_id) for partition, account_id in rows]

    def store_account(self, reading: AccountReading) -> None:
        """Record an account: itself, its own scope, and the regions that this run does not read.

        A retired account that is asked for again (not skipped) is in use again.
        """
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            values: dict[str, Any] = {
                "partition": reading.account.partition,
                "account_id": reading.account.account_id,
                "name": reading.name,
                "state": reading.payload.get("Status"),
                "payload": Jsonb(reading.payload),
                "as_of": self._as_of,
            }
            cursor.execute(query("account_archive"), values)
            cursor.execute(query("account_store"), values)
            if reading.status is not ScopeStatus.SKIPPED:
                cursor.execute(query("account_unretire"), values)
            region_id = account_region_id(cursor, reading.account, GLOBAL)
            outcomes = [
                Outcome(region_id, ItemType.ACCOUNT, reading.status, reading.failure, items=1),
                *_unread_regions(cursor, reading, values),
            ]
            scopes.record(cursor, outcomes, self._as_of)

    def store(self, snapshot: AccountRegionSnapshot) -> MergeResult:
        """Merge one account-region in one transaction."""
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            return merge_snapshots(cursor, [snapshot], self._as_of)


def _rows(cursor: Cursor, name: str, where: Mapping[str, str]) -> list[tuple[Any, ...]]:
    return cursor.execute(query(name), where).fetchall()


def _unread_regions(cursor: Cursor, reading: AccountReading, values: dict[str, Any]) -> list[Outcome]:
    """Return outcomes for the known regional scopes that this run leaves out, and why."""
    read = list(reading.regions) if reading.status is ScopeStatus.COMPLETE else []
    outcomes = []
    rows = cursor.execute(query("account_scopes"), {**values, "regions": read}).fetchall()
    digests: dict[int, dict[str, bytes | None]] = {}
    for region_id, item_type, region in rows:
        if reading.status is ScopeStatus.COMPLETE:
            status = ScopeStatus.SKIPPED
            failure: Failure | None = reading.skipped_regions.get(region) or Failure(
                FailureKind.REGION_DISABLED,
                "DescribeRegions",
                f"Region {region} is not enabled for the account, or not among the regions to read.",
            )
        else:
            status, failure = reading.status, reading.failure
        if region_id not in digests:
            digests[region_id] = scopes.digests(cursor, region_id)
        outcomes.append(
            Outcome(region_id, ItemType(item_type), status, failure, digest=digests[region_id].get(item_type))
        )
    return outcomes
