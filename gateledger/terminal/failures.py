"""Turns errors into the one sentence that people see."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmdb.errors import GateledgerError
from cmdb.masking import masked
from gateledger.terminal.logs import one_line

if TYPE_CHECKING:
    import psycopg

_BY_STATE = {
    "28P01": "The database refuses the user or password: check GATELEDGER_DATABASE_URL",
    "28000": "The database refuses this user: check GATELEDGER_DATABASE_URL and the server's pg_hba.conf",
    "3D000": "The database named in GATELEDGER_DATABASE_URL does not exist: create it first",
    "42501": "The database user lacks a right: grant it, or use the owner's user",
    "53100": "The database's disk is full and nothing of this step was kept: make room and run it again",
    "53200": "The database server is out of memory: give it more, or lower work_mem",
    "53300": "The database has no free connection: raise max_connections or close other clients",
    "25006": "The database is read-only (a standby, or set so): point GATELEDGER_DATABASE_URL at the primary",
    "57014": "The database cancelled a statement (time-out or an administrator): try again, or raise "
    "statement_timeout",
    "55P03": "A lock in the database was not free in time (another command is at work): try again later",
    "40P01": "The database resolved a deadlock by cancelling this step: run the command again",
    "57P01": "The database was shut down while it worked and nothing of this step was kept: run the command "
    "again when it is back",
    "57P02": "The database crashed while it worked and nothing of this step was kept: run the command "
    "again when it is back",
    "57P03": "The database is starting or stopping: try again in a moment",
}
#: Letters of a path that are shown.
_LONGEST_NAME = 300
_NO_STATE = (
    "The connection to the database failed or was lost and nothing of this step was kept: check "
    "GATELEDGER_DATABASE_URL and that the server runs"
)


def sentence(error: BaseException) -> str | None:
    """Return the sentence for an error that people are expected to meet, or None for any other."""
    for known in _chain(error):
        if isinstance(known, GateledgerError):
            return one_line(str(known))
    driver_error = _driver_error(error)
    if driver_error is not None:
        told = _database_sentence(driver_error)
        return told if told is None else masked(told)
    if any(_is_given_in_other_bytes(link) for link in _chain(error)):
        return "A text that was given is not UTF-8: write options, arguments and settings in UTF-8."
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        what, advice = _BY_ERRNO[error.errno]
        where = f" ({_shown(error.filename)})" if error.filename else ""
        return f"{what}{where}: {advice}."
    return None


_BY_ERRNO = {
    errno.ENOSPC: ("The disk is full", "make room and run the command again"),
    errno.EDQUOT: ("The disk quota is used up", "make room and run the command again"),
    errno.EACCES: (
        "A file or directory may not be used by this user",
        "give the right, or choose another place",
    ),
    errno.EPERM: (
        "A file or directory may not be used by this user",
        "give the right, or choose another place",
    ),
    errno.EROFS: ("A file system is read-only", "choose another place"),
    errno.ENOENT: ("A file or directory is missing", "check the path"),
    errno.EEXIST: ("Something else is already there", "choose another place"),
    errno.ENOTDIR: ("A file is where a directory is meant", "check the path"),
    errno.EISDIR: ("A directory is where a file is meant", "check the path"),
    errno.ENAMETOOLONG: ("The name of a file or directory is too long", "choose a shorter one"),
    errno.ELOOP: ("Links lead in a circle", "correct them, or choose another place"),
    errno.EMFILE: ("Too many files are open", "raise the limit (ulimit -n) or lower GATELEDGER_THREADS"),
}


def _shown(name: object) -> str:
    text = one_line(os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else str(name))
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _is_given_in_other_bytes(error: BaseException) -> bool:
    """Return whether a text could not be passed on because Python holds bytes in it that are no UTF-8."""
    return isinstance(error, UnicodeEncodeError) and any(
        "\udc80" <= letter <= "\udcff" for letter in error.object[error.start : error.end]
    )


def _driver_error(error: BaseException) -> psycopg.Error | None:
    import psycopg

    for link in _chain(error):
        if isinstance(link, psycopg.Error):
            return link
        original = getattr(link, "orig", None)
        if isinstance(original, psycopg.Error):
            return original
    return None


def _database_sentence(error: psycopg.Error) -> str | None:
    import psycopg

    state = error.sqlstate
    said = (error.diag.message_primary or str(error)).strip().splitlines()
    reason = f" ({one_line(said[0]).rstrip('.')})" if said else ""
    if state in _BY_STATE:
        return f"{_BY_STATE[state]}{reason}."
    if isinstance(error, psycopg.OperationalError) and (state is None or state.startswith("08")):
        return f"{_NO_STATE}{reason}."
    if isinstance(error, psycopg.OperationalError):
        return (
            f"The database could not do this step and nothing of it was kept{reason}: see the server's log."
        )
    return None
