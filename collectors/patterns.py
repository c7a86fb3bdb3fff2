"""Patterns of accounts and regions: ``111122223333``, ``*/us-*``, ``111122223333/eu-west-1``.

A pattern without a region means the whole account. ``*`` stands for any letters, ``?`` for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matching(patterns: Iterable[str], account_id: str, region: str) -> str | None:
    """Return the first pattern that means this account-region."""
    for pattern in patterns:
        account, _, where = pattern.partition("/")
        if fnmatchcase(account_id, account) and fnmatchcase(region, where or "*"):
            return pattern
    return None


def matching_account(patterns: Iterable[str], account_id: str) -> str | None:
    """Return the first pattern that means this account as a whole."""
    for pattern in patterns:
        account, _, where = pattern.partition("/")
        if where in {"", "*"} and fnmatchcase(account_id, account):
            return pattern
    return None


def means_region(patterns: Iterable[str], region: str) -> bool:
    """Return whether a pattern leaves this region out of some account, but not the account as a whole."""
    parts = (pattern.partition("/")[2] for pattern in patterns)
    return any(where not in {"", "*"} and fnmatchcase(region, where) for where in parts)
