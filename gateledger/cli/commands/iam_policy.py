"""``gateledger iam-policy``: what the account has to allow."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from gateledger.cli.options import help_of
from gateledger.settings.app import App


class PolicyFormat(StrEnum):
    """What is printed."""

    JSON = "json"
    CLOUDFORMATION = "cloudformation"


class Partition(StrEnum):
    """A part of AWS with accounts and endpoints of its own."""

    AWS = "aws"
    CHINA = "aws-cn"
    GOVERNMENT = "aws-us-gov"


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(
        name="iam-policy",
        help=help_of(
            iam_policy,
            "gateledger iam-policy > policy.json",
            "GATELEDGER_ROLE_NAME=gateledger-reader gateledger iam-policy --organization",
            "gateledger iam-policy --format cloudformation > gateledger-role.yaml",
        ),
    )(iam_policy)


def iam_policy(
    context: typer.Context,
    form: Annotated[
        PolicyFormat,
        typer.Option(
            "--format",
            "-f",
            help="json: the IAM policy of whoever runs gateledger. cloudformation: a template of the role "
            "that it assumes in the other accounts, for a stack or a StackSet.",
        ),
    ] = PolicyFormat.JSON,
    organization: Annotated[
        bool,
        typer.Option(
            "--organization", help="As if GATELEDGER_ACCOUNTS were organization: list accounts, enter all."
        ),
    ] = False,
    partition: Annotated[
        Partition, typer.Option("--partition", help="Part of AWS that the policy's ARNs name.")
    ] = Partition.AWS,
) -> None:
    """Print the smallest rights that collecting needs, for the accounts and enabled policies of the settings.

    The template asks for the trusted principal and an external id when it is deployed. Nothing is sent to
    AWS.
    """
    from gateledger.queries.iam_policy import caller_policy, role_template
    from gateledger.queries.policy_ids import catalog_of
    from gateledger.queries.wanted import wanted_scopes
    from gateledger.terminal.console import emit_object, say

    settings = App.of(context).settings
    scopes = wanted_scopes(settings, catalog_of(settings).enabled(settings.policies))
    if form is PolicyFormat.CLOUDFORMATION:
        import yaml

        say(yaml.safe_dump(role_template(settings.role_name, scopes), sort_keys=False, width=110).rstrip())
        return
    accounts = "organization" if organization else settings.accounts
    emit_object(caller_policy(accounts, settings.role_name, scopes, partition))
