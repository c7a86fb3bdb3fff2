"""Options that several commands share, and the readers of their values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateledger.queries.statuses import Status
from gateledger.settings.durations import parse_duration
from gateledger.terminal.console import Format

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")


def help_of(command: Callable[..., None], *examples: str) -> str:
    """Return a command's help: its docstring, lines joined within paragraphs, and a block of examples."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    told = [" ".join(paragraph.split()) for paragraph in paragraphs]
    # The mark before a paragraph keeps its lines as they are.
    told.append("\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples))
    return "\n\n".join(told)


def new_group(text: str) -> typer.Typer:
    """Return a group of commands with its help; without Rich, which would take as long as all the rest."""
    return typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text)


def read_time(text: str | None) -> datetime | None:
    """Return the time that an ISO 8601 text names, in UTC; UTC is meant where no zone is given.

    Raises ``typer.BadParameter`` for anything else.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not an ISO 8601 time; write for example 2026-11-01, 2026-11-01T02:00 (UTC) "
            "or 2026-11-01T02:00+01:00"
        ) from None


def check_time(value: str | None) -> str | None:
    """Raise ``typer.BadParameter`` unless the text names a time."""
    read_time(value)
    return value


def check_duration(value: str | None) -> str | None:
    """Raise ``typer.BadParameter`` unless the text names a duration."""
    try:
        return value if value is None or parse_duration(value) else None
    except ValueError as error:
        raise typer.BadParameter(f"{value!r} {error}") from None


def read_path(text: str) -> Path:
    """Return the path that a text names; raises ``typer.BadParameter`` for an empty one.

    Python would take it for the working directory, where a variable was meant that is not set.
    """
    if not text.strip():
        raise typer.BadParameter("it is empty; write a path")
    return Path(text)


def read_accounts(value: list[str] | None) -> list[str] | None:
    """Return account ids; raises ``typer.BadParameter``."""
    for text in value or ():
        if not (len(text) == 12 and text.isascii() and text.isdigit()):
            raise typer.BadParameter(
                f"{text!r} is not an account id; write its 12 digits, for example 111122223333"
            )
    return value


def read_regions(value: list[str] | None) -> list[str] | None:
    """Return region names; raises ``typer.BadParameter``."""
    for text in value or ():
        if not _REGION.fullmatch(text):
            raise typer.BadParameter(f"{text!r} is not a region name; write for example eu-central-1")
    return value


#: What ``history`` and ``explain`` take for a stage.
STAGE_HELP = (
    "The stage: its ARN (arn:aws:apigateway:REGION::/restapis/ID/stages/NAME), an execute-api ARN, its log group, its "
    "console or invoke URL, or APIID/STAGE. An API alone will do where it has one stage, and stands for itself "
    "with --policy of what judges APIs. Stages of HTTP and WebSocket APIs are named likewise "
    "(/apis/ID/stages/NAME); any other item that is judged is named by its ARN, or the end of it as tables show "
    "it (domainnames/NAME)."
)
FormatOption = Annotated[
    Format,
    typer.Option("--format", "-f", help="table for people, json (an array of objects) or csv for programs."),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        callback=check_time,
        help="The run's time (ISO 8601; UTC unless it names a zone), for imports, demos and tests. "
        "Not before the last run's. Default: the database's clock.",
    ),
]
FailOnOption = Annotated[
    list[Status] | None,
    typer.Option(
        "--fail-on",
        case_sensitive=False,
        metavar="STATUS",
        help="End with code 4 when findings have this status (as for --status of `findings`). Repeatable.",
    ),
]
IncludeExceptedOption = Annotated[
    bool,
    typer.Option(
        "--include-excepted",
        help="Let findings that an exception covers count for --fail-on and messages, too.",
    ),
]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="ID", help="Only this policy (whole id or its last part). Repeatable."),
]
AccountOption = Annotated[
    list[str] | None,
    typer.Option(
        "--account", metavar="ID", callback=read_accounts, help="Only this account (12 digits). Repeatable."
    ),
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="NAME", callback=read_regions, help="Only this region. Repeatable."),
]
OwnerOption = Annotated[
    list[str] | None,
    typer.Option("--owner", metavar="NAME", help="Only items of this owner (exact name). Repeatable."),
]
