"""The inventory as a worker sees it: it stores results only while the run takes them.

A result is stored in one transaction with the note that it is done. So nothing is stored twice, and nothing at
all once the run has gone on to evaluate or is over.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.runs.dispatch import Order, RunOver
from cmdb.server.database import transaction
from cmdb.snapshot import AccountRegionSnapshot, MergeResult, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from cmdb.storage.merge import merge_snapshots

_SQL = "cmdb.storage.sql"


class WorkerInventory(PostgresInventory):
    """The worker's side: what is known, and where results go. Thread-safe."""

    def __init__(self, engine: Engine, order: Order, worker: str) -> None:
        super().__init__(engine, order.as_of)
        self._order = order
        self._worker = worker

    def store(self, snapshot: AccountRegionSnapshot) -> MergeResult:
        """Merge one account-region and note it as done, in one transaction.

        One that another worker stored meanwhile is left alone. As with a run's own threads, the commit does
        not wait for the disk: should the server crash, the note is gone too. Raises ``RunOver``.
        """
        where = {
            "run_id": self._order.run_id,
            "partition": snapshot.account.partition,
            "account_id": snapshot.account.account_id,
            "region": snapshot.region,
        }
        with transaction(self._engine) as connection, connection.cursor() as cursor:
            cursor.execute(query("merge_settings", _SQL))
            if cursor.execute(query("dispatch_is_open", _SQL), where).fetchone() is None:
                raise RunOver(f"Run {self._order.run_id} takes no more results.")
            claimed = cursor.execute(query("dispatch_claim", _SQL), where).fetchone()
            if claimed is None:
                return MergeResult()
            merged = merge_snapshots(cursor, [snapshot], self._as_of)[0]
            cursor.execute(
                query("dispatch_done", _SQL), {**where, **self._result(snapshot, merged, claimed[0])}
            )
        return merged

    def _result(self, snapshot: AccountRegionSnapshot, merged: MergeResult, region_id: int) -> dict[str, Any]:
        readings = snapshot.readings.values()
        complete = sum(reading.status is ScopeStatus.COMPLETE for reading in readings)
        skipped = sum(reading.status is ScopeStatus.SKIPPED for reading in readings)
        return {
            "account_region_id": region_id,
            "worker": self._worker,
            "scopes_ok": complete,
            "scopes_failed": len(readings) - complete - skipped,
            "items_seen": merged.items_seen,
            "items_changed": merged.items_changed,
            "calls": snapshot.cost.calls,
            "throttles": snapshot.cost.throttles,
            "waited_seconds": snapshot.cost.waited_seconds,
            "peak_per_second": snapshot.cost.peak_per_second,
            "quota_share": snapshot.cost.quota_share,
            "step_backs": snapshot.cost.step_backs,
        }
