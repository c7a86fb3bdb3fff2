"""What a run's summary says of findings and scopes, read from the reporting views."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.sql import SQL
from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.server.database import transaction
from gateledger.nightly.summary import Backfilled, FailedScope, FirstJudged

_SQL = "gateledger.queries.sql"


class Counts(NamedTuple):
    """How many findings there are of each status."""

    all: dict[str, int]
    new: dict[str, int]
    """Those that took it at a certain time."""


def counts_by_status(engine: Engine, as_of: datetime, first: Collection[str] = ()) -> Counts:
    """Return how many findings have each status now, and how many took it at that time.

    What policies find that are judged for the ``first`` time is not new.
    """
    rows = _rows(engine, query("findings_of_run", _SQL), {"as_of": as_of, "first": list(first)})
    return Counts(
        {status: findings for status, findings, _ in rows}, {status: new for status, _, new in rows if new}
    )


def excepted_by_status(engine: Engine) -> dict[str, int]:
    """Return how many findings of each status exceptions cover now."""
    return dict(_rows(engine, query("excepted_count", _SQL)))


def first_judged(engine: Engine, as_of: datetime) -> FirstJudged:
    """Return what policies found that a run judged for the first time although earlier nights were there."""
    policies = tuple(policy for (policy,) in _rows(engine, query("policies_first", _SQL), {"as_of": as_of}))
    if not policies:
        return FirstJudged()
    rows = _rows(engine, query("findings_first", _SQL), {"policies": list(policies)})
    return FirstJudged(
        policies,
        {status: findings for status, findings, _ in rows},
        {status: excepted for status, _, excepted in rows if excepted},
    )


def backfilled(engine: Engine, as_of: datetime) -> tuple[Backfilled, ...]:
    """Return the policies whose past nights a run judged, and those that still wait for that."""
    return tuple(Backfilled(*row) for row in _rows(engine, query("backfilled", _SQL), {"as_of": as_of}))


def scope_counts(engine: Engine) -> tuple[int, int]:
    """Return how many scopes of the inventory are healthy and how many are not."""
    well, badly = _rows(engine, query("scope_counts", _SQL))[0]
    return int(well), int(badly)


def failures(engine: Engine) -> tuple[FailedScope, ...]:
    """Return the scopes that could not be read, or only in part."""
    return tuple(FailedScope(*row) for row in _rows(engine, query("scopes_failed", _SQL)))


def _rows(engine: Engine, statement: SQL, values: dict[str, Any] | None = None) -> list[Any]:
    with transaction(engine) as connection:
        return connection.execute(statement, values).fetchall()
