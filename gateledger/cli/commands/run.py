"""``gateledger run``, ``collect`` and ``evaluate``: the nightly job and its halves."""

from __future__ import annotations

from typing import Annotated

import typer

from gateledger.cli.options import (
    AsOfOption,
    FailOnOption,
    FormatOption,
    IncludeExceptedOption,
    PolicyOption,
    check_duration,
    help_of,
    read_time,
)
from gateledger.settings.app import App
from gateledger.settings.durations import parse_duration
from gateledger.terminal.console import Format


def register(cli: typer.Typer) -> None:
    """Add the commands."""
    cli.command(
        help=help_of(
            run,
            "gateledger run",
            "GATELEDGER_ACCOUNTS=organization GATELEDGER_ROLE_NAME=security-audit gateledger run",
            "gateledger run --workers --deadline 2h   # and `gateledger worker` on any number of machines",
            "gateledger run --fail-on INCOMPLIANT --format json",
        )
    )(run)
    cli.command(
        help=help_of(
            collect,
            "gateledger collect",
            "gateledger -v collect",
            "gateledger collect --explain --format csv",
        )
    )(collect)
    cli.command(
        help=help_of(
            evaluate,
            "gateledger evaluate",
            "gateledger evaluate --policy rest-api-stage-ssl-certificate --dry-run",
            "gateledger evaluate --policy rest-api-stage-client-certificate-expiry --backfill",
        )
    )(evaluate)


WorkersOption = Annotated[
    bool | None,
    typer.Option(
        "--workers/--no-workers",
        help="Hand the account-regions to `gateledger worker` processes and wait for them. "
        "Default: GATELEDGER_WORKERS.",
        show_default=False,
    ),
]
DeadlineOption = Annotated[
    str | None,
    typer.Option(
        "--deadline",
        metavar="DURATION",
        callback=check_duration,
        help="With --workers: how long to wait for them at most; what is not read by then stays as it is. "
        "Default: GATELEDGER_DEADLINE.",
    ),
]


def run(
    context: typer.Context,
    as_of: AsOfOption = None,
    workers: WorkersOption = None,
    deadline: DeadlineOption = None,
    fail_on: FailOnOption = None,
    include_excepted: IncludeExceptedOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Collect the inventory, then evaluate all policies: the nightly job.

    Progress goes to stderr, the summary to stdout. Ends with code 3 when some scope could not be read.
    The embedded database is brought up to date first; for a database of your own run `gateledger db upgrade`.
    """
    from gateledger.nightly.jobs import run_job

    app, time = App.of(context), read_time(as_of)
    raise typer.Exit(
        run_job(
            "run",
            app,
            as_of=time,
            form=form,
            fail_on=fail_on or [],
            include_excepted=include_excepted,
            workers=workers,
            deadline=None if deadline is None else parse_duration(deadline),
        )
    )


def collect(
    context: typer.Context,
    as_of: AsOfOption = None,
    workers: WorkersOption = None,
    deadline: DeadlineOption = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            "--dry-run",
            help="Ask AWS nothing: show the calls that a collection would make, by what is known, and the "
            "least time that the quotas allow for them.",
        ),
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Read the accounts and regions, and record what changed; evaluate nothing.

    Ends with code 3 when some scope could not be read.
    """
    from gateledger.nightly.jobs import explain_collection, run_job

    app, time = App.of(context), read_time(as_of)
    if explain:
        raise typer.Exit(explain_collection(app, form=form))
    raise typer.Exit(
        run_job(
            "collect",
            app,
            as_of=time,
            form=form,
            workers=workers,
            deadline=None if deadline is None else parse_duration(deadline),
        )
    )


def evaluate(
    context: typer.Context,
    policy: PolicyOption = None,
    as_of: AsOfOption = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing: show which stages would change status, and why."),
    ] = False,
    backfill: Annotated[
        bool,
        typer.Option(
            "--backfill",
            help="Judge all past nights too, and replace the history of the policies (--policy) by that.",
        ),
    ] = False,
    fail_on: FailOnOption = None,
    include_excepted: IncludeExceptedOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Judge what the inventory holds; ask AWS nothing.

    Only what may have changed since the last evaluation is judged, where that gives the same result. Ends
    with code 3 when some scope of the inventory is not completely read.
    """
    from gateledger.nightly.jobs import preview_evaluation, run_job

    app, time = App.of(context), read_time(as_of)
    if dry_run and backfill:
        raise typer.BadParameter("--dry-run and --backfill exclude each other.")
    if backfill and not policy:
        raise typer.BadParameter("--backfill replaces a policy's history: name the policy with --policy.")
    if dry_run:
        raise typer.Exit(preview_evaluation(app, policies=policy, as_of=time, form=form))
    raise typer.Exit(
        run_job(
            "evaluate",
            app,
            as_of=time,
            form=form,
            fail_on=fail_on or [],
            include_excepted=include_excepted,
            policies=policy,
            backfilling=backfill,
        )
    )
