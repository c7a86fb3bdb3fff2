"""The inventory as collectors see it: what is known, and where to store what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from cmdb.items import collected_scopes
from cmdb.queries import query
from cmdb.runs import scopes
from cmdb.runs.runs import hold
from cmdb.runs.scopes import Held, Outcome
from cmdb.server.database import Cursor, transaction
from cmdb.snapshot import (
    ACCOUNT_SCOPE,
    AccountKey,
    AccountReading,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    KnownRegion,
    MergeResult,
    ScopeStatus,
)
from cmdb.storage.merge import READ, account_region_ids, merge_snapshots

_SQL = "cmdb.storage.sql"

#: Region under which an account's own scope is kept.
GLOBAL = "global"


class PostgresInventory:
    """``cmdb.snapshot.Inventory`` over Postgres, for one run's ``as_of``. Thread-safe.

    With the run's number nothing is stored any more once another run has overtaken it (``RunOvertaken``).
    ``wanted`` are the scopes that the run reads in each account-region (None: all): what becomes of an account
    concerns these.
    """

    def __init__(
        self,
        engine: Engine,
        as_of: datetime,
        run_id: int | None = None,
        wanted: Iterable[str] | None = None,
    ) -> None:
        self._engine = engine
        self._as_of = as_of
        self._run_id = run_id
        self._wanted = collected_scopes() if wanted is None else tuple(sorted(wanted))

    def _hold(self, cursor: Cursor) -> None:
        if self._run_id is not None:
            hold(cursor, self._run_id)

    def known(self, account: AccountKey, region: str) -> KnownRegion:
        """Return what is known of an account-region."""
        return self.known_in(account, [region])[region]

    def known_in(self, account: AccountKey, regions: Sequence[str]) -> dict[str, KnownRegion]:
        """Return what is known of each of an account's regions: three questions, however many there are."""
        where = {
            "partition": account.partition,
            "account_id": account.account_id,
            "regions": list(regions),
        }
        deployments: dict[str, dict[str, frozenset[str]]] = {region: {} for region in regions}
        named: dict[str, dict[str, frozenset[str]]] = {region: {} for region in regions}
        absent: dict[str, set[str]] = {region: set() for region in regions}
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            for region, rest_api_id, deployment_ids in _rows(cursor, "known_deployments", where):
                deployments[region][rest_api_id] = frozenset(deployment_ids)
            for region, rest_api_id, certificate_id in _rows(cursor, "known_named_certificates", where):
                before = named[region].get(rest_api_id, frozenset())
                named[region][rest_api_id] = before | {certificate_id}
            for region, certificate_id in _rows(cursor, "known_absent_certificates", where):
                absent[region].add(certificate_id)
        return {
            region: KnownRegion(deployments[region], named[region], frozenset(absent[region]))
            for region in regions
        }

    def known_accounts(self) -> list[AccountKey]:
        """Return every account ever collected and not retired."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                "SELECT partition, account_id FROM cmdb.account WHERE retired_at IS NULL ORDER BY 1, 2"
            ).fetchall()
        return [AccountKey(partition, account_id) for partition, account_id in rows]

    def store_account(self, reading: AccountReading) -> None:
        """Record an account: itself, its own scope, and the regions that this run does not read.

        A retired account that is requested again (not skipped) is in use again.
        """
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            self._hold(cursor)
            values: dict[str, Any] = {
                "partition": reading.account.partition,
                "account_id": reading.account.account_id,
                "name": reading.name,
                "state": reading.payload.get("Status"),
                "payload": Jsonb(reading.payload),
                "tags": None if reading.tags is None else Jsonb(reading.tags),
                "as_of": self._as_of,
                "wanted": list(self._wanted),
            }
            cursor.execute(query("account_archive", _SQL), values)
            cursor.execute(query("account_store", _SQL), values)
            if reading.status is not ScopeStatus.SKIPPED:
                cursor.execute(query("account_unretire", _SQL), values)
            region_id = account_region_ids(cursor, [(reading.account, GLOBAL)])[reading.account, GLOBAL]
            left_out = _left_out(cursor, reading, values)
            before = scopes.held(cursor, sorted({region_id, *(region for region, _, _ in left_out)}))
            outcomes = [
                Outcome(region_id, ACCOUNT_SCOPE, reading.status, reading.failure, items=1),
                *_unread_regions(reading, left_out, before),
            ]
            scopes.record(cursor, outcomes, before, self._as_of)

    def store(self, snapshot: AccountRegionSnapshot) -> MergeResult:
        """Merge one account-region in one transaction."""
        return self.store_many([snapshot])[0]

    def store_many(self, snapshots: Sequence[AccountRegionSnapshot]) -> list[MergeResult]:
        """Merge several account-regions, none of them twice, in one transaction: all of them or none.

        The commit does not wait for the disk. A crash of the server can take back no more than whole
        account-regions of a run that is still going on: the commit that closes a run waits, for them too.
        """
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            cursor.execute(query("merge_settings", _SQL))
            self._hold(cursor)
            return merge_snapshots(cursor, snapshots, self._as_of)


def _rows(cursor: Cursor, name: str, where: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return cursor.execute(query(name, _SQL), where).fetchall()


def _left_out(
    cursor: Cursor, reading: AccountReading, values: Mapping[str, Any]
) -> list[tuple[int, str, str]]:
    """Return the known regional scopes that this run leaves out: account-region, item type, region."""
    read = list(reading.regions) if reading.status in READ else []
    return cast(
        "list[tuple[int, str, str]]",
        cursor.execute(query("account_scopes", _SQL), {**values, "regions": read}).fetchall(),
    )


def _unread_regions(
    reading: AccountReading,
    left_out: Sequence[tuple[int, str, str]],
    before: Mapping[tuple[int, str], Held],
) -> list[Outcome]:
    """Return outcomes for the scopes that this run leaves out, and why."""
    outcomes = []
    for region_id, item_type, region in left_out:
        if reading.status in READ:
            status = ScopeStatus.SKIPPED
            failure: Failure | None = reading.skipped_regions.get(region) or Failure(
                FailureKind.REGION_DISABLED,
                "DescribeRegions",
                f"Region {region} is not enabled for the account, or not among the regions to read.",
            )
        else:
            status, failure = reading.status, reading.failure
        digest = before[region_id, item_type].digest
        outcomes.append(Outcome(region_id, item_type, status, failure, digest=digest))
    return outcomes
