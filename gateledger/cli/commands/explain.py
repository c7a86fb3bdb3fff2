"""``gateledger explain``: why a stage has its status, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import (
    STAGE_HELP,
    AccountOption,
    FormatOption,
    PolicyOption,
    check_time,
    help_of,
    read_time,
)
from gateledger.settings.app import App
from gateledger.terminal.console import Format

_EXAMPLES = (
    "gateledger explain arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod",
    "gateledger explain arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod --as-of 2026-10-01",
    "gateledger explain a1b2c3d4e5/prod",
)


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(help=help_of(explain, *_EXAMPLES))(explain)


def explain(
    context: typer.Context,
    arn: Annotated[
        str,
        typer.Argument(
            metavar="ARN",
            help=STAGE_HELP,
        ),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            callback=check_time,
            help="What was said at this time (ISO 8601; UTC unless it names a zone). Default: now.",
        ),
    ] = None,
    account: AccountOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Explain a stage's status under each policy: conditions in order, evidence, changes, commands to paste.

    The conditions are tried again over the inventory as the evaluation saw it, with the policy of that time.
    The commands are filled in for the account, region, API, stage and certificate, quoted for a POSIX shell.
    """
    from gateledger.queries.explain import show_explanations
    from gateledger.queries.policy_ids import catalog_of, resolve_policies

    app = App.of(context)
    time = read_time(as_of)
    with app.database() as engine:
        show_explanations(
            engine,
            catalog_of(app.settings),
            arn,
            form,
            as_of=time,
            accounts=account or None,
            policies=resolve_policies(app.settings, engine, policy),
        )
