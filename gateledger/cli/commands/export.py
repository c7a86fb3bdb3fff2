"""``gateledger export``: findings and their history for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateledger.cli.options import (
    AccountOption,
    OwnerOption,
    PolicyOption,
    RegionOption,
    check_time,
    help_of,
    read_path,
    read_time,
)
from gateledger.queries.statuses import Status
from gateledger.settings.app import App

_EXAMPLES = (
    "gateledger export --format ocsf --out findings.ocsf.jsonl",
    "gateledger export --format asff --status INCOMPLIANT --since 2026-11-01 > requests.jsonl",
    "gateledger export --format csv --history --out history.csv",
    "gateledger export --format parquet --history --out history   # needs gateledger[parquet]",
)
_FORMATS = ("ocsf", "asff", "csv", "json", "parquet")


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(help=help_of(export, *_EXAMPLES))(export)


def _check_format(value: str) -> str:
    if value not in _FORMATS:
        raise typer.BadParameter(f"{value!r} is not a form of export; choose from {', '.join(_FORMATS)}")
    return value


def export(
    context: typer.Context,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="ocsf|asff|csv|json|parquet",
            callback=_check_format,
            help="ocsf: Compliance Finding events; asff: requests for BatchImportFindings; json: one object "
            "a line; csv; parquet: a directory for Security Lake, Athena or DuckDB, OCSF events or, with "
            "--history, compliance records. ocsf, asff and json hold one JSON value a line.",
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            callback=check_time,
            help="Only what changed at this time or later (ISO 8601; UTC unless it names a zone), stages "
            "that disappeared included.",
        ),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="All compliance records instead of how findings stand now.")
    ] = False,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            "--status",
            case_sensitive=False,
            metavar="STATUS",
            help="Only INCOMPLIANT, UNDETERMINED, COMPLIANT, INAPPLICABLE or DISAPPEARED ones. Repeatable.",
        ),
    ] = None,
    policy: PolicyOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    owner: OwnerOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            parser=read_path,
            help="Write to this file (parquet: this directory, new or of an export before), whole or not at all. "
            "Default: stdout.",
        ),
    ] = None,
) -> None:
    """Export findings for other tools, streamed: a million need no more memory than one.

    A finding keeps its id for ever (one policy, one stage); first seen, last seen and resolved are in every
    form. Sending the same export again is harmless.
    """
    from gateledger.exports.writing import Export, ExportFormat, write_export
    from gateledger.queries.policy_ids import resolve_policies

    app = App.of(context)
    time = read_time(since)
    with app.database() as engine:
        write_export(
            engine,
            Export(
                form=ExportFormat(form),
                history=history,
                since=time,
                statuses=status or None,
                policies=resolve_policies(app.settings, engine, policy),
                accounts=account or None,
                regions=region or None,
                owners=owner or None,
            ),
            out,
        )
