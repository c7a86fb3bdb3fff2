"""Text that means the same in every database: letters are folded and matched as the collation "C" has it.

What ``lower``, ``upper``, ILIKE and regular expressions make of a letter follows the locale of the database
(in Turkish the small form of I has no dot), and what AWS writes follows none: of ``execute-api:Invoke`` the
small form is ``execute-api:invoke``. So they see ASCII letters alone here. A collation that is written out wins
over that of the database: https://www.postgresql.org/docs/current/collation.html.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from evaluator.catalog.tokens import tokenize

COLLATION = "C"
_FOLDING = frozenset({"lower", "upper"})
_MATCHING = (TokenType.ILIKE, TokenType.RLIKE, TokenType.IRLIKE)
#: The text before an operator, whatever it is made of, under the collation.
_LEFT = f" || '' COLLATE \"{COLLATION}\" "


def bytewise(text: str) -> str:
    """Return SQL that can be tokenized with the collation written out where the database's would decide."""
    tokens = tokenize(text)
    added: list[tuple[int, str]] = []
    for at, token in enumerate(tokens):
        if token.token_type in _MATCHING:
            first = tokens[at - 1] if tokens[at - 1].token_type is TokenType.NOT else token
            added.append((first.start, _LEFT))
        elif _folds(tokens, at):
            added.append((tokens[at + 1].end + 1, "("))
            added.append((_closing(tokens, at + 1), f') COLLATE "{COLLATION}"'))
    parts, position = [], 0
    for place, piece in sorted(added, key=lambda one: one[0]):
        parts += [text[position:place], piece]
        position = place
    return "".join([*parts, text[position:]])


def _folds(tokens: Sequence[Token], at: int) -> bool:
    """Return whether a call that folds letters begins there, and is closed."""
    called = tokens[at].text.lower() in _FOLDING and tokens[at].token_type is TokenType.VAR
    is_call = called and at + 1 < len(tokens) and tokens[at + 1].token_type is TokenType.L_PAREN
    return is_call and _closing(tokens, at + 1) > 0


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Return where the parenthesis ends that begins with that token; 0: it does not."""
    depth = 0
    for token in tokens[opening:]:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth == 0:
            return token.start
    return 0
