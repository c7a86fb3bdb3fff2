"""``gateledger history``: all that was ever recorded about one stage."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import STAGE_HELP, AccountOption, FormatOption, PolicyOption, help_of
from gateledger.settings.app import App
from gateledger.terminal.console import Format

_EXAMPLES = (
    "gateledger history arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod",
    "gateledger history arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod --format csv",
    "gateledger history a1b2c3d4e5/prod",
    "gateledger history https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod",
)


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(help=help_of(history, *_EXAMPLES))(history)


def history(
    context: typer.Context,
    arn: Annotated[
        str,
        typer.Argument(
            metavar="ARN",
            help=STAGE_HELP,
        ),
    ],
    account: AccountOption = None,
    policy: PolicyOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show a stage's status under each policy, from the first night to now.

    A stage's ARN does not name its account: where several accounts hold the same ARN all are shown, and
    --account picks one.
    """
    app = App.of(context)
    with app.database() as engine:
        from gateledger.queries.history import show_history
        from gateledger.queries.policy_ids import resolve_policies

        show_history(
            engine,
            arn,
            form,
            accounts=account or None,
            policies=resolve_policies(app.settings, engine, policy),
        )
