"""Patterns in exceptions: ``*`` stands for any letters, ``?`` for one; everything else is meant as it is."""

from __future__ import annotations

import re

WILD = frozenset("*?")
_LIKE = {"*": "%", "?": "_", "%": "\\%", "_": "\\_", "\\": "\\\\"}
_API = re.compile(r":/(?:rest)?apis/([A-Za-z0-9]+)(?:/|$)")


def is_pattern(text: str) -> bool:
    """Return whether a text allows more than itself."""
    return bool(WILD & set(text))


def as_like(pattern: str) -> str:
    """Return a pattern as PostgreSQL's LIKE reads it."""
    return "".join(_LIKE.get(letter, letter) for letter in pattern)


def as_policy_like(pattern: str) -> str:
    """Return a pattern of policy ids as PostgreSQL's LIKE reads it.

    Ids begin with a slash; what cannot be the beginning of one is the last part of one, as commands take it too.
    """
    like = as_like(pattern)
    return like if pattern.startswith(("/", *WILD)) else f"%/{like}"


def only_api(pattern: str) -> str | None:
    """Return the one API id that a pattern of ARNs allows; None when it does not name one."""
    found = set(_API.findall(pattern))
    return found.pop() if len(found) == 1 else None
