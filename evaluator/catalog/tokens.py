"""Tokens of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import sqlglot
from sqlglot.tokenizer_core import Token


@lru_cache(maxsize=500)
def tokenize(text: str) -> Sequence[Token]:
    """Return the tokens of PostgreSQL text; a process meets the same few texts again for every night."""
    return tuple(sqlglot.tokenize(text, dialect="postgres"))
