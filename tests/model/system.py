"""The system under test: nights on a real database, driven as the nightly job drives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

import psycopg
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import transaction
from cmdb.snapshot import AccountKey, AccountReading, Failure, FailureKind, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from cmdb.tables.base import metadata
from evaluator.judging.backfill import backfill, waiting
from evaluator.judging.engine import evaluate
from gateledger.queries.wanted import reads_methods, wanted_scopes
from gateledger.settings.model import Settings
from tests.model.reader import read
from tests.model.truth import NO_FAULTS, Faults, Region
from tests.model.verdicts import DRAFT, EXPIRY, POLICIES, TAGS, WAF, Rules
from tests.support.checks import catalog, replay

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
    from ``enabled`` are skipped. ``policies`` are those that the settings enable, or that are named; ``judges_past``:
    they are judged over all past nights, at once where ``sweeps``. ``judges_all``: not only what changed is judged.
    ``backfills``: past nights are judged under those that are new when all else
    is done. ``dies_after`` kills the run after so many steps: storing an account or a group of regions, concluding
    the collection, evaluating one policy, judging past nights under one.
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
    judges_past: bool = False
    backfills: bool = True
    judges_all: bool = False
    sweeps: bool = True


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
        policies=POLICIES,
    )


def batched(regions: Sequence[Reading], size: int) -> list[Sequence[Reading]]:
    """Return account-regions in groups that are stored at once."""
    return [regions[start : start + size] for start in range(0, len(regions), max(1, size))]


@cache
def wanted_by(policies: tuple[str, ...]) -> tuple[frozenset[str], bool]:
    """Return the scopes that a night reads for the enabled policies, and whether it reads what private APIs serve."""
    settings = Settings(policies=policies)
    enabled = catalog().enabled(settings.policies)
    return wanted_scopes(settings, enabled), reads_methods(enabled)


def parameters(policy_id: str, rules: Rules) -> dict[str, Any]:
    """Return the parameters of a policy under the rules."""
    given = {
        EXPIRY: {"days": rules.days},
        DRAFT: {"days": rules.days},
        WAF: {"private": rules.private},
        TAGS: {"required": rules.required},
    }
    return given.get(policy_id, {})


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
            wanted, private = wanted_by(night.policies)
            self._collect(run, night, wanted, private=private)
            scopes = runs.finish_collection(self.engine, run, wanted)
            self._step()
        for policy_id in night.policies if night.kind is not RunKind.COLLECT else ():
            self._judge(policy_id, run, night, past=night.judges_past)
            self._step()
        status = RunStatus.INCOMPLETE if scopes[1] else RunStatus.COMPLETE
        runs.finish(self.engine, run, status, RunTotals(), scopes)
        if night.kind is RunKind.RUN and night.backfills:
            self._judge_waiting(night)

    def _judge_waiting(self, night: Night) -> None:
        """Judge past nights under the policies that wait for it, as the nightly job does when all else is done."""
        wait = waiting(self.engine, [catalog().policy(name) for name in night.policies], night.as_of)
        if wait:
            run = runs.start(self.engine, RunKind.EVALUATE, night.as_of)
            for policy in wait:
                self._judge(policy.id, run, night, past=True)
                self._step()
            runs.finish(self.engine, run, RunStatus.COMPLETE, RunTotals())

    def _judge(self, policy_id: str, run: Run, night: Night, *, past: bool) -> None:
        """Judge tonight, or all nights there were, under a policy."""
        judged = (
            partial(backfill, sweeping=night.sweeps) if past else partial(evaluate, full=night.judges_all)
        )
        judged(
            self.engine,
            catalog().policy(policy_id),
            run,
            max_staleness=night.rules.max_staleness,
            parameters=parameters(policy_id, night.rules),
        )

    def _collect(self, run: Run, night: Night, wanted: frozenset[str], *, private: bool) -> None:
        inventory = PostgresInventory(self.engine, run.as_of, run.run_id, wanted)
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
                    read(
                        region,
                        faults,
                        inventory.known(AccountKey("aws", region.account_id), region.name),
                        wanted=wanted,
                        private=private,
                    )
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
        """Judge every item over the relations as they were at a time: account, ARN, condition."""
        statement, bound = replay(catalog().policy(policy_id), parameters(policy_id, rules))
        return self.rows(
            f"SELECT i.account_id, i.resource_arn, v.condition FROM ({statement}) AS v "
            "JOIN report.item_identity AS i ON i.item_id = v.item_id",
            {**bound, "as_of": moment, "max_staleness": rules.max_staleness},
        )

    def recorded_as_of(self, policy_id: str, moment: datetime) -> Rows:
        """Return what was recorded of every item at a time: account, ARN, condition."""
        return self.rows(
            "SELECT account_id, resource_arn, condition FROM report.finding_history WHERE policy_id = %(policy_id)s "
            "AND valid_from <= %(moment)s AND (valid_to IS NULL OR valid_to > %(moment)s)",
            {"policy_id": policy_id, "moment": moment},
        )

    def history(self, policy_id: str) -> Rows:
        """Return all records and episodes of a policy."""
        where = {"policy_id": policy_id}
        return sorted(
            self.rows(
                "SELECT account_id, resource_arn, status, condition, valid_from::text, coalesce(valid_to::text, ''), "
                "since::text, coalesce(subjects::text, '') FROM report.finding_history "
                "WHERE policy_id = %(policy_id)s",
                where,
            )
        ) + sorted(
            self.rows(
                "SELECT account_id, resource_arn, started_at::text, coalesce(ended_at::text, ''), "
                "coalesce(outcome, '') FROM report.episode WHERE policy_id = %(policy_id)s",
                where,
            )
        )
