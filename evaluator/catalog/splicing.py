"""Places in the text of a policy's logic, by its tokens, and pieces of ours put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from evaluator.catalog.tokens import tokenize


@dataclass(frozen=True, slots=True)
class CaseTokens:
    begin: Token
    end: Token
    results: tuple[Token, ...]
    default: Token | None


def joining(text: str, instead: Mapping[str, str]) -> str:
    """Return a FROM with other relations joined under the same aliases."""
    tokens = tokenize(text) if instead else ()
    for at in range(len(tokens) - 3, 0, -1):
        before, relation, word, alias = tokens[at - 1 : at + 3]
        if (
            before.token_type is TokenType.JOIN
            and word.token_type is TokenType.ALIAS
            and alias.text in instead
        ):
            text = f"{text[: relation.start]}{instead[alias.text]}{text[relation.end + 1 :]}"
    return text


def fenced(text: str) -> str:
    """Return SQL in which PostgreSQL computes each LATERAL subquery once, not in every place that names it."""
    parts, position = [], 0
    for end in sorted(close.start for _, close in _laterals(tokenize(text))):
        parts += [text[position:end], " OFFSET 0"]
        position = end
    return "".join([*parts, text[position:]])


def joins_of_computed(text: str) -> str:
    """Return the joins of the LATERAL subqueries of the outermost FROM, as text."""
    origin, tokens = outermost_from(tokenize(text)), tokenize(text)
    joins, end = [], origin.end
    for at, close in _laterals(tokens):
        if tokens[at].start > end:
            alias = next(
                one for one in tokens[at:] if one.start > close.end and one.token_type is not TokenType.ALIAS
            )
            joins.append(f"LEFT JOIN {text[tokens[at].start : alias.end + 1]} ON true")
            end = alias.end
    return "\n".join(joins)


def outermost_from(tokens: Sequence[Token]) -> Token:
    depth = 0
    before: TokenType | None = None
    for token in tokens:
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
        elif depth == 0 and token.token_type is TokenType.FROM and before is not TokenType.DISTINCT:
            return token
        before = token.token_type
    raise ValueError("the logic has no FROM")


def case_tokens(tokens: Sequence[Token]) -> CaseTokens:
    """Return the outermost ``CASE ... END AS condition``: where it begins and ends, and what it gives."""
    open_cases: list[tuple[Token, list[Token], list[Token]]] = []
    depth = 0
    for at, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            depth += 1
        elif kind is TokenType.R_PAREN:
            depth -= 1
        elif kind is TokenType.CASE:
            open_cases.append((token, [], []))
        elif kind in (TokenType.THEN, TokenType.ELSE) and open_cases:
            if tokens[at + 1].token_type is TokenType.STRING:
                open_cases[-1][1].append(tokens[at + 1])
                if kind is TokenType.ELSE:
                    open_cases[-1][2].append(tokens[at + 1])
        elif kind is TokenType.END and open_cases:
            begin, results, defaults = open_cases.pop()
            after = [follower.text.lower() for follower in tokens[at + 1 : at + 3]]
            named = after[1:] if after[:1] == ["as"] else after[:1]
            if depth == 0 and not open_cases and "condition" in named:
                return CaseTokens(begin, token, tuple(results), defaults[0] if defaults else None)
    raise ValueError("the logic has no CASE called condition")


def _laterals(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """Yield the number of the token of each LATERAL before a parenthesis, and the token that closes that."""
    for at, token in enumerate(tokens[:-1]):
        if token.token_type is TokenType.LATERAL and tokens[at + 1].token_type is TokenType.L_PAREN:
            depth = 0
            for follower in tokens[at + 1 :]:
                depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(follower.token_type, 0)
                if depth == 0:
                    yield at, follower
                    break
