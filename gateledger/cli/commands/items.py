"""``gateledger items``: the item types, their fields, and the SQL that follows from them."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import FormatOption, help_of
from gateledger.settings.app import App
from gateledger.terminal.console import Format


def register(cli: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="List and show item types and their fields.")
    group.command(
        "list", help=help_of(list_, "gateledger items list", "gateledger items list --format json")
    )(list_)
    group.command(
        help=help_of(show, "gateledger items show stage", "gateledger items show stage --sql | less")
    )(show)
    cli.add_typer(group, name="items")


def list_(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List the item types: where each comes from, what it belongs to, how many fields it has."""
    from gateledger.queries.items import list_items

    App.of(context).log()
    list_items(form)


def show(
    context: typer.Context,
    item_type: Annotated[str, typer.Argument(metavar="TYPE", help="Name of an item type, such as stage.")],
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL that follows from the declaration instead.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show an item type: its fields with their meaning, type and place in AWS's answer, as policies read them."""
    from gateledger.queries.items import print_sql, show_item

    App.of(context).log()
    if sql and form is not Format.TABLE:
        raise typer.BadParameter("--sql prints SQL: leave out --format.")
    if sql:
        print_sql(item_type)
    else:
        show_item(item_type, form)
