"""``gateledger policies``: what is judged, and how."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import FormatOption, help_of, new_group
from gateledger.settings.app import App
from gateledger.terminal.console import Format


def register(cli: typer.Typer) -> None:
    """Add the group."""
    group = new_group("List, show and test policies.")
    group.command("list", help=help_of(list_, "gateledger policies list"))(list_)
    group.command(help=help_of(show, "gateledger policies show rest-api-stage-ssl-certificate"))(show)
    group.command(
        "test",
        help=help_of(
            check,
            "gateledger policies test",
            "GATELEDGER_POLICY_DIRS=./my-policies gateledger policies test my-policy",
        ),
    )(check)
    cli.add_typer(group, name="policies")


def list_(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List the policies, those of GATELEDGER_POLICY_DIRS included, and which of them are enabled."""
    from gateledger.queries.policies import list_policies

    list_policies(App.of(context).settings, form)


def show(
    context: typer.Context,
    policy: Annotated[str, typer.Argument(metavar="ID", help="Whole id or its last part.")],
    form: FormatOption = Format.TABLE,
) -> None:
    """Show a policy: description, conditions in order, parameters, remediation, framework sections."""
    from gateledger.queries.policies import show_policy

    show_policy(App.of(context).settings, policy, form)


def check(
    context: typer.Context,
    policies: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Whole ids or last parts. Default: all.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run the policies' own cases on PostgreSQL, read-only; code 1 when one fails."""
    from gateledger.queries.policies import check_policies

    raise typer.Exit(check_policies(App.of(context), policies or [], form))
