"""``gateledger findings``: what holds for every stage under every policy, now or at a past time."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import (
    AccountOption,
    FailOnOption,
    FormatOption,
    IncludeExceptedOption,
    OwnerOption,
    PolicyOption,
    RegionOption,
    check_time,
    help_of,
    read_time,
)
from gateledger.queries.statuses import Status
from gateledger.settings.app import App
from gateledger.terminal.console import Format

_EXAMPLES = (
    "gateledger findings --status INCOMPLIANT",
    "gateledger findings --account 111122223333 --format csv > findings.csv",
    "gateledger findings --as-of 2026-10-01 --format json | jq length",
    "gateledger findings --owner team-billing --status INCOMPLIANT",
    "gateledger findings --excepted --format csv   # what was knowingly accepted",
    "gateledger findings --by-api --status INCOMPLIANT   # one row per policy and API",
    "gateledger findings --policy rest-api-stage-ssl-certificate --fail-on INCOMPLIANT",
)


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(help=help_of(findings, *_EXAMPLES))(findings)


def findings(
    context: typer.Context,
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
    unowned: Annotated[bool, typer.Option("--unowned", help="Only items whose owner is not known.")] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            callback=check_time,
            help="What was known at this time (ISO 8601; UTC unless it names a zone). Default: now.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="On a terminal: all rows, not the first 50.")
    ] = False,
    excepted: Annotated[
        bool | None,
        typer.Option(
            "--excepted/--no-excepted",
            help="Only findings that an exception covers, or only those that none covers. Default: both.",
            show_default=False,
        ),
    ] = None,
    by_api: Annotated[
        bool,
        typer.Option(
            "--by-api",
            help="One row per policy and API: how many of its items (stages, ...) have each status now.",
        ),
    ] = False,
    fail_on: FailOnOption = None,
    include_excepted: IncludeExceptedOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List findings, incompliant ones first, and those to act on by severity, age and exposure.

    Every stage is listed under every policy unless narrowed. Data goes to stdout; on a terminal the table
    stops after 50 rows and says how many more there are; below it stands the one change that closes the most
    findings. CSV holds values exactly as they are: open it in a
    spreadsheet by importing its columns as text.
    """
    app = App.of(context)
    time = read_time(as_of)
    if by_api and (time is not None or excepted is not None or fail_on):
        raise typer.BadParameter(
            "--by-api counts what holds now: leave out --as-of, --excepted and --fail-on."
        )
    if by_api and (owner or unowned):
        raise typer.BadParameter(
            "--by-api counts all items of an API, whoever owns them: leave out --owner and --unowned."
        )
    if owner and unowned:
        raise typer.BadParameter(
            "no item has the owner of --owner and none: leave out --unowned, or --owner."
        )
    if by_api and status and Status.DISAPPEARED in status:
        raise typer.BadParameter("--by-api counts what is there: leave out --status DISAPPEARED.")
    with app.database() as engine:
        from gateledger.queries.findings import Selection, list_by_api, list_findings
        from gateledger.queries.policy_ids import catalog_of, resolve_policies

        selection = Selection(
            statuses=status or None,
            policies=resolve_policies(app.settings, engine, policy),
            accounts=account or None,
            regions=region or None,
            as_of=time,
            excepted=excepted,
            owners=owner or None,
            unowned=unowned,
        )
        if by_api:
            list_by_api(engine, selection, form, everything=everything)
            return
        code = list_findings(
            engine,
            selection,
            form,
            everything=everything,
            fail_on=fail_on or [],
            include_excepted=include_excepted,
            policies=lambda: catalog_of(app.settings).policies,
        )
    raise typer.Exit(code)
