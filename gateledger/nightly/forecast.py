"""``gateledger collect --explain``: the calls that a collection would make, and the least time for them.

Nothing is asked of AWS: the answer rests on what the CMDB knows, so that what came to be since, and accounts
and regions never collected, are not in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from psycopg.sql import SQL
from sqlalchemy import Engine

from cmdb.snapshot import AccountKey
from cmdb.storage.statements import live_counts
from collectors.estimate import Estimate, estimate, least_seconds
from collectors.patterns import matching
from collectors.plan import CollectionPlan
from collectors.readers import FURTHER, further
from gateledger.queries.reading import Connection, reading, rows, stream
from gateledger.terminal.console import Column, Format, emit, emit_object, say
from gateledger.terminal.exits import ExitCode

_CALLS = (
    "get_rest_apis",
    "get_stages",
    "get_export",
    "get_client_certificates",
    "get_client_certificate",
    "describe_certificate",
)
#: Scopes that not every run reads; their calls are counted together, under ``SCOPE_calls``.
_FURTHER = tuple(scope for reader in FURTHER for scope in reader.scopes)
_KEYS = (
    "partition", "account_id", "region", *_CALLS, *(f"{scope}_calls" for scope in _FURTHER), "calls",
    "least_seconds",
)  # fmt: skip
_TABLE = (
    Column("account_id", "account"),
    Column("region", "region"),
    Column("get_rest_apis", "GetRestApis", right=True),
    Column("get_stages", "GetStages", right=True),
    Column("get_export", "GetExport", right=True),
    Column("certificates", "certificates", right=True),
    Column("further", "further", right=True),
    Column("calls", "calls", right=True),
    Column("least_seconds", "least s", right=True),
)
#: Accounts on one page of ListAccounts (Organizations API reference), and calls to enter an account:
#: AssumeRole and DescribeRegions.
_ACCOUNTS_A_PAGE = 20
_TO_ENTER = 2

Place = tuple[str, str, str]
"""Partition, account and region."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The cost of a collection: of each account-region, and what cannot be known."""

    regions: list[dict[str, Any]]
    account_calls: int
    least_seconds: float
    never_collected: list[str]

    def total(self) -> dict[str, Any]:
        """Return the sums over all account-regions; the least time is that of reading them side by side."""
        named = (*_CALLS, *(f"{scope}_calls" for scope in _FURTHER), "calls")
        sums: dict[str, Any] = {name: sum(row[name] for row in self.regions) for name in named}
        sums["calls"] += self.account_calls
        return {
            "account_regions": len(self.regions),
            **sums,
            "account_calls": self.account_calls,
            "least_seconds": self.least_seconds,
        }


def forecast(engine: Engine, plan: CollectionPlan) -> Forecast:
    """Work out what the next collection would cost."""
    named = list(plan.accounts) if isinstance(plan.accounts, tuple) else None
    where = {
        "accounts": named,
        "regions": list(plan.regions) if isinstance(plan.regions, tuple) else None,
        "private_definitions": plan.private_definitions,
    }
    with reading(engine) as connection:
        sizes = _sizes(connection, plan)
        found = list(_estimates(stream(connection, "known_for_estimate", where), plan, sizes))
        known = {row[0] for row in rows(connection, "known_accounts")}
    regions = [_row(*one) for one in found]
    accounts = {row["account_id"] for row in regions} | set(named or ())
    pages = -(-len(accounts) // _ACCOUNTS_A_PAGE) if plan.accounts == "organization" else 0
    return Forecast(
        regions,
        _TO_ENTER * len(accounts) + pages,
        round(least_seconds((row["least_seconds"] for row in regions), plan.threads), 1),
        sorted(set(named or ()) - known),
    )


def show(foreseen: Forecast, form: Format) -> ExitCode:
    """Write what a collection would cost to stdout."""
    if form is Format.JSON:
        emit_object(
            {
                "account_regions": foreseen.regions,
                "total": foreseen.total(),
                "never_collected": foreseen.never_collected,
            }
        )
    elif form is Format.CSV:
        emit(foreseen.regions, form, keys=_KEYS, table=())
    else:
        shown = [
            {
                **row,
                "certificates": sum(row[name] for name in _CALLS[3:]),
                "further": sum(row[f"{scope}_calls"] for scope in _FURTHER),
            }
            for row in foreseen.regions
        ]
        emit(shown, form, keys=_KEYS, table=_TABLE)
        _tell(foreseen)
    return ExitCode.DONE


def _tell(foreseen: Forecast) -> None:
    total = foreseen.total()
    say(
        f"{total['calls']:,} calls in {total['account_regions']:,} account-regions, "
        f"{total['account_calls']:,} of them to enter accounts; "
        f"the quotas allow that in {total['least_seconds']:,.1f} s at best."
    )
    if not foreseen.regions:
        say("Nothing was collected yet, so nothing is known of what a collection would read.")
    if foreseen.never_collected:
        say(f"Never collected, so not in these figures: {', '.join(foreseen.never_collected)}.")


def _sizes(connection: Connection, plan: CollectionPlan) -> dict[Place, dict[str, int]]:
    """Return how many live items the scopes hold that the plan's further readers count by."""
    names = [scope for reader in further(plan.scopes) for scope in reader.scopes]
    found: dict[Place, dict[str, int]] = {}
    for *place, scope, items in connection.execute(SQL(live_counts(["rest_api", *names]))):
        found.setdefault(cast("Place", tuple(place)), {})[scope] = items
    return found


def _estimates(
    known: Iterator[dict[str, Any]], plan: CollectionPlan, sizes: Mapping[Place, Mapping[str, int]]
) -> Iterator[tuple[AccountKey, str, Estimate]]:
    groups = itertools.groupby(known, key=lambda row: (row["partition"], row["account_id"], row["region"]))
    for (partition, account_id, region), group in groups:
        if matching(plan.excluded, account_id, region) is not None:
            continue
        account = AccountKey(partition, account_id)
        rest_apis = exports = listed_again = 0
        row: dict[str, Any] = {}
        for row in group:
            if row["rest_api_id"] is not None:
                rest_apis += 1
                exports += row["unknown_deployments"]
                listed_again += row["unknown_deployments"] > 0
        yield (
            account,
            region,
            estimate(
                rest_apis=rest_apis,
                exports=exports,
                listed_again=listed_again,
                client_certificates=row["client_certificates"],
                looked_up=row["looked_up"],
                acm_certificates=row["acm_certificates"],
                wanted=plan.scopes,
                sizes=sizes.get((partition, account_id, region), {}),
                limits=plan.quota,
            ),
        )


def _row(account: AccountKey, region: str, cost: Estimate) -> dict[str, Any]:
    return {
        "partition": account.partition,
        "account_id": account.account_id,
        "region": region,
        **{name: getattr(cost, name) for name in _CALLS},
        **{f"{scope}_calls": cost.further.get(scope, 0) for scope in _FURTHER},
        "calls": cost.calls,
        "least_seconds": round(cost.seconds, 1),
    }
