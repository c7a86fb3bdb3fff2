"""Words of a shell made of whatever names contain, each on one line, none a command."""

from __future__ import annotations

import shlex

from gateledger.terminal.logs import one_line

#: The AWS CLI opens what a value with such a beginning names, instead of passing it on.
_OPENED = ("file://", "fileb://", "http://", "https://")


def is_opened(value: str) -> bool:
    """Return whether the AWS CLI would open what a value names."""
    return value.startswith(_OPENED)


def quoted(text: str) -> str:
    """Return a text as one word on one line.

    What cannot be printed, such as a line break or what steers a terminal, is written as octal bytes in ``$'...'``
    (bash, ksh, zsh, POSIX 2024), so that a copied line is never part of a name.
    """
    if text.isprintable():
        return shlex.quote(text)
    bare = "".join(letter if _is_plain(letter) else _octal(letter) for letter in text)
    return f"$'{bare}'"


def comment(*texts: str) -> str:
    """Return a comment on one line.

    An apostrophe would open a quotation in a shell that reads comments as commands (zsh, as typed), so it is written
    as its typographic form; names belong into ``quoted`` before.
    """
    return "# " + " ".join(one_line(text) for text in texts)


def prose(text: str) -> str:
    """Return a text that names nothing, without what would open a quotation."""
    return text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}").replace("`", '"')


def _is_plain(letter: str) -> bool:
    # An exclamation mark may be expanded from the history within $'...' by an interactive bash.
    return letter.isprintable() and letter not in "\\'!"


def _octal(letter: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in letter.encode("utf-8", "surrogatepass"))
