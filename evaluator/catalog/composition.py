"""A policy's logic as it is run: the shared conditions before its own, the judged item, and the evidence.

What runs is the text of the file with our own pieces put between its tokens. Evidence follows from the
branches of the CASE: a relation is evidence once a branch down to the one that held reads a column of it. What
a LATERAL subquery computes is computed once for all branches and outputs that name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from cmdb.items import item_type, item_types
from evaluator.catalog.collation import bytewise
from evaluator.catalog.helpers import expanded
from evaluator.catalog.offered import SCOPE, SUBJECTS, identity_columns
from evaluator.catalog.reading import (
    Joined,
    Local,
    branches_of,
    computed_in,
    is_row_of_item,
    is_steady,
    looked_at_by,
    pairs_of,
    reads_of,
    reads_only_joined,
    relations_of,
    sql_text,
)
from evaluator.catalog.shared import DEFAULT, SharedCondition, shared_conditions
from evaluator.catalog.splicing import case_tokens, fenced, joining, joins_of_computed, outermost_from
from evaluator.catalog.tokens import folded, tokenize

_PARTS_OF_MANY = (exp.CTE, exp.Window)


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """What a logic is made of, ready to be put together with its relations."""

    text: str
    """With the rows of helpers in their places."""
    item: Joined
    joined: tuple[Joined, ...]
    """Items in the outermost FROM, the judged one first."""
    relations: Mapping[str, frozenset[str]]
    """Every relation that the logic reads, with the columns it needs of it."""
    looked_at: Mapping[str, int]
    """By alias: the first branch (from 1) that reads it; what no branch reads is no evidence."""
    conditions: tuple[str, ...]
    """What the branches give, the ELSE last."""
    asked: tuple[tuple[str, str], ...]
    """The branches in their order, shared ones first: the condition that each gives, and what it asks."""
    local: Local | None
    is_computing: bool
    """Whether a LATERAL subquery computes something of each item."""

    @property
    def unjoined(self) -> frozenset[str]:
        """The item types that only subqueries read."""
        return frozenset(self.relations.keys() - {one.declared.name for one in self.joined} - {SCOPE})

    def select(
        self,
        keys: Mapping[str, int],
        *,
        with_evidence: bool,
        extra: str = "",
        instead: Mapping[str, str] | None = None,
    ) -> str:
        """Return the whole statement: the judged item, condition key, recheck_at, subjects, evidence.

        ``extra`` is a further output column; ``instead`` names, by alias, relations that are joined in place of
        the ones that the logic names.
        """
        head, tail = self._around_from()
        tail = joining(tail, instead or {})
        more = self.more(keys, with_evidence=with_evidence) + (f", {extra}" if extra else "")
        return f"{head}{more}\n{tail}"

    def select_list(self, keys: Mapping[str, int]) -> str:
        """Return the statement up to its outermost FROM, evidence included."""
        head, _ = self._around_from()
        return head + self.more(keys, with_evidence=True)

    def more(self, keys: Mapping[str, int], *, with_evidence: bool) -> str:
        """Return what our own columns add to the logic's."""
        alias = self.item.alias
        columns = [f"{alias}.item_id", f"{alias}.account_region_id"]
        columns.append(f"{self._case([str(keys[name]) for name in self.conditions])} AS condition_key")
        if with_evidence:
            numbers = [str(number) for number in range(1, len(self.conditions) + 1)]
            columns.append(f"{self._case(numbers)} AS branch")
            columns += [f"{one}.version_id AS version_{at}" for at, one in enumerate(self.looked_at)]
        return ", " + ", ".join(columns)

    def evidence(self, verdict: str) -> str:
        """Return the expression of a verdict's evidence: versions of what was looked at on the way down."""
        versions = [
            f"CASE WHEN {verdict}.branch >= {first} THEN {verdict}.version_{at} END"
            for at, first in enumerate(self.looked_at.values())
        ]
        return f"array_remove(ARRAY[{', '.join(versions)}]::bigint[], NULL)"

    def is_own(self, verdict: str, keys: Mapping[str, int]) -> str:
        """Return the expression of whether a verdict's condition is asked by the policy, and not shared."""
        shared = [str(keys[condition.name]) for condition, _ in _asked(self.item)]
        return f"{verdict}.condition_key NOT IN ({', '.join(shared)})" if shared else "true"

    def subjects(self, verdict: str, keys: Mapping[str, int]) -> str:
        """Return the expression of what is at fault within an item: nothing under a shared condition (gone, stale)."""
        if not _asked(self.item):
            return f"{verdict}.{SUBJECTS[0]}"
        return f"CASE WHEN {self.is_own(verdict, keys)} THEN {verdict}.{SUBJECTS[0]} END"

    def _case(self, results: Sequence[str]) -> str:
        """Return the CASE with the shared branches before the policy's own, and other results."""
        tokens = tokenize(self.text)
        case = case_tokens(tokens)
        shared = _asked(self.item)
        parts = ["CASE"]
        parts += [f" WHEN {asks} THEN {result}" for (_, asks), result in zip(shared, results, strict=False)]
        position = case.begin.end + 1
        rest = results[len(shared) :]
        for token, result in zip(case.results, rest, strict=False):
            parts += [self.text[position : token.start], result]
            position = token.end + 1
        parts.append(self.text[position : case.end.start])
        if case.default is None:
            parts.append(f" ELSE {rest[-1]} ")
        parts.append("END")
        return "".join(parts)

    def _around_from(self) -> tuple[str, str]:
        tokens = tokenize(self.text)
        start = outermost_from(tokens).start
        end = tokens[-1].start if tokens[-1].token_type is TokenType.SEMICOLON else len(self.text)
        return self.text[:start].rstrip(), self.text[start:end]


@cache
def compose(text: str, item_name: str) -> Composition:
    """Take a checked ``logic.sql`` apart; ``item_name`` is the item type that it judges."""
    text = fenced(bytewise(folded(expanded("logic.sql", text))))
    tree = sqlglot.parse_one(text, dialect="postgres")
    assert isinstance(tree, exp.Select)  # noqa: S101 - the check has seen that
    declared = item_type(item_name)
    known = {one.name: one for one in item_types()}
    origin = tree.args["from_"].this
    item = Joined(origin.alias_or_name, declared)
    joined = [item]
    is_local = not any(tree.find_all(*_PARTS_OF_MANY))
    computed = computed_in(tree)
    for join in tree.args.get("joins") or []:
        relation = join.this
        if relation.alias_or_name in computed:
            is_local = is_local and is_row_of_item(join)
            continue
        if not isinstance(relation, exp.Table) or relation.name not in known:
            is_local = False
            continue
        own = known[relation.name]
        pairs = pairs_of(join.args.get("on"), relation.alias_or_name, {one.alias for one in joined})
        if pairs is None or not all(pair.column in identity_columns(own) for pair in pairs):
            is_local, pairs = False, pairs or ()
        joined.append(Joined(relation.alias_or_name, own, pairs))
    branches = branches_of(tree)
    shared = [sqlglot.parse_one(asks, dialect="postgres") for _, asks in _asked(item)]
    asked = [*shared, *(branch.this for branch in branches.args["ifs"])]
    default = branches.args.get("default")
    conditions = (
        *(condition.name for condition, _ in _asked(item)),
        *(branch.args["true"].name for branch in branches.args["ifs"]),
        DEFAULT if default is None else default.name,
    )
    looked_at = looked_at_by(asked, [one.alias for one in joined], computed)
    reads = reads_of(tree, shared, {one.alias for one in joined}, computed)
    relations = relations_of(tree, shared)
    local = None
    if is_local and reads_only_joined(tree, joined) and is_steady(tree, text):
        local = Local(tuple(joined), reads, joins_of_computed(text))
    texts = tuple(zip(conditions, map(sql_text, asked), strict=False))
    return Composition(
        text, item, tuple(joined), relations, looked_at, conditions, texts, local, bool(computed)
    )


def _asked(item: Joined) -> list[tuple[SharedCondition, str]]:
    """Return the shared conditions that are branches, with what they ask."""
    return [
        (shared, shared.asks.format(item=item.alias))
        for shared in shared_conditions(item.declared)
        if shared.asks is not None
    ]
