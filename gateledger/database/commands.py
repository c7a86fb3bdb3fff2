"""What the ``db`` commands do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cmdb.server.address import read_address
from cmdb.server.database import check_server
from cmdb.server.embedded import embedded_binary, uri
from gateledger.settings.app import App
from gateledger.terminal.console import say
from gateledger.terminal.migrating import migrate
from gateledger.terminal.signals import woken_by_signals
from gateledger.terminal.streams import data_on_stdout


def upgrade_database(app: App) -> None:
    """Upgrade the schema and say from which revision to which."""
    with app.server() as engine:
        check_server(engine)
        before, after = migrate(engine)
    if before == after:
        say(f"The database is up to date (revision {after}).")
    elif before is None:
        say(f"The database was set up (revision {after}).")
    else:
        say(f"The database was upgraded from revision {before} to {after}.")


def print_uri(app: App, *, hold: bool) -> None:
    """Write the URL to stdout; with ``hold`` return only when interrupted, the server up meanwhile."""
    if not hold:
        _write_url(app.settings.given_database() or uri(app.settings.data_dir))
        return
    with app.address() as url, woken_by_signals() as wait:
        _write_url(url)
        sys.stdout.flush()
        sys.stderr.write("The database answers at this URL until Ctrl-C.\n")
        while True:
            wait()  # The handlers of SIGINT and SIGTERM end the command.


def _write_url(url: str) -> None:
    with data_on_stdout() as out:
        out.write(url + "\n")


def open_psql(app: App, arguments: Sequence[str]) -> int:
    """Run psql on the database, its terminal ours, and return its exit code.

    Secrets travel in the environment: other users of the machine can read a command line.
    """
    with app.address() as url, read_address(url).for_program() as (connection, secrets):
        # psql handles Ctrl-C itself (it cancels the running statement); we only wait for it.
        before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        try:
            done = subprocess.run(  # noqa: S603  psql is ours or the system's, its arguments are the user's
                [str(_psql(app)), *arguments, "-d", connection],
                env=os.environ | secrets,
                check=False,
            )
        finally:
            signal.signal(signal.SIGINT, before)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def make_roles(app: App, service: str | None, reader: str | None, *, apply: bool) -> None:
    """Write the statements that make the roles to stdout, or run them."""
    from cmdb.server.roles import apply_roles, roles_script

    if not apply:
        with data_on_stdout() as out:
            out.write(roles_script(service, reader))
        return
    with app.database() as engine:
        apply_roles(engine, service, reader)
    made = " and ".join(name for name in (service, reader) if name is not None)
    say(
        f"The rights of {made} are set; a login that was missing has no password yet (psql: \\password NAME)."
    )


def _psql(app: App) -> Path:
    if app.settings.given_database() is None:
        return embedded_binary("psql")
    found = shutil.which("psql")
    return Path(found) if found else embedded_binary("psql")
