"""``gateledger demo``: the whole job against a simulated AWS."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from gateledger.cli.options import help_of, read_path
from gateledger.settings.app import App
from gateledger.terminal.logs import configure_logging


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        help=help_of(
            demo, "gateledger demo", "gateledger demo --nights 7", "gateledger demo --keep ./demo-data"
        )
    )(demo)


def demo(
    context: typer.Context,
    nights: Annotated[int, typer.Option("--nights", min=1, max=365, help="Nights to live through.")] = 30,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            metavar="DIR",
            parser=read_path,
            help="Keep the demo's database in this directory, to look around.",
        ),
    ] = None,
) -> None:
    """Live through nights of a simulated organization: real collectors, real database, no account needed.

    Three accounts, two regions, some 200 stages, with certificates that come, go and expire and a region that
    fails for a while. Your own settings, database and AWS credentials are neither read nor touched.
    """
    from gateledger.demo.command import run_demo

    app = App.of(context)
    if app.level is None:
        # What cannot be read is part of the story; the demo reports it in its own words.
        configure_logging(logging.ERROR, "text")
    run_demo(nights=nights, keep=keep)
