"""A policy's logic as it is run: the shared conditions before its own, the judged item, and the evidence.

What runs is the text of the file with our own pieces put between its tokens. Evidence follows from the
branches of the CASE: a relation is evidence once a branch down to the one that held reads a column of it.

A policy judges each item by what belongs to it alone when it joins other items by columns that never change
within them; compares times of readings only with times that a complete reading cannot lie before; and if it
uses ``:as_of``, says in ``recheck_at`` when time alone changes the verdict. Then what may have changed since
an evaluation, and the nights on which anything changed, follow from what it reads. Any other policy is judged
in full, which is always right.

What a LATERAL subquery of the outermost FROM computes of an item belongs to the item as what it reads does; it
is computed once for all branches and outputs that name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from cmdb.items import ItemType, item_type, item_types
from evaluator.catalog.collation import bytewise
from evaluator.catalog.helpers import expanded
from evaluator.catalog.offered import AS_OF, RECHECK, SCOPE, SUBJECTS, identity_columns
from evaluator.catalog.parameters import placeholders
from evaluator.catalog.shared import DEFAULT, SharedCondition, shared_conditions
from evaluator.catalog.tokens import folded, tokenize

_PARTS_OF_MANY = (exp.CTE, exp.Window)


@dataclass(frozen=True, slots=True)
class Pair:
    """An equality of a join: a column of the joined relation, and one of a relation before it."""

    column: str
    other: str
    other_column: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A relation in the logic's FROM: what it is called there, its type, and how it is joined.

    The judged relation has no pairs.
    """

    alias: str
    declared: ItemType
    pairs: tuple[Pair, ...] = ()

    @property
    def row(self) -> str:
        """A name for its rows in statements of ours, which have short names of their own."""
        return f"r_{self.alias}"


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """A logic that judges each item by what belongs to it alone."""

    relations: tuple[Joined, ...]
    """The judged one first."""
    reads: Mapping[str, frozenset[str]]
    """By alias: the columns that a verdict, its subjects or its recheck_at depend on; joins aside."""
    computed: str
    """The joins of LATERAL subqueries, in their order."""

    @property
    def item(self) -> Joined:
        """The relation that is judged."""
        return self.relations[0]

    def columns(self, alias: str) -> frozenset[str]:
        """Return all columns of a relation that are needed: read, joined by, and the version."""
        joined = {pair.column for one in self.relations if one.alias == alias for pair in one.pairs}
        joined |= {pair.other_column for one in self.relations for pair in one.pairs if pair.other == alias}
        return self.reads.get(alias, frozenset()) | joined | {"item_id", "version_id", "account_region_id"}


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
        tail = _joining(tail, instead or {})
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
        case = _case_tokens(tokens)
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
        start = _outermost_from(tokens).start
        end = tokens[-1].start if tokens[-1].token_type is TokenType.SEMICOLON else len(self.text)
        return self.text[:start].rstrip(), self.text[start:end]


@dataclass(frozen=True, slots=True)
class _Case:
    begin: Token
    end: Token
    results: tuple[Token, ...]
    default: Token | None


def _joining(text: str, instead: Mapping[str, str]) -> str:
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


def sql_text(tree: exp.Expr) -> str:
    """Return SQL with parameters as policies write them; the generator writes them in the driver's form."""
    return re.sub(r"%\((\w+)\)s", r":\1", tree.sql(dialect="postgres", comments=False))


def _asked(item: Joined) -> list[tuple[SharedCondition, str]]:
    """Return the shared conditions that are branches, with what they ask."""
    return [
        (shared, shared.asks.format(item=item.alias))
        for shared in shared_conditions(item.declared)
        if shared.asks is not None
    ]


def _fenced(text: str) -> str:
    """Return SQL in which PostgreSQL computes each LATERAL subquery once, not in every place that names it."""
    parts, position = [], 0
    for end in sorted(close.start for _, close in _laterals(tokenize(text))):
        parts += [text[position:end], " OFFSET 0"]
        position = end
    return "".join([*parts, text[position:]])


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


def _joins_of_computed(text: str) -> str:
    """Return the joins of the LATERAL subqueries of the outermost FROM, as text."""
    origin, tokens = _outermost_from(tokenize(text)), tokenize(text)
    joins, end = [], origin.end
    for at, close in _laterals(tokens):
        if tokens[at].start > end:
            alias = next(
                one for one in tokens[at:] if one.start > close.end and one.token_type is not TokenType.ALIAS
            )
            joins.append(f"LEFT JOIN {text[tokens[at].start : alias.end + 1]} ON true")
            end = alias.end
    return "\n".join(joins)


def _outermost_from(tokens: Sequence[Token]) -> Token:
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


def _case_tokens(tokens: Sequence[Token]) -> _Case:
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
                return _Case(begin, token, tuple(results), defaults[0] if defaults else None)
    raise ValueError("the logic has no CASE called condition")


@cache
def compose(text: str, item_name: str) -> Composition:
    """Take a checked ``logic.sql`` apart; ``item_name`` is the item type that it judges."""
    text = _fenced(bytewise(folded(expanded("logic.sql", text))))
    tree = sqlglot.parse_one(text, dialect="postgres")
    assert isinstance(tree, exp.Select)  # noqa: S101 - the check has seen that
    declared = item_type(item_name)
    known = {one.name: one for one in item_types()}
    origin = tree.args["from_"].this
    item = Joined(origin.alias_or_name, declared)
    joined = [item]
    is_local = not any(tree.find_all(*_PARTS_OF_MANY))
    computed = _computed_in(tree)
    for join in tree.args.get("joins") or []:
        relation = join.this
        if relation.alias_or_name in computed:
            is_local = is_local and _is_row_of_item(join)
            continue
        if not isinstance(relation, exp.Table) or relation.name not in known:
            is_local = False
            continue
        own = known[relation.name]
        pairs = _pairs(join.args.get("on"), relation.alias_or_name, {one.alias for one in joined})
        if pairs is None or not all(pair.column in identity_columns(own) for pair in pairs):
            is_local, pairs = False, pairs or ()
        joined.append(Joined(relation.alias_or_name, own, pairs))
    branches = _branches(tree)
    shared = [sqlglot.parse_one(asks, dialect="postgres") for _, asks in _asked(item)]
    asked = [*shared, *(branch.this for branch in branches.args["ifs"])]
    default = branches.args.get("default")
    conditions = (
        *(condition.name for condition, _ in _asked(item)),
        *(branch.args["true"].name for branch in branches.args["ifs"]),
        DEFAULT if default is None else default.name,
    )
    looked_at = _looked_at(asked, [one.alias for one in joined], computed)
    reads = _reads(tree, shared, {one.alias for one in joined}, computed)
    relations = _relations(tree, shared)
    local = None
    if is_local and _only_offered(tree, joined) and _is_steady(tree, text):
        local = Local(tuple(joined), reads, _joins_of_computed(text))
    texts = tuple(zip(conditions, map(sql_text, asked), strict=False))
    return Composition(
        text, item, tuple(joined), relations, looked_at, conditions, texts, local, bool(computed)
    )


def _branches(tree: exp.Select) -> exp.Case:
    case = next(one.unalias() for one in tree.expressions if one.alias_or_name == "condition")
    assert isinstance(case, exp.Case)  # noqa: S101 - the check has seen that
    return case


def _only_offered(tree: exp.Select, joined: Sequence[Joined]) -> bool:
    """Return whether all that is read of other items is what is joined: no subquery reads a relation."""
    read = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    return len(read) == len(joined)


def _pairs(on: exp.Expr | None, alias: str, before: set[str]) -> tuple[Pair, ...] | None:
    """Return the equalities of a join; None: it is something else than equal columns."""
    if on is None:
        return None
    pairs = []
    for part in list(on.flatten()) if isinstance(on, exp.And) else [on]:
        sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
        if len(sides) != 2 or not all(isinstance(side, exp.Column) for side in sides):
            return None
        own = [side for side in sides if side.table == alias]
        others = [side for side in sides if side.table in before]
        if len(own) != 1 or len(others) != 1:
            return None
        pairs.append(Pair(own[0].name, others[0].table, others[0].name))
    return tuple(pairs)


def _is_row_of_item(join: exp.Join) -> bool:
    """Return whether a LATERAL join adds what a subquery computes, under the names that the subquery gives."""
    lateral = join.this
    named = lateral.args.get("alias")
    renames = isinstance(named, exp.TableAlias) and bool(named.columns)
    return isinstance(lateral.this, exp.Subquery) and not renames and join.args.get("on") == exp.true()


def _read_columns(part: exp.Expr, computed: Mapping[str, exp.Expr]) -> Iterator[exp.Column]:
    """Yield the columns that a part of the logic reads, itself or by what is computed for it."""
    for column in part.find_all(exp.Column):
        yield column
        if column.table in computed:
            # A name within the subquery is its own before it is that of the subquery.
            others = {alias: one for alias, one in computed.items() if alias != column.table}
            yield from _read_columns(computed[column.table], others)


def _computed_in(tree: exp.Expr) -> dict[str, exp.Expr]:
    """Return the LATERAL subqueries of the outermost FROM by their aliases."""
    laterals = [join.this for join in tree.args.get("joins") or [] if isinstance(join.this, exp.Lateral)]
    return {one.alias_or_name: one.this for one in laterals}


def _looked_at(
    asked: Sequence[exp.Expr], aliases: Sequence[str], computed: Mapping[str, exp.Expr]
) -> dict[str, int]:
    """Return the first branch that reads each relation."""
    found: dict[str, int] = {}
    for number, branch in enumerate(asked, start=1):
        for column in _read_columns(branch, computed):
            if column.table in aliases:
                found.setdefault(column.table, number)
    return {alias: found[alias] for alias in aliases if alias in found}


def _reads(
    tree: exp.Select, shared: Sequence[exp.Expr], aliases: set[str], computed: Mapping[str, exp.Expr]
) -> dict[str, frozenset[str]]:
    """Return the columns that verdicts depend on, by alias."""
    wanted = {"condition", RECHECK[0], SUBJECTS[0]}
    parts: list[exp.Expr] = [one for one in tree.expressions if one.alias_or_name in wanted]
    reads: dict[str, set[str]] = {alias: set() for alias in aliases}
    for column in (column for part in [*parts, *shared] for column in _read_columns(part, computed)):
        if column.table in reads:
            reads[column.table].add(column.name)
    return {alias: frozenset(columns) for alias, columns in reads.items()}


def _relations(tree: exp.Select, shared: Sequence[exp.Expr]) -> dict[str, frozenset[str]]:
    """Return every offered relation that the logic reads, and the columns it needs of it."""
    names = {one.name for one in item_types()} | {SCOPE}
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    aliases: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        if table.name in names and table.name not in own:
            aliases.setdefault(table.alias_or_name, set()).add(table.name)
    needed: dict[str, set[str]] = {name: set() for found in aliases.values() for name in found}
    for column in _all_columns(tree, shared):
        for name in aliases.get(column.table, ()):
            needed[name].add(column.name)
    for name, columns in needed.items():
        if name != SCOPE:
            columns |= {"item_id", "version_id", "account_region_id"}
    return {name: frozenset(columns) for name, columns in needed.items()}


def _all_columns(tree: exp.Select, shared: Sequence[exp.Expr]) -> Iterator[exp.Column]:
    yield from tree.find_all(exp.Column)
    for part in shared:
        yield from part.find_all(exp.Column)


def _is_steady(tree: exp.Select, text: str) -> bool:
    """Return whether time alone changes no verdict that ``recheck_at`` does not announce."""
    if not all(
        _compares_steadily(column) for column in tree.find_all(exp.Column) if column.name == "read_at"
    ):
        return False
    uses_time = any(name == AS_OF for _, name in placeholders(tokenize(text)))
    return not uses_time or any(one.alias_or_name == RECHECK[0] for one in tree.expressions)


def _compares_steadily(column: exp.Column) -> bool:
    """Return whether a reading's time is only compared with times that a complete reading never lies before."""
    parent = column.parent
    if isinstance(parent, exp.Is):
        return True
    if not isinstance(parent, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
        return False
    other = parent.expression if parent.this is column else parent.this
    return isinstance(other, exp.Column) and other.name in _never_after_reading()


def _never_after_reading() -> frozenset[str]:
    names = {"disappeared_at", "absent_since"}
    return frozenset(names | {f.since for one in item_types() for f in one.fields if f.since is not None})
