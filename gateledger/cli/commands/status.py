"""``gateledger status``: is the data good, and when was it last renewed."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import FormatOption, check_duration, help_of
from gateledger.settings.app import App
from gateledger.settings.durations import parse_duration
from gateledger.terminal.console import Format


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        help=help_of(
            status,
            "gateledger status",
            "gateledger status --max-age 26h   # a health check: fails when the last good run is older",
            "gateledger status --scopes --format csv",
        )
    )(status)


def status(
    context: typer.Context,
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="DURATION",
            callback=check_duration,
            help="End with code 1 when the last run that renewed the data is older than this (26h, 2d).",
        ),
    ] = None,
    scopes: Annotated[
        bool, typer.Option("--scopes", help="List the scopes that the last attempt did not read completely.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the database, the last run, the scopes' health, findings by status and the next night."""
    from gateledger.queries.status import show_scopes, show_status

    app = App.of(context)
    limit = None if max_age is None else parse_duration(max_age)
    show = show_scopes if scopes else show_status
    raise typer.Exit(show(app, form, max_age=limit))
