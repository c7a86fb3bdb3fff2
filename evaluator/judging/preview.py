"""What an evaluation would change, without changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from cmdb.queries import query
from cmdb.runs.runs import clock_and_last_run
from cmdb.server.database import transaction
from evaluator.catalog.policy import Policy
from evaluator.judging.engine import bound_values
from evaluator.judging.guard import DEFAULT_TIMEOUT
from evaluator.judging.judge import SQL, Judge
from evaluator.judging.registry import register


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An item whose status under a policy would change; the message says why, in plain words."""

    policy_id: str
    resource_arn: str
    account_id: str
    region: str
    status_before: str | None
    """None: the policy never judged the item."""
    condition_before: str | None
    status: str
    condition: str
    message: str


def preview(
    engine: Engine,
    policy: Policy,
    *,
    as_of: datetime | None,
    max_staleness: timedelta,
    parameters: Mapping[str, Any],
    statement_timeout: timedelta = DEFAULT_TIMEOUT,
) -> list[StatusChange]:
    """Return the items whose status would change were the policy evaluated; nothing is kept.

    ``as_of`` defaults to the database's clock, and never lies before the last run's. Raises ``PolicyError``
    as ``evaluator.engine.evaluate`` does.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        try:
            clock, last = clock_and_last_run(cursor)
            moment = as_of or (clock if last is None else max(clock, last))
            # Registering the policy, its verdicts and their comparison are all undone with the transaction.
            registered = register(cursor, policy, parameters, moment)
            values = bound_values(registered, moment, max_staleness)
            judge = Judge(cursor, policy, registered, values, timeout=statement_timeout)
            judged = judge.all_items()
            if not judged.differing:
                return []
            judge.verdicts(judged.differing, judged.items)
            rows = cursor.execute(query("preview", SQL)).fetchall()
            return [StatusChange(policy.id, *row) for row in rows]
        finally:
            connection.rollback()
