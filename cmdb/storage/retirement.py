"""Retiring an account that left: what it held is closed because a person says so, not because it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from sqlalchemy import Engine

from cmdb.errors import AsOfTooEarly, GateledgerError
from cmdb.items import item_types
from cmdb.queries import query
from cmdb.server.database import transaction
from cmdb.snapshot import AccountKey
from cmdb.storage.statements import close_regions

_SQL = "cmdb.storage.sql"


class AccountUnknown(GateledgerError):
    """The account was never collected; `gateledger accounts list` shows those that were."""


class AccountRetired(GateledgerError):
    """The account is retired already."""


@dataclass(frozen=True, slots=True)
class Retired:
    """What retiring an account closed: how many items, by type."""

    by_type: Mapping[str, int]

    @property
    def items(self) -> int:
        """All of it."""
        return sum(self.by_type.values())


def retire(engine: Engine, account: AccountKey, as_of: datetime) -> Retired:
    """Close everything that an account holds and mark it as retired, in one transaction.

    A certificate is let go of, not proven absent. Raises ``AccountUnknown`` or ``AccountRetired``, and
    ``AsOfTooEarly`` when a collection has that time already: it was there then.
    """
    with transaction(engine) as connection, connection.cursor() as cursor:
        if cursor.execute(query("retire_too_early", _SQL), {"as_of": as_of}).fetchone() is not None:
            raise AsOfTooEarly(
                f"A collection has the time {as_of.isoformat()} already: retire the account at a later one."
            )
        where = {"partition": account.partition, "account_id": account.account_id}
        row = cursor.execute(query("retire_find", _SQL), where).fetchone()
        account_key, _, regions = _checked(account, row)
        values = {
            "as_of": as_of,
            "account_key": account_key,
            "regions": regions,
            "error": f"Account {account.account_id} was retired on {as_of:%Y-%m-%d}; "
            "it is not read any more.",
        }
        closed = {
            declared.name: cursor.execute(sql.SQL(close_regions(declared)), values).rowcount
            for declared in item_types()
        }
        for step in ("retire_state_close", "retire_state_open", "retire_scopes", "retire_account"):
            cursor.execute(query(step, _SQL), values)
    return Retired(closed)


def check_retirable(engine: Engine, account: AccountKey) -> None:
    """Raise ``AccountUnknown`` or ``AccountRetired`` unless the account can be retired."""
    where = {"partition": account.partition, "account_id": account.account_id}
    with transaction(engine) as connection:
        _checked(account, connection.execute(query("retire_find", _SQL), where).fetchone())


def _checked(
    account: AccountKey, row: tuple[int, datetime | None, list[int]] | None
) -> tuple[int, datetime | None, list[int]]:
    if row is None:
        raise AccountUnknown(
            f"Account {account.account_id} of partition {account.partition} was never collected: "
            "`gateledger accounts list` shows those that were."
        )
    if row[1] is not None:
        raise AccountRetired(f"Account {account.account_id} is retired already, since {row[1]:%Y-%m-%d}.")
    return row
