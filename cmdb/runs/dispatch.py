"""Account-regions that a run hands to workers: handing out, and counting what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Engine

from cmdb.errors import GateledgerError
from cmdb.queries import query
from cmdb.runs.runs import Run
from cmdb.server.database import transaction
from cmdb.snapshot import AccountKey

_SQL = "cmdb.runs.sql"


Row = tuple[Any, ...]


class RunOver(GateledgerError):
    """The run takes no more results."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a run in progress gives its workers: its time, and what of its settings they go by."""

    run_id: int
    as_of: datetime
    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What reading one account-region gave."""

    account_id: str
    region: str
    scopes_ok: int
    scopes_failed: int
    items_seen: int
    items_changed: int
    calls: int
    throttles: int
    waited_seconds: float
    quota_share: float
    peak_per_second: int
    step_backs: int


class Dispatch:
    """The run's side: hands out account-regions and counts what comes back. Thread-safe."""

    def __init__(self, engine: Engine, run: Run, key_fingerprint: str, plan: dict[str, Any]) -> None:
        """Begin to hand out; what earlier runs handed out is forgotten."""
        self._engine = engine
        self._run = run
        opened = {"run_id": run.run_id, "key_fingerprint": key_fingerprint, "plan": Jsonb(plan)}
        with transaction(engine) as connection:
            connection.execute(query("dispatch_forget", _SQL), opened)
            connection.execute(query("dispatch_open", _SQL), opened)

    def add(self, account: AccountKey, regions: Sequence[str]) -> None:
        """Note regions of an account as handed out."""
        values = {
            "run_id": self._run.run_id,
            "partition": account.partition,
            "account_id": account.account_id,
            "regions": list(regions),
        }
        with transaction(self._engine) as connection:
            connection.execute(query("dispatch_add_regions", _SQL), values)
            connection.execute(query("dispatch_add", _SQL), values)

    def count(self) -> list[Done]:
        """Return results that were not returned before."""
        with transaction(self._engine) as connection:
            rows = connection.execute(query("dispatch_count", _SQL), self._where).fetchall()
        return [Done(*row) for row in rows]

    def close(self) -> None:
        """Take no more results; those being stored now are waited for."""
        with transaction(self._engine) as connection:
            connection.execute(query("dispatch_close", _SQL), self._where)

    def mark_unreached(self, error: str, wanted: Iterable[str]) -> int:
        """Note in the ``wanted`` scopes of account-regions that nobody read why; return how many there are.

        To be called after the run's collection is finished, which marks known ones as uncollected.
        """
        values = {
            **self._where,
            "as_of": self._run.as_of,
            "error": error,
            "item_types": sorted(wanted),
        }
        with transaction(self._engine) as connection:
            row = connection.execute(query("dispatch_unreached", _SQL), values).fetchone()
        return 0 if row is None else int(row[0])

    @property
    def _where(self) -> dict[str, Any]:
        return {"run_id": self._run.run_id}


def order_of(engine: Engine, run_id: int) -> Order:
    """Return the order of a run; raises ``RunOver`` when it takes no more results."""
    with transaction(engine) as connection:
        row = connection.execute(query("dispatch_order", _SQL), {"run_id": run_id}).fetchone()
    if row is None:
        raise RunOver(f"Run {run_id} takes no more results.")
    return Order(run_id, row[0], row[1])


def run_with_other_key(engine: Engine, key_fingerprint: str) -> int | None:
    """Return the number of a run in progress that was begun with another key; None: there is none."""
    with transaction(engine) as connection:
        row = connection.execute(
            query("dispatch_other_keys", _SQL), {"key_fingerprint": key_fingerprint}
        ).fetchone()
    return None if row is None else int(row[0])
