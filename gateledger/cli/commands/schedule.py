"""``gateledger schedule``: the nightly job at its time, for as long as the process lives."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import help_of
from gateledger.settings.app import App


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        help=help_of(
            schedule,
            "gateledger schedule",
            "GATELEDGER_SCHEDULE='30 1 * * mon-fri' GATELEDGER_TIMEZONE=Europe/Vienna gateledger schedule",
            "gateledger schedule --run-now",
        )
    )(schedule)


def schedule(
    context: typer.Context,
    run_now: Annotated[
        bool, typer.Option("--run-now", help="Run once at the start, whatever ran before.")
    ] = False,
) -> None:
    """Run the nightly job at the times of GATELEDGER_SCHEDULE, until SIGTERM or Ctrl-C.

    A night that was missed while no scheduler was up is caught up once at the start. Settings are read anew
    for each night. Any number of schedulers and manual runs may share a database: only one runs at a time.
    """
    import logging

    from gateledger.nightly.schedule import serve
    from gateledger.terminal.logs import configure_logging

    app = App.of(context)
    settings = app.settings
    if app.level is None:
        # The log is all that a service shows.
        app.level = logging.INFO
        configure_logging(app.level, settings.log_format)
    serve(app, run_now=run_now)
