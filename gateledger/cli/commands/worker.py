"""``gateledger worker``: reads account-regions on behalf of runs, on any machine."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import help_of
from gateledger.settings.app import App


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        help=help_of(
            worker,
            "gateledger worker",
            "GATELEDGER_HASH_KEY=... gateledger worker --concurrency 32",
        )
    )(worker)


def worker(
    context: typer.Context,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            metavar="N",
            min=1,
            max=256,
            help="Account-regions read side by side. Default: GATELEDGER_THREADS.",
        ),
    ] = None,
) -> None:
    """Read account-regions for `gateledger run --workers`, until SIGTERM or Ctrl-C.

    Start as many as you like, on as many machines as you like: a process keeps about one core busy. All
    need the database, AWS credentials, GATELEDGER_HASH_KEY and, where it is used, GATELEDGER_EXTERNAL_ID of
    the run; everything else comes from the run. Told to stop, it finishes or gives back what it is reading
    within 30 seconds; one that dies loses nothing, others read its account-regions again.
    """
    from gateledger.nightly.jobs import serve_worker

    serve_worker(App.of(context), concurrency)
