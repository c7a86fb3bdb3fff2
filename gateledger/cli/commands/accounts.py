"""``gateledger accounts``: the accounts that are collected, and those that left."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateledger.cli.options import AsOfOption, FormatOption, help_of, new_group, read_accounts, read_time
from gateledger.queries.iam_policy import PARTITIONS
from gateledger.settings.app import App
from gateledger.terminal.console import Format


def register(cli: typer.Typer) -> None:
    """Add the group."""
    group = new_group("List accounts, or retire one that left.")
    group.command(
        "list",
        help=help_of(list_accounts, "gateledger accounts list", "gateledger accounts list --format json"),
    )(list_accounts)
    group.command(
        help=help_of(
            retire,
            "gateledger accounts retire 111122223333",
            "gateledger accounts retire 111122223333 --yes --partition aws-cn",
        )
    )(retire)
    cli.add_typer(group, name="accounts")


def list_accounts(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List the accounts that were ever collected, and which are retired.

    The status is that of entering an account; beside it stands how many scopes in it the last run did not read
    completely, which `gateledger status --scopes` explains.
    """
    from gateledger.nightly.accounts import show_accounts

    raise typer.Exit(show_accounts(App.of(context), form))


def _read_account(value: str) -> str:
    read_accounts([value])
    return value


def _read_partition(value: str | None) -> str | None:
    if value is not None and value not in PARTITIONS:
        raise typer.BadParameter(f"{value!r} is not a part of AWS; choose from {', '.join(PARTITIONS)}")
    return value


def retire(
    context: typer.Context,
    account_id: Annotated[
        str, typer.Argument(metavar="ID", callback=_read_account, help="The account's 12 digits.")
    ],
    partition: Annotated[
        str | None,
        typer.Option(
            "--partition",
            metavar="NAME",
            callback=_read_partition,
            help="aws, aws-cn or aws-us-gov. Default: the one known.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")] = False,
    as_of: AsOfOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Retire an account that left: close all that is known of it, and evaluate.

    Its stages become DISAPPEARED, its history stays. No run closes anything of an account that it cannot
    read, so this is the one way to let it go. An account that is collected again is in use again.
    """
    from gateledger.nightly.accounts import retire_account

    time = read_time(as_of)
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("there is nobody to ask whether you are sure; give --yes")
        typer.confirm(f"Close everything that is known of account {account_id}?", abort=True, err=True)
    raise typer.Exit(retire_account(App.of(context), account_id, partition=partition, as_of=time, form=form))
