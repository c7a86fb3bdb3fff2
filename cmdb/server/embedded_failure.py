"""From what PostgreSQL or the system says to the one sentence a person needs."""

from __future__ import annotations

import errno
import getpass
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cmdb.errors import EmbeddedServerError

CHOOSE_ANOTHER = "or set GATELEDGER_DATA_DIR to another folder."

_FULL = re.compile(r"No space left on device|Disk quota exceeded", re.IGNORECASE)
# A container may be run under any number; initdb insists on a name for it.
_NAMELESS = re.compile(r"could not look up effective user ID")
_COMPLAINT = re.compile(r"\b(?:PANIC|FATAL|ERROR|error):\s+(?P<message>.+)")
# Lines that say that something failed without saying what.
_EMPTY_WORDS = re.compile(
    r"Examine the log|stopped waiting|could not start server|child process exited|removing "
)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an ``OSError`` met while working on ``folder`` into an ``EmbeddedServerError``."""
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(_sentence_for_os(error, folder)) from error


def sentence_for_failure(step: str, folder: Path, said: str, log: Path | None) -> str:
    """Return the sentence for a PostgreSQL program that failed to ``step`` the database in ``folder``.

    ``said`` is what it wrote; ``log`` the file with the rest, if any.
    """
    # On a full disk the log itself stays empty, so the disk is asked too.
    if _FULL.search(said) or (not said.strip() and _free_bytes(folder) < 1_000_000):
        return _full(folder)
    if _NAMELESS.search(said):
        return (
            f"PostgreSQL does not run as user id {os.geteuid()}, which has no name on this system: run "
            "gateledger as a user of /etc/passwd, or set GATELEDGER_DATABASE_URL to a PostgreSQL of your own."
        )
    more = f"see {log}" if log is not None else "check that folder and its disk"
    cause = last_complaint(said).rstrip(".")
    return f"The embedded database in {folder} could not be {_DONE[step]} ({cause}): {more}, {CHOOSE_ANOTHER}"


_DONE = {"start": "started", "set up": "set up"}


def last_complaint(said: str) -> str:
    """Return the last line that names a cause, without time stamp and severity."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not _EMPTY_WORDS.search(line)]
    complaints = [match["message"] for line in lines if (match := _COMPLAINT.search(line))]
    if complaints:
        return complaints[-1]
    return lines[-1].removeprefix("but ") if lines else "it gave no reason"


def _full(folder: Path) -> str:
    free = _free_bytes(folder) // 1_000_000
    return (
        f"The disk that holds the embedded database in {folder} is full "
        f"({free} MB free, and a new database takes about 60 MB): free some space, {CHOOSE_ANOTHER}"
    )


def _sentence_for_os(error: OSError, folder: Path) -> str:
    place = error.filename if isinstance(error.filename, str) else str(folder)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _full(folder)
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        # The system names the path that was opened; the file in the way may lie above it.
        along = [*reversed(Path(place).parents), Path(place)]
        in_the_way = next((path for path in along if path.is_file()), place)
        return (
            f"The embedded database needs a folder where {in_the_way} is a file: "
            f"move it away, {CHOOSE_ANOTHER}"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"The user {_user_name()} may not use {place}, which the embedded database needs: give that user "
            f"the folder, run as its owner, {CHOOSE_ANOTHER}"
        )
    return (
        f"The embedded database cannot use {place} ({error.strerror}): "
        f"check that its disk can be written, {CHOOSE_ANOTHER}"
    )


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())  # a user id without an entry, as containers have


def _free_bytes(folder: Path) -> int:
    for place in [folder, *folder.parents]:
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return 0
    return 0
