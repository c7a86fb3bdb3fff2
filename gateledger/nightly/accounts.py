"""The accounts that were ever collected, and retiring one that left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from cmdb.errors import GateledgerError
from cmdb.snapshot import AccountKey
from cmdb.storage.retirement import AccountUnknown
from gateledger.nightly import job as nightly
from gateledger.nightly.jobs import exit_code
from gateledger.nightly.summary import write_summary
from gateledger.queries.reading import reading, records
from gateledger.settings.app import App
from gateledger.terminal.console import Column, Format, emit
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.progress import progress_for

_KEYS = (
    "account_id",
    "partition",
    "name",
    "state",
    "status",
    "regions",
    "stages",
    "scopes_failed",
    "last_success_at",
    "retired_at",
    "error",
)
_TABLE = (
    Column("account_id", "account"),
    Column("name", "name"),
    Column("status", "status"),
    Column("regions", "regions", right=True),
    Column("stages", "stages", right=True),
    Column("scopes_failed", "not read", right=True),
    Column("last_success_at", "last read"),
    Column("retired_at", "retired"),
    Column("error", "error"),
)
_NARROW = (
    Column("account_id", "account", lines=(("account_id",), ("name",))),
    Column("status", "status", lines=(("status",), ("retired_at",))),
    Column("stages", "stages / not read", right=True, lines=(("stages",), ("scopes_failed",))),
    Column("last_success_at", "last read"),
    Column("error", "error"),
)


class AccountAmbiguous(GateledgerError):
    """Several partitions have an account of that id; name one with --partition."""


def show_accounts(app: App, form: Format) -> ExitCode:
    """List the accounts on stdout, those in use first."""
    with app.database() as engine, reading(engine) as connection:
        found = records(connection, "accounts")
    emit(found, form, keys=_KEYS, table=_TABLE, narrow=_NARROW)
    return ExitCode.DONE


def retire_account(
    app: App, account_id: str, *, partition: str | None, as_of: datetime | None, form: Format
) -> ExitCode:
    """Retire an account and write the run's summary to stdout."""
    app.log(job=True)
    with app.database() as engine:
        account = _find(engine, account_id, partition)
        with progress_for() as progress:
            summary = nightly.retire(engine, app.settings, account, as_of=as_of, progress=progress)
        write_summary(summary, form)
    return exit_code(summary)


def _find(engine: Engine, account_id: str, partition: str | None) -> AccountKey:
    """Return the account of that id; raises ``AccountUnknown`` or ``AccountAmbiguous``."""
    with reading(engine) as connection:
        found = [
            row["partition"] for row in records(connection, "accounts") if row["account_id"] == account_id
        ]
    if partition is not None:
        return AccountKey(partition, account_id)
    if not found:
        raise AccountUnknown(
            f"Account {account_id} was never collected: `gateledger accounts list` shows those that were."
        )
    if len(found) > 1:
        raise AccountAmbiguous(
            f"Partitions {' and '.join(found)} both have an account {account_id}: name one with --partition."
        )
    return AccountKey(found[0], account_id)
