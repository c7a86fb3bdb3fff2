"""``gateledger plan``: what would put incompliant findings right, printed and never run."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import AccountOption, OwnerOption, PolicyOption, RegionOption, help_of
from gateledger.settings.app import App

_EXAMPLES = (
    "gateledger plan --account 111122223333 > plan.sh   # read it, then: bash plan.sh",
    "gateledger plan --owner team-billing --policy rest-api-stage-ssl-certificate --format terraform",
    "gateledger plan --format json | jq '.changes[] | {title, findings}'",
)
_FORMATS = ("commands", "terraform", "json")


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(help=help_of(plan, *_EXAMPLES))(plan)


def _check_format(value: str) -> str:
    if value not in _FORMATS:
        raise typer.BadParameter(f"{value!r} is not a form of plan; choose from {', '.join(_FORMATS)}")
    return value


def plan(
    context: typer.Context,
    policy: PolicyOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    owner: OwnerOption = None,
    include_excepted: Annotated[
        bool, typer.Option("--include-excepted", help="Also findings that an exception covers.")
    ] = False,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="commands|terraform|json",
            callback=_check_format,
            help="commands: a script that calls the AWS CLI; terraform: resources and arguments; json: both, "
            "for programs.",
        ),
    ] = "commands",
) -> None:
    """Print what would put incompliant findings right, the change that closes most of them first.

    Each change has what to check first and how to go back. Nothing is run and nothing is written. Findings whose
    policy has no mechanical fix are listed with where their remediation is described.
    """
    app = App.of(context)
    with app.database() as engine:
        from gateledger.plan.writing import PlanFormat, write_plan
        from gateledger.queries.findings import Selection
        from gateledger.queries.policy_ids import resolve_policies

        selection = Selection(
            policies=resolve_policies(app.settings, engine, policy),
            accounts=account or None,
            regions=region or None,
            owners=owner or None,
        )
        write_plan(engine, app.settings, selection, PlanFormat(form), include_excepted=include_excepted)
