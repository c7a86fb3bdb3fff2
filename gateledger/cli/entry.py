"""The command ``gateledger``: global options, the list of commands, and how every command ends."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import TyperException

from gateledger.cli.commands import (
    accounts,
    db,
    demo,
    exceptions,
    explain,
    export,
    findings,
    history,
    iam_policy,
    items,
    plan,
    policies,
    prune,
    report,
    run,
    schedule,
    status,
    trend,
    worker,
)
from gateledger.cli.options import read_path
from gateledger.settings.app import App
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.logs import one_line
from gateledger.terminal.streams import settle_streams

log = logging.getLogger("gateledger.cli")

#: Letters without a blank that a sentence about the command line shows of what it was given.
SHOWN = 120
#: As many of a sentence about what is in files, whose paths are to be seen whole.
SHOWN_OF_PATHS = 400
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

#: The log level that this command line asks for; jobs log more than that on their own.
_asked_level: ContextVar[int | None] = ContextVar("asked_level", default=None)

cli = typer.Typer(
    name="gateledger",
    no_args_is_help=True,
    rich_markup_mode=None,  # laid out by Rich, help would take twice as long
    context_settings={"max_content_width": 110},
    pretty_exceptions_enable=False,
    help="Judges AWS API Gateway in every account and region, every night: what is wrong, since when, and what "
    "puts it right.",
    epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 3 done but the inventory is incomplete, "
    "4 findings with a --fail-on status.",
)
for group in (
    run,
    worker,
    schedule,
    findings,
    history,
    trend,
    explain,
    plan,
    report,
    export,
    exceptions,
    status,
    accounts,
    policies,
    items,
    iam_policy,
    prune,
    db,
    demo,
):
    group.register(cli)


@cache
def command_tree() -> Any:
    """Return the group of all commands, made once: making it takes longer than most commands' options."""
    return typer.main.get_command(cli)


class Terminated(BaseException):
    """SIGTERM arrived; unwinds the stack so that nothing is left running."""


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"gateledger {version('gateledger')}\n")
        raise typer.Exit


def _read_level(text: str | None) -> str | None:
    if text is not None and text.lower() not in LEVELS:
        raise typer.BadParameter(f"{text!r} is not a log level; choose from {', '.join(LEVELS)}")
    return text


@cli.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            parser=read_path,
            help="Settings file. Default: ./gateledger.toml if it is there.",
        ),
    ] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log more on stderr; twice: everything.")
    ] = 0,
    log_level: Annotated[
        str | None,
        typer.Option(
            "--log-level",
            metavar="LEVEL",
            callback=_read_level,
            help="debug, info, warning or error. debug also shows where an error arose.",
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Keep the global options for the command that follows."""
    level = LEVELS[log_level.lower()] if log_level else None
    if verbose:
        level = logging.INFO if verbose == 1 else logging.DEBUG
    _asked_level.set(level)
    context.obj = App(config=config, level=level)
    context.obj.log()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(execute(sys.argv[1:] if arguments is None else list(arguments)))


def execute(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every error ends here, as one sentence on stderr."""
    settle_streams()
    try:
        code = command_tree()(args=list(arguments), prog_name="gateledger", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        return ended_by(error)
    return _interrupted() if code == ExitCode.INTERRUPTED else int(code or 0)


def ended_by(error: BaseException) -> int:
    """Return the exit code of a command that ends with this error; its one sentence goes to stderr."""
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        _leave_pipe()
        return ExitCode.BROKEN_PIPE
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return _interrupted()
    if isinstance(error, Terminated):
        _complain("Ended by SIGTERM.")
        return ExitCode.TERMINATED
    if isinstance(error, TyperException):
        return _misused(error)
    if isinstance(error, Exception):
        return _failed(error)
    raise error


def _misused(error: TyperException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None and error.message == context.get_help():
        sys.stdout.write(error.message + "\n")  # a group of commands was called without one
        return error.exit_code
    where = context.command_path if context is not None else "gateledger"
    message = _cut(one_line(" ".join(error.format_message().split())), SHOWN)
    if message:
        message = message.replace("Value error, ", "").removesuffix(".")
        _complain(f"{message}{'' if message.endswith('?') else '.'} See `{where} --help`.")
    return error.exit_code


def _cut(message: str, longest: int) -> str:
    """Return a message with what was given shortened, so that what is said about it stays in sight."""
    return re.sub(rf"(\S{{{longest}}})\S{{4,}}", r"\1...", message)


def _failed(error: Exception) -> int:
    from gateledger.terminal.failures import sentence

    known = sentence(error)
    if known is not None:
        log.debug("where it arose", exc_info=error, extra={"event": "cli.failed"})
        _complain(_cut(known, SHOWN_OF_PATHS))
        return ExitCode.ERROR
    if _asked_level.get() is not None:
        log.info("where it arose", exc_info=error, extra={"event": "cli.unexpected"})
    _complain(
        f"An unexpected error ended the command ({type(error).__name__} at {_place(error)}): "
        "`gateledger -v ...` shows the details, please report them."
    )
    return ExitCode.ERROR


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    file = Path(trace.tb_frame.f_code.co_filename)
    return f"{file.parent.name}/{file.name}:{trace.tb_lineno}"


def _complain(sentence: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    # Whoever read stderr may be gone too.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"gateledger: {sentence}\n")


def _interrupted() -> int:
    _complain("Interrupted.")
    return ExitCode.INTERRUPTED


def _leave_pipe() -> None:
    """Keep Python from flushing into the closed pipe once more when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
