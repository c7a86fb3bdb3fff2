"""``gateledger db``: the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateledger.cli.options import help_of, new_group, read_path
from gateledger.settings.app import App


def register(cli: typer.Typer) -> None:
    """Add the group."""
    group = new_group("Upgrade the database, or ask it with other tools.")
    group.command(
        help=help_of(
            upgrade,
            "gateledger db upgrade",
            "GATELEDGER_DATABASE_URL=postgresql://owner:...@db:5432/gateledger gateledger db upgrade",
        )
    )(upgrade)
    group.command(
        help=help_of(
            uri, 'gateledger db uri --hold   # leave it running, then elsewhere: psql "$(gateledger db uri)"'
        )
    )(uri)
    group.command(
        context_settings={"ignore_unknown_options": True},
        help=help_of(
            psql,
            "gateledger db psql",
            "gateledger db psql -- -c 'SELECT status, count(*) FROM report.finding GROUP BY status'",
            "gateledger db psql -- -At -f question.sql",
        ),
    )(psql)
    group.command(
        help=help_of(
            roles,
            "gateledger db roles --service gateledger_service --reader grafana > roles.sql",
            "gateledger db roles --service gateledger_service --reader grafana --apply",
        )
    )(roles)
    group.command(help=help_of(dump, "gateledger db dump /backup/gateledger-$(date +%F).dump"))(dump)
    group.command(
        help=help_of(
            restore,
            "gateledger db restore /backup/gateledger-2026-11-23.dump",
            "GATELEDGER_DATA_DIR=/tmp/look gateledger db restore /backup/gateledger-2026-11-23.dump",
        )
    )(restore)
    cli.add_typer(group, name="db")


def upgrade(context: typer.Context) -> None:
    """Bring the schema up to date, in one transaction.

    On any error the database stays as it was. Two at once are fine: the second waits for the first.
    """
    from gateledger.database.commands import upgrade_database

    upgrade_database(App.of(context))


def uri(
    context: typer.Context,
    hold: Annotated[
        bool, typer.Option("--hold", help="Keep the embedded server up until Ctrl-C, for other programs.")
    ] = False,
) -> None:
    """Print the database's URL as libpq programs (psql, pg_dump, drivers) understand it, password included.

    The embedded server answers there while any gateledger command runs; --hold keeps it up.
    """
    from gateledger.database.commands import print_uri

    print_uri(App.of(context), hold=hold)


def psql(
    context: typer.Context,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENTS]", help="Handed to psql as they are.")
    ] = None,
) -> None:
    """Open psql on the database: the bundled psql for the embedded server, the system's for a given one."""
    from gateledger.database.commands import open_psql

    raise typer.Exit(open_psql(App.of(context), arguments or []))


def roles(
    context: typer.Context,
    service: Annotated[
        str | None,
        typer.Option("--service", metavar="NAME", help="Login that runs nights: reads and writes data."),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option("--reader", metavar="NAME", help="Login that reads the schema report, nothing else."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Run the statements on the database instead of printing them.")
    ] = False,
) -> None:
    """Print the SQL that makes the roles of service and reader, to be run by the owner of the tables.

    May be run again at any time. Logins are made without a password where they are missing: give each one
    with psql's \\password. Run it after `gateledger db upgrade`; later upgrades keep the rights.
    """
    from gateledger.database.commands import make_roles

    if service is None and reader is None:
        raise typer.BadParameter("name at least one login, with --service or --reader")
    make_roles(App.of(context), service, reader, apply=apply)


def dump(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=read_path, help="Where the dump goes.")],
) -> None:
    """Write all that is gateledger's into a file, while everything goes on.

    Nothing else of the database is in it: no extensions, no other schemas, no rights. The file is in
    pg_dump's custom format (compressed; pg_restore reads it too) and appears only when it is whole. Keep the
    hash key (hash.key in the data directory, or GATELEDGER_HASH_KEY) with it.
    """
    from gateledger.database.backup import dump as dump_into
    from gateledger.terminal.console import say

    dump_into(App.of(context), file)
    say(f"The database was dumped into {file}.")


def restore(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", parser=read_path, help="A dump that `gateledger db dump` wrote.")
    ],
    force_empty: Annotated[
        bool, typer.Option("--force-empty", help="Replace everything that the database holds.")
    ] = False,
) -> None:
    """Put a dump into an empty database and bring it up to date, in one transaction.

    On any error the database stays as it was. Rights of other roles are not part of it: run
    `gateledger db roles --apply` again afterwards.
    """
    from gateledger.database.backup import restore as restore_from
    from gateledger.terminal.console import say

    revision = restore_from(App.of(context), file, force_empty=force_empty)
    say(f"The database was restored from {file} (revision {revision}).")
