"""Which policies judge each stage by what belongs to it alone: only touched stages need judging again.

Such a ``logic.sql`` is one plain SELECT that joins to ``stage`` its REST API, that API's integrations and the
certificate that it names, each by its key and nothing else; times of readings it compares only with times
that a complete reading cannot lie before; and if it uses ``:as_of``, it says in ``recheck_at`` when time
alone changes the verdict. Any other policy is judged in full, which is always right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from evaluator.catalog.logic import tokenize
from evaluator.catalog.offered import AS_OF
from evaluator.catalog.parameters import placeholders

_KEYS = {
    "rest_api": {("rest_api_key", "rest_api_key")},
    "integration": {("rest_api_key", "rest_api_key")},
    "certificate": {("account_region_id", "account_region_id"), ("certificate_id", "client_certificate_id")},
}
"""Relation -> pairs of its column and the stage's that its join has to equate, all of them."""

_EVIDENCE = frozenset(
    {"stage_version", "rest_api_version", "integration_version", "certificate_version", "stage_id",
     "account_region_id"}
)  # fmt: skip
"""What a logic gives beside its verdict; it is kept as it was when the verdict was new."""

_NOT_AFTER_READING = frozenset({"certificate_named_at", "disappeared_at", "absent_since"})
_PARTS_OF_MANY = (exp.Subquery, exp.CTE, exp.Window, exp.AggFunc, exp.Exists)


@dataclass(frozen=True, slots=True)
class Local:
    """A policy's logic in the parts from which it is put together over other relations."""

    aliases: Mapping[str, str]
    """Offered relation -> what the logic calls it; relations that it does not join are not in it."""
    reads: frozenset[str]
    """``relation.column`` of all that a verdict or its recheck_at depends on, keys of joins aside."""


@cache
def local_form(text: str) -> Local | None:
    """Return the parts of a checked ``logic.sql`` that judges each stage by itself; None: it does not."""
    tree = sqlglot.parse_one(text, dialect="postgres")
    if not isinstance(tree, exp.Select) or tree.find(exp.Star, *_PARTS_OF_MANY):
        return None
    stage = tree.args["from_"].this
    aliases = {"stage": stage.alias_or_name}
    for join in tree.args.get("joins") or []:
        relation = join.this
        if not isinstance(relation, exp.Table) or relation.name not in _KEYS or relation.name in aliases:
            return None
        if _equated(join.args.get("on"), relation.alias_or_name, aliases["stage"]) != _KEYS[relation.name]:
            return None
        aliases[relation.name] = relation.alias_or_name
    if not all(_is_steady(column) for column in tree.find_all(exp.Column) if column.name == "read_at"):
        return None
    uses_time = any(name == AS_OF for _, name in placeholders(tokenize(text)))
    if uses_time and all(item.alias_or_name != "recheck_at" for item in tree.expressions):
        return None
    reads = _reads(tree, aliases)
    return None if reads is None else Local(aliases, reads)


def select_list(bound: str) -> str:
    """Return a bound logic up to its outermost FROM."""
    depth = 0
    before: TokenType | None = None
    # Placeholders of the driver are no PostgreSQL; as text of the same length they disturb nothing.
    for token in tokenize(bound.replace("%(", " (")):
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
        elif depth == 0 and token.token_type is TokenType.FROM and before is not TokenType.DISTINCT:
            return bound[: token.start]
        before = token.token_type
    raise ValueError("the logic has no FROM")


def with_keys(text: str, keys: Mapping[str, int]) -> str:
    """Return a logic whose ``condition`` gives keys instead of names, which are quicker to group by."""
    results = _results(tokenize(text))
    parts, position = [], 0
    for token in results:
        parts += [text[position : token.start], str(keys[token.text])]
        position = token.end + 1
    return "".join([*parts, text[position:]])


def _results(tokens: list[Token]) -> list[Token]:
    """Return the names that the outermost ``CASE ... END AS condition`` gives."""
    open_cases: list[list[Token]] = []
    depth = 0
    for at, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            depth += 1
        elif kind is TokenType.R_PAREN:
            depth -= 1
        elif kind is TokenType.CASE:
            open_cases.append([])
        elif kind in (TokenType.THEN, TokenType.ELSE) and tokens[at + 1].token_type is TokenType.STRING:
            open_cases[-1].append(tokens[at + 1])
        elif kind is TokenType.END and open_cases:
            found = open_cases.pop()
            after = [follower.text.lower() for follower in tokens[at + 1 : at + 3]]
            if (
                depth == 0
                and not open_cases
                and "condition" in (after[1:] if after[:1] == ["as"] else after[:1])
            ):
                return found
    raise ValueError("the logic has no CASE called condition")


def _equated(on: exp.Expr | None, relation: str, stage: str) -> set[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    if on is None:
        return pairs
    parts = list(on.flatten()) if isinstance(on, exp.And) else [on]
    for part in parts:
        sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
        if len(sides) != 2 or not all(isinstance(side, exp.Column) for side in sides):
            return set()
        by_table = {side.table: side.name for side in sides}
        if by_table.keys() != {relation, stage}:
            return set()
        pairs.add((by_table[relation], by_table[stage]))
    return pairs


def _reads(tree: exp.Select, aliases: Mapping[str, str]) -> frozenset[str] | None:
    """Return the columns that verdicts depend on; None where a whole row is read."""
    names = {alias: relation for relation, alias in aliases.items()}
    parts = [item for item in tree.expressions if item.alias_or_name not in _EVIDENCE]
    parts += [tree.args[name] for name in ("where", "distinct") if tree.args.get(name)]
    reads = set()
    for column in (column for part in parts for column in part.find_all(exp.Column)):
        if not column.table and column.name in names:
            return None
        # Without a relation before it, a column may be any relation's.
        relations = [names[column.table]] if column.table in names else list(aliases)
        reads |= {f"{relation}.{column.name}" for relation in relations}
    return frozenset(reads)


def _is_steady(column: exp.Column) -> bool:
    """Tell whether a reading's time is only compared with times that a complete reading never lies before."""
    parent = column.parent
    if isinstance(parent, exp.Is):
        return True
    if not isinstance(parent, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
        return False
    other = parent.expression if parent.this is column else parent.this
    return isinstance(other, exp.Column) and other.name in _NOT_AFTER_READING
