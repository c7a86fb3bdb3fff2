"""``gateledger exceptions``: findings that are knowingly accepted, by whom, why and until when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateledger.cli.options import FormatOption, check_time, help_of, read_path, read_time
from gateledger.queries.statuses import Status
from gateledger.settings.app import App
from gateledger.terminal.console import Format

ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who enters it. Default: the user and host of this process."),
]
EnteredOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        callback=check_time,
        help="When it is entered (ISO 8601; UTC unless it names a zone), for imports, demos and tests. Not before "
        "the last evaluation or change. Default: the database's clock.",
    ),
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the exception.")]


def register(cli: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Accept findings knowingly, for a time: apply a file, add, end, list, show.",
    )
    group.command(
        help=help_of(
            apply,
            "gateledger exceptions apply exceptions.yaml --dry-run",
            "gateledger exceptions apply exceptions.yaml --by ci@example.com",
        )
    )(apply)
    group.command(
        help=help_of(
            add,
            "gateledger exceptions add billing-legacy --policy '*ssl-certificate' --account 111122223333 "
            "--tag env=legacy --reason 'Switched off in March.' --owner team-billing --until 2027-03-31",
        )
    )(add)
    group.command(help=help_of(end, "gateledger exceptions end billing-legacy"))(end)
    group.command(
        "list",
        help=help_of(
            list_, "gateledger exceptions list", "gateledger exceptions list --all --format json | jq length"
        ),
    )(list_)
    group.command(
        help=help_of(
            show,
            "gateledger exceptions show billing-legacy",
            "gateledger exceptions show billing-legacy --format csv > covered.csv",
        )
    )(show)
    cli.add_typer(group, name="exceptions")


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=read_path, help="YAML file of exceptions.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing: show what would change.")
    ] = False,
    by: ByOption = None,
    as_of: EnteredOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Make the exceptions of a file those in force, in one transaction.

    The file is checked whole first; with any mistake nothing is written. An exception that left the file ends,
    the same id again is the same exception, changed; nothing is deleted. Exceptions entered with `add` stay.
    """
    from gateledger.exceptions.commands import apply_file

    time = read_time(as_of)
    raise typer.Exit(apply_file(App.of(context), file, by=by, as_of=time, dry_run=dry_run, form=form))


def _tags(value: list[str] | None) -> list[str] | None:
    keys = [text.partition("=")[0] for text in value or ()]
    for key in keys:
        if keys.count(key) > 1:
            raise typer.BadParameter(
                f"the tag {key!r} is there twice, and all that is given must hold; give it once"
            )
    for text in value or ():
        if not text.partition("=")[0] or "=" not in text:
            raise typer.BadParameter(f"{text!r} is not a tag; write KEY=PATTERN, for example env=legacy")
    return value


def add(
    context: typer.Context,
    exception_id: IdArgument,
    policy: Annotated[
        list[str],
        typer.Option("--policy", metavar="PATTERN", help="Policy ids that it is about. Repeatable."),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why they are accepted.")],
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Who answers for it.")],
    until: Annotated[
        str,
        typer.Option("--until", metavar="TIME", help="Its last day, or the time when it ends (ISO 8601)."),
    ],
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Its first day or time. Default: now.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="PATTERN", help="Only items of these accounts.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="PATTERN", help="Only items of these regions.")
    ] = None,
    arn: Annotated[
        str | None, typer.Option("--arn", metavar="PATTERN", help="Only items with these ARNs.")
    ] = None,
    api: Annotated[
        str | None,
        typer.Option("--api", metavar="PATTERN", help="Only items of APIs with these ids or names."),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="KEY=PATTERN",
            callback=_tags,
            help="Only items with this tag, their own or else their API's. Repeatable.",
        ),
    ] = None,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            case_sensitive=False,
            help="INCOMPLIANT (the default) or UNDETERMINED. Repeatable.",
        ),
    ] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TEXT", help="Where it is recorded elsewhere.")
    ] = None,
    by: ByOption = None,
    as_of: EnteredOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Enter one exception. All that is given of the items must hold; in patterns * stands for any letters."""
    from gateledger.exceptions.commands import add_one

    match: dict[str, Any] = {"account": account, "region": region, "arn": arn, "api": api}
    given: dict[str, Any] = {
        "id": exception_id,
        "policies": policy,
        "match": {key: value for key, value in match.items() if value is not None},
        "reason": reason,
        "owner": owner,
        "until": until,
        **({} if start is None else {"from": start}),
        **({} if ticket is None else {"ticket": ticket}),
        **({} if not status else {"statuses": [one.value for one in status]}),
    }
    if tag:
        given["match"]["tags"] = dict(text.split("=", 1) for text in tag)
    raise typer.Exit(add_one(App.of(context), given, by=by, as_of=read_time(as_of), form=form))


def end(
    context: typer.Context,
    exception_id: IdArgument,
    by: ByOption = None,
    as_of: EnteredOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """End an exception from now on. It stays in the history; a file that still holds it enters it again."""
    from gateledger.exceptions.commands import end_one

    end_one(App.of(context), exception_id, by=by, as_of=read_time(as_of), form=form)


def list_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="List those that ended, too.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """List exceptions in force and to come, what ends next first, with how many findings each covers."""
    from gateledger.exceptions.commands import list_exceptions

    list_exceptions(App.of(context), form, everything=everything)


def show(context: typer.Context, exception_id: IdArgument, form: FormatOption = Format.TABLE) -> None:
    """Show what an exception says, what was entered when, and what it covers now and covered before."""
    from gateledger.exceptions.commands import show_exception

    show_exception(App.of(context), exception_id, form)
