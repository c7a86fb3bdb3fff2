"""The system under test: nights on a real database, driven as the nightly job drives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import transaction
from cmdb.snapshot import AccountKey, AccountReading, Failure, FailureKind, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from cmdb.tables.base import metadata
from evaluator.catalog.loading import Catalog, load_catalog
from evaluator.judging.engine import evaluate
from tests.model.reader import read
from tests.model.truth import NO_FAULTS, Faults, Region
from tests.model.verdicts import EXPIRY, Rules
from tests.support.checks import replay
from tests.support.histories import CERTIFICATE_POLICIES

Rows = list[tuple[Any, ...]]
Reading = tuple[Region, Faults]
"""An account-region, and what a night may not see of it."""

_WHY = Failure(FailureKind.DENIED, "AssumeRole", "It was denied.")


class Killed(Exception):
    """The process dies here, and nothing of it runs any more."""


@dataclass(frozen=True)
class Night:
    """What a run covers and meets.

    ``accounts`` gives each account's status (an account that is left out is not covered); ``regions`` are the
    account-regions that are read, in order, each with its faults; those of an entered account that are missing
    from ``enabled`` are skipped. ``dies_after`` kills the run after so many steps: storing an account or a
    group of regions, concluding the collection, evaluating one policy.
    """

    as_of: datetime
    kind: RunKind = RunKind.RUN
    accounts: Mapping[str, ScopeStatus] = field(default_factory=dict)
    enabled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    regions: Sequence[Reading] = ()
    together: bool = False
    policies: Sequence[str] = ()
    rules: Rules = field(default_factory=Rules)
    dies_after: int | None = None


def plain_night(as_of: datetime, regions: Sequence[Region], **faults: Any) -> Night:
    """Return a night that reads everything."""
    accounts = sorted({region.account_id for region in regions})
    return Night(
        as_of,
        accounts=dict.fromkeys(accounts, ScopeStatus.COMPLETE),
        enabled={
            account: [region.name for region in regions if region.account_id == account]
            for account in accounts
        },
        regions=[(region, faults.get(region.account_id, NO_FAULTS)) for region in regions],
        policies=[policy.id for policy in catalog().policies],
    )


def batched(regions: Sequence[Reading], size: int) -> list[Sequence[Reading]]:
    """Return account-regions in groups that are stored at once."""
    return [regions[start : start + size] for start in range(0, len(regions), max(1, size))]


@cache
def catalog() -> Catalog:
    """Return the policies whose verdicts the oracle knows."""
    whole = load_catalog()
    return replace(whole, policies=whole.enabled(CERTIFICATE_POLICIES))


def parameters(policy_id: str, rules: Rules) -> dict[str, Any]:
    """Return the parameters of a policy under the rules."""
    return {"days": rules.days} if policy_id == EXPIRY else {}


class System:
    """A database and the runs on it."""

    def __init__(self, engine: Engine) -> None:
        """Take a migrated database."""
        self.engine = engine
        # Questions have a connection of their own, which neither begins nor pings for each.
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._asking = psycopg.connect(url, autocommit=True)
        self._asking.execute("SET timezone = 'UTC'")
        self._asking.execute("SET join_collapse_limit = 1")
        self._steps = 0
        self._last_step: int | None = None

    def close(self) -> None:
        """Close the connection."""
        self._asking.close()

    def clear(self) -> None:
        """Forget everything."""
        tables = ", ".join(str(table) for table in metadata.sorted_tables)
        with transaction(self.engine) as connection:
            connection.execute(f"TRUNCATE {tables}".encode())

    def live(self, night: Night) -> bool:
        """Live through a night; return False when it was killed."""
        self._steps, self._last_step = 0, night.dies_after
        try:
            with runs.run_lock(self.engine):
                self._run(night)
        except Killed:
            return False
        return True

    def _run(self, night: Night) -> None:
        run = runs.start(self.engine, night.kind, night.as_of)
        self._step()
        scopes = (0, 0)
        if night.kind is not RunKind.EVALUATE:
            self._collect(run, night)
            scopes = runs.finish_collection(self.engine, run)
            self._step()
        for policy_id in night.policies if night.kind is not RunKind.COLLECT else ():
            evaluate(
                self.engine,
                catalog().policy(policy_id),
                run,
                max_staleness=night.rules.max_staleness,
                parameters=parameters(policy_id, night.rules),
            )
            self._step()
        status = RunStatus.INCOMPLETE if scopes[1] else RunStatus.COMPLETE
        runs.finish(self.engine, run, status, RunTotals(), scopes)

    def _collect(self, run: Run, night: Night) -> None:
        inventory = PostgresInventory(self.engine, run.as_of)
        for account_id, status in night.accounts.items():
            inventory.store_account(
                AccountReading(
                    AccountKey("aws", account_id),
                    f"Account {account_id}",
                    status,
                    None if status is ScopeStatus.COMPLETE else _WHY,
                    regions=tuple(night.enabled.get(account_id, ())),
                )
            )
            self._step()
        size = len(night.regions) if night.together else 1
        for batch in batched(night.regions, size):
            inventory.store_many(
                [
                    read(region, faults, inventory.known(AccountKey("aws", region.account_id), region.name))
                    for region, faults in batch
                ]
            )
            self._step()

    def _step(self) -> None:
        if self._steps == self._last_step:
            raise Killed
        self._steps += 1

    def rows(self, statement: str, values: Any = None) -> Rows:
        """Return the rows of a question."""
        return self._asking.execute(statement.encode(), values).fetchall()

    def judged_as_of(self, policy_id: str, moment: datetime, rules: Rules) -> Rows:
        """Judge every stage over the relations as they were at a time."""
        statement, bound = replay(catalog().policy(policy_id), parameters(policy_id, rules))
        return self.rows(
            "SELECT a.account_id, ar.region, api.rest_api_id, s.stage_name, v.condition "
            f"FROM ({statement}) AS v JOIN cmdb.stage AS s ON s.item_id = v.item_id "
            "JOIN cmdb.rest_api AS api ON api.item_id = s.parent_id "
            "JOIN cmdb.account_region AS ar ON ar.account_region_id = s.account_region_id "
            "JOIN cmdb.account AS a ON a.account_key = ar.account_key",
            {**bound, "as_of": moment, "max_staleness": rules.max_staleness},
        )
