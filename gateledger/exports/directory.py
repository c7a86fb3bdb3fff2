"""Directories that we write whole: built beside their place, then put there in one step."""

from __future__ import annotations

import ctypes
import fcntl
import glob
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cmdb.errors import GateledgerError

_BUILDING = ".building"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """What a directory of ours holds, and the file that distinguishes it from any other directory."""

    what: str
    marker: str
    mark: str
    """What the content of that file begins with."""


REPORT = Kind("report", "report.json", '{"generator":"gateledger report"')
EXPORT = Kind("export", "_gateledger.json", '{"generator":"gateledger export"')


class PlaceTaken(GateledgerError):
    """The place is taken by something else; name another directory."""


@contextmanager
def building(out: Path, kind: Kind) -> Iterator[Path]:
    """Yield an empty directory beside ``out``; at the end it takes the place of ``out`` in one step.

    On an error ``out`` stays as it was. What a killed command left half-built is removed. Raises
    ``PlaceTaken`` when ``out`` is there and is neither empty nor of that kind. The caller writes the marker.
    """
    place = Path(os.path.realpath(out.expanduser()))
    check_place(place, kind)
    place.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(place)
    folder, held = _made(place)
    try:
        yield folder
        check_place(place, kind)
        _put(folder, place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _made(place: Path) -> tuple[Path, int | None]:
    """Make the directory and lock it before it has the name by which others look for leftovers."""
    new = place.parent / f".{place.name}.{secrets.token_hex(6)}.new"
    new.mkdir()
    held = _hold(new)
    return new.rename(new.with_suffix(_BUILDING)), held


def check_place(place: Path, kind: Kind) -> None:
    """Raise ``PlaceTaken`` unless a directory of that kind may be written there."""
    if not place.exists():
        return
    if not place.is_dir():
        raise PlaceTaken(f"{place} is a file: name a directory for the {kind.what}.")
    if any(place.iterdir()) and not _is_ours(place, kind):
        raise PlaceTaken(
            f"{place} holds files that are not {'an' if kind is EXPORT else 'a'} {kind.what} of gateledger's: "
            "name a new or empty directory."
        )


def _is_ours(place: Path, kind: Kind) -> bool:
    try:
        with (place / kind.marker).open(encoding="utf-8") as marker:
            return marker.read(len(kind.mark)) == kind.mark
    except (OSError, UnicodeDecodeError):
        return False


def _hold(folder: Path) -> int | None:
    """Lock a directory as long as it is being built; return its descriptor, or None when it is another's."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_leftovers(place: Path) -> None:
    for leftover in place.parent.glob(f".{glob.escape(place.name)}.*{_BUILDING}"):
        with suppress(OSError):
            held = _hold(leftover)
            if held is not None:
                shutil.rmtree(leftover, ignore_errors=True)
                os.close(held)


def _put(folder: Path, place: Path) -> None:
    """Put ``folder`` where ``place`` is; what was there is then where ``folder`` was."""
    if not place.exists():
        folder.rename(place)
    elif not _exchange(folder, place):
        aside = folder.with_suffix(".old")
        place.rename(aside)
        try:
            folder.rename(place)
        except OSError:
            aside.rename(place)
            raise
        aside.rename(folder)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step where the system can (Linux); return whether it was done."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    done = renameat2(
        _AT_FDCWD,
        ctypes.c_char_p(os.fsencode(one)),
        _AT_FDCWD,
        ctypes.c_char_p(os.fsencode(other)),
        _RENAME_EXCHANGE,
    )
    return bool(done == 0)
