"""Rows that a ``logic.sql`` may select from beside relations: each a file of SQL, put in its place before it runs.

``FROM served_methods(deployment.methods, canary.methods) AS served`` selects from the rows of the file of that
name. Its first line names its arguments, which stand in it as ``:name``. What policies ask in common is said once
so, and what judges, what is hashed and what an explanation runs is the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from cmdb.errors import shown
from evaluator.catalog.parameters import placeholders
from evaluator.catalog.tokens import tokenize
from evaluator.errors import PolicyError

_SIGNATURE = re.compile(r"-- (\w+)\(([\w, ]+)\): (.+)")


@dataclass(frozen=True, slots=True)
class Helper:
    """Rows by a name: what they are, the arguments, and their SQL on one line, so that lines stay counted."""

    name: str
    arguments: tuple[str, ...]
    meaning: str
    text: str

    def rows(self, given: Sequence[str]) -> str:
        """Return the SQL over these arguments."""
        values = dict(zip(self.arguments, given, strict=True))
        parts, position = [], 0
        for colon, name in placeholders(tokenize(self.text)):
            parts += [self.text[position : colon.start], values[name]]
            position = colon.end + 1 + len(name)
        return "".join([*parts, self.text[position:]])


@cache
def helpers() -> Mapping[str, Helper]:
    """Return all helpers by name."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    found = [_helper(file.read_text(encoding="utf-8")) for file in sorted(files, key=lambda file: file.name)]
    return {helper.name: helper for helper in found}


def _helper(text: str) -> Helper:
    signature = _SIGNATURE.match(text)
    assert signature is not None  # noqa: S101 - the files come with the program
    name, arguments, meaning = signature.groups()
    lines = [line.strip() for line in text.splitlines() if not line.startswith("--")]
    return Helper(name, tuple(arguments.split(", ")), meaning, " ".join(lines))


@cache
def expanded(source: str, text: str) -> str:
    """Return SQL with the rows of helpers in their places; ``source`` names the file in a ``PolicyError``."""
    try:
        tokens = tokenize(text)
    except SqlglotError:
        return text  # the check of the text says what is wrong with it
    parts, position = [], 0
    for at, token in enumerate(tokens[:-1]):
        helper = helpers().get(token.text.lower()) if token.token_type is TokenType.VAR else None
        if helper is None or tokens[at + 1].token_type is not TokenType.L_PAREN or token.start < position:
            continue
        if at == 0 or tokens[at - 1].token_type not in (TokenType.FROM, TokenType.JOIN, TokenType.COMMA):
            raise PolicyError(
                f"{source}: line {token.line}: {helper.name}() gives rows; write FROM {helper.name}(...) AS name."
            )
        given, end = _arguments(source, helper, text, tokens[at + 1 :])
        parts += [text[position : token.start], f"({helper.rows(given)})"]
        position = end
    return "".join([*parts, text[position:]])


def _arguments(source: str, helper: Helper, text: str, tokens: Sequence[Token]) -> tuple[list[str], int]:
    """Return the columns that a helper is given, and where its call ends."""
    close = next((token for token in tokens if token.token_type is TokenType.R_PAREN), None)
    inner = "" if close is None else text[tokens[0].end + 1 : close.start]
    given = [part.strip() for part in inner.split(",")]
    fits = len(given) == len(helper.arguments) and all(re.fullmatch(r"\w+\.\w+", part) for part in given)
    if close is None or not fits:
        raise PolicyError(
            f"{source}: line {tokens[0].line}: {helper.name}({shown(inner)}) is not given what it needs; "
            f"write columns for {', '.join(helper.arguments)}, such as stage.{helper.arguments[0]}."
        )
    return given, close.end + 1
