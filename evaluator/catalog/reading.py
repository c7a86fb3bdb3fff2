"""What a policy's logic reads, by its syntax tree: the items that it joins and how, and the columns of each.

A policy judges each item by what belongs to it alone when it joins other items by columns that never change
within them; compares times of readings only with times that a complete reading cannot lie before; and if it
uses ``:as_of``, says in ``recheck_at`` when time alone changes the verdict. Then what may have changed since
an evaluation, and the nights on which anything changed, follow from what it reads. Any other policy is judged
in full, which is always right.

What a LATERAL subquery of the outermost FROM computes of an item belongs to the item as what it reads does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from cmdb.items import ItemType, item_types
from evaluator.catalog.offered import AS_OF, RECHECK, SCOPE, SUBJECTS
from evaluator.catalog.parameters import placeholders
from evaluator.catalog.tokens import tokenize


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


def sql_text(tree: exp.Expr) -> str:
    """Return SQL with parameters as policies write them; the generator writes them in the driver's form."""
    return re.sub(r"%\((\w+)\)s", r":\1", tree.sql(dialect="postgres", comments=False))


def branches_of(tree: exp.Select) -> exp.Case:
    case = next(one.unalias() for one in tree.expressions if one.alias_or_name == "condition")
    assert isinstance(case, exp.Case)  # noqa: S101 - the check has seen that
    return case


def reads_only_joined(tree: exp.Select, joined: Sequence[Joined]) -> bool:
    """Return whether all that is read of other items is what is joined: no subquery reads a relation."""
    read = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    return len(read) == len(joined)


def pairs_of(on: exp.Expr | None, alias: str, before: set[str]) -> tuple[Pair, ...] | None:
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


def is_row_of_item(join: exp.Join) -> bool:
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


def computed_in(tree: exp.Expr) -> dict[str, exp.Expr]:
    """Return the LATERAL subqueries of the outermost FROM by their aliases."""
    laterals = [join.this for join in tree.args.get("joins") or [] if isinstance(join.this, exp.Lateral)]
    return {one.alias_or_name: one.this for one in laterals}


def looked_at_by(
    asked: Sequence[exp.Expr], aliases: Sequence[str], computed: Mapping[str, exp.Expr]
) -> dict[str, int]:
    """Return the first branch that reads each relation."""
    found: dict[str, int] = {}
    for number, branch in enumerate(asked, start=1):
        for column in _read_columns(branch, computed):
            if column.table in aliases:
                found.setdefault(column.table, number)
    return {alias: found[alias] for alias in aliases if alias in found}


def reads_of(
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


def relations_of(tree: exp.Select, shared: Sequence[exp.Expr]) -> dict[str, frozenset[str]]:
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


def is_steady(tree: exp.Select, text: str) -> bool:
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
