"""``gateledger trend``: compliance over time."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import AccountOption, FormatOption, PolicyOption, RegionOption, help_of
from gateledger.settings.app import App
from gateledger.terminal.console import Format

_EXAMPLES = (
    "gateledger trend",
    "gateledger trend --days 365 --by account --policy rest-api-stage-ssl-certificate",
    "gateledger trend --by owner",
    "gateledger trend --days 90 --format csv > trend.csv",
)
_BY = ("policy", "owner", "account", "region", "severity")


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(help=help_of(trend, *_EXAMPLES))(trend)


def _check_by(value: str) -> str:
    if value not in _BY:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(_BY)}")
    return value


def trend(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="Days back from the last one.")] = 30,
    by: Annotated[
        str,
        typer.Option("--by", metavar="|".join(_BY), callback=_check_by, help="One line for each."),
    ] = "policy",
    flaps: Annotated[
        int,
        typer.Option(
            "--flaps",
            min=0,
            max=1_000_000,
            help="Changes of status within the days above which a stage flaps.",
        ),
    ] = 3,
    policy: PolicyOption = None,
    account: AccountOption = None,
    region: RegionOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show compliance by day as a plot, and what moves it.

    Compliance is compliant / (compliant + incompliant) at the end of each UTC day, without exceptions and, beside
    it, with them: compliant / (compliant + incompliant - excepted). Below the plot: how long
    it took until stages were remediated, stages whose status keeps changing, and certificates that expire
    within 90 days with the stages that they carry. --format json holds all of it, csv the days.
    """
    from gateledger.queries.policy_ids import resolve_policies
    from gateledger.queries.trend import TrendBy, TrendSelection, show_trend

    app = App.of(context)
    with app.database() as engine:
        selection = TrendSelection(
            days=days,
            by=TrendBy(by),
            flaps=flaps,
            policies=resolve_policies(app.settings, engine, policy),
            accounts=account or None,
            regions=region or None,
        )
        show_trend(engine, selection, form)
