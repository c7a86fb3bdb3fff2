"""Tokens of SQL."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache

import sqlglot
from sqlglot.tokenizer_core import Token, TokenType

_WORD = re.compile(r"\w+")
_BEFORE_NAMES = (TokenType.ALIAS, TokenType.FROM, TokenType.JOIN)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@lru_cache(maxsize=500)
def tokenize(text: str) -> Sequence[Token]:
    """Return the tokens of PostgreSQL text; a process meets the same few texts again for every night."""
    return tuple(sqlglot.tokenize(text, dialect="postgres"))


def folded(text: str) -> str:
    """Return SQL with its names in lower case, as PostgreSQL reads them; names of parameters stay as they are."""
    tokens = tokenize(text)
    parts, position = [], 0
    for at, token in enumerate(tokens):
        word = text[token.start : token.end + 1]
        if _is_name(tokens, at) and _WORD.fullmatch(word) and text[token.start - 1 : token.start] != ":":
            parts += [text[position : token.start], word.translate(_LOWER)]
            position = token.end + 1
    return "".join([*parts, text[position:]])


def _is_name(tokens: Sequence[Token], at: int) -> bool:
    """Return whether a token is a name, even one that is a word of SQL elsewhere."""
    before = tokens[at - 1].token_type if at else None
    after = tokens[at + 1].token_type if at + 1 < len(tokens) else None
    kind = tokens[at].token_type
    return (
        kind is TokenType.VAR
        or TokenType.DOT in (before, after)
        or (before in _BEFORE_NAMES and kind is not TokenType.LATERAL)
    )
