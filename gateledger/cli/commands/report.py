"""``gateledger report``: a site that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateledger.cli.options import help_of, read_path
from gateledger.settings.app import App


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        help=help_of(
            report,
            "gateledger report --out ./report",
            "GATELEDGER_REPORT_DIR=/var/www/gateledger gateledger run   # writes it at the end of the night",
        )
    )(report)


def report(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            parser=read_path,
            help="Where to write it: a new or empty directory, or a report to replace.",
        ),
    ],
) -> None:
    """Write the report: a static site about the last evaluation that opens from disk and asks no network.

    It holds an overview, a page for every policy, framework and account, and all findings with their
    timelines. A report that is there already stays as it is until the new one is whole. Open index.html.
    """
    from gateledger.queries.policy_ids import catalog_of
    from gateledger.report.build import write_report
    from gateledger.terminal.console import say, short_time

    app = App.of(context)
    catalog = catalog_of(app.settings)
    policies = catalog.enabled(app.settings.policies)
    with app.database() as engine:
        written = write_report(engine, policies, out, frameworks=catalog.frameworks)
    say(
        f"Report as of {short_time(written.as_of)}: {written.findings:,} findings, {written.files:,} files, "
        f"{written.size / 2**20:.1f} MiB, in {written.seconds:.1f} s."
    )
    say(f"Open {written.out / 'index.html'}")
