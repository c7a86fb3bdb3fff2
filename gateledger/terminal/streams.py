"""What stdout and stderr can hold and show: encoding, letters' widths, colours, live displays.

Data (JSON, CSV, exports) is UTF-8 whatever the locale, because programs read it. Text for people follows the
locale: what its encoding lacks is replaced by a question mark, and lines are drawn in ASCII.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

#: Terminals that cannot move the cursor or show colours; an unset TERM says nothing better.
_DUMB = frozenset({"", "dumb", "unknown"})


def settle_streams() -> None:
    """Make stdout and stderr take any text: they replace what their encoding lacks, and are never closed.

    Python takes the locales C and POSIX for UTF-8. Where one of them was requested by name, text for people
    is kept to ASCII, as every other program does. May be called again.
    """
    # A stream that was closed by the shell (>&-) is None.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  for the whole process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    encoding = "ascii" if _asks_for_ascii() else None
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding or stream.encoding, errors=errors)


def _asks_for_ascii() -> bool:
    if os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8"):
        return False
    given = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return next((locale for locale in given if locale), "") in {"C", "POSIX"}


@contextmanager
def data_on_stdout() -> Iterator[TextIO]:
    """Give stdout in UTF-8 for the block."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):
        yield stream
        return
    encoding, errors = stream.encoding, stream.errors
    make_utf8(stream)
    yield stream
    # Not after an error: the change writes out what is buffered, which a reader that went away refuses, and
    # the error that ended the block is the one to report.
    stream.reconfigure(encoding=encoding, errors=errors)


def make_utf8(stream: TextIO) -> None:
    """Let a stream write UTF-8 from now on; what no UTF-8 can hold (undecodable file names) is escaped."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def is_utf8(stream: TextIO) -> bool:
    """Return whether a stream's encoding is UTF-8; one without an encoding, in memory, takes any text."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}


def fitted(text: str) -> str:
    """Return a text for people as stdout's encoding can hold it, a question mark for each letter it lacks."""
    if text.isascii() or is_utf8(sys.stdout):
        return text
    encoding = sys.stdout.encoding
    return text.encode(encoding, "replace").decode(encoding, "replace")


def width_of(text: str) -> int:
    """Return the columns that a text takes on a terminal: wide letters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def is_steerable(stream: TextIO) -> bool:
    """Return whether a stream is a terminal whose cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB


def has_colours(stream: TextIO) -> bool:
    """Return whether to write colours: on a terminal that has them, unless NO_COLOR is set (no-color.org)."""
    return is_steerable(stream) and not os.environ.get("NO_COLOR")
