"""``gateledger prune``: drop history past a limit."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import FormatOption, check_duration, help_of
from gateledger.settings.app import App
from gateledger.terminal.console import Format


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        help=help_of(prune, "gateledger prune --keep 400d", "gateledger prune --keep 90d --keep-counts 1095d")
    )(prune)


def prune(
    context: typer.Context,
    keep: Annotated[
        str,
        typer.Option("--keep", metavar="DURATION", callback=check_duration, help="How much history to keep."),
    ],
    keep_counts: Annotated[
        str | None,
        typer.Option(
            "--keep-counts",
            metavar="DURATION",
            callback=check_duration,
            help="How long to keep daily counts, when longer.",
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Drop versions, records, runs and counts that ended longer ago than the limit.

    What is current stays, and what explains it. Readers are not locked out; a run in progress is not
    disturbed: the command then ends with an error.
    """
    from gateledger.nightly.retention import prune_now

    raise typer.Exit(prune_now(App.of(context), keep, keep_counts, form))
