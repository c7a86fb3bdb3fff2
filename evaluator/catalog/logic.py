"""Checking ``logic.sql`` before it may run: one SELECT that gives every item a condition, and nothing else.

What runs is the text of the file, so besides the parsed tree the text's own tokens are checked; spellings
that PostgreSQL and the parser could read differently (dollar quotes, backslashes, braces) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.tokenizer_core import Token, TokenType

from cmdb.errors import brief, shown
from cmdb.items import ItemType, item_type
from evaluator.catalog import logic_rules as rules
from evaluator.catalog.collation import COLLATION, bytewise
from evaluator.catalog.composition import Composition, compose
from evaluator.catalog.helpers import expanded, helpers
from evaluator.catalog.offered import AS_OF, RECHECK, SUBJECTS, VERDICT, offered
from evaluator.catalog.parameters import placeholders
from evaluator.catalog.shared import DEFAULT, shared_conditions
from evaluator.catalog.tokens import folded, tokenize
from evaluator.errors import PolicyError

_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?))")
_TIME_TYPES = frozenset({exp.DType.TIMESTAMPTZ})


@dataclass(frozen=True, slots=True)
class Logic:
    """A checked ``logic.sql``."""

    text: str
    """As written."""
    item_type: str
    """Name of the item type that it judges."""
    relations: frozenset[str]
    """Offered relations that it reads."""
    conditions: tuple[str, ...]
    """Conditions in the order in which they are asked, shared ones included, each once, where it stands last."""
    has_recheck: bool
    """Whether it returns ``recheck_at``."""
    has_subjects: bool
    """Whether it returns ``subjects``."""

    @property
    def composition(self) -> Composition:
        """What it is run as."""
        return compose(self.text, self.item_type)

    @property
    def whole(self) -> str:
        """The text with the rows of helpers in their places: it shows how it judges, in every database."""
        return bytewise(expanded("logic.sql", self.text))

    @property
    def canonical(self) -> str:
        """The whole text without comments and with one blank between tokens: what decides verdicts."""
        text = self.whole
        tokens = [token for token in tokenize(text) if token.token_type is not TokenType.SEMICOLON]
        return " ".join(text[token.start : token.end + 1] for token in tokens)


def check_logic(source: str, text: str, parameters: Iterable[str], item_name: str) -> Logic:
    """Return the checked logic of a policy that judges items of the type of that name.

    ``source`` names the file in the sentence of a ``PolicyError``.
    """
    item = item_type(item_name)
    whole = expanded(source, text)
    tokens = _tokens(source, whole)
    tree = _parse(source, folded(whole))
    _refuse_writes(source, tree)
    _check_calls(source, tokens)
    _check_names(source, tokens, tree)
    _check_parts(source, tree)
    relations = _check_relations(source, tree)
    _check_placeholders(source, tree, tokens, set(parameters))
    _check_form(source, tree)
    _check_every_item(source, tree, item)
    outputs = _check_outputs(source, tree)
    conditions = _conditions(source, outputs["condition"], item)
    _check_literals(source, tree, outputs["condition"])
    _check_columns(source, tree)
    return Logic(text, item.name, relations, conditions, RECHECK[0] in outputs, SUBJECTS[0] in outputs)


def _tokens(source: str, text: str) -> Sequence[Token]:
    for character in "$\\{}":
        if character in text:
            line = text[: text.index(character)].count("\n") + 1
            raise PolicyError(
                f"{source}: line {line} has the character {shown(character)}; write it without."
            )
    try:
        tokens = tokenize(text)
    except SqlglotError:
        raise PolicyError(f"{source}: a quote or comment is not closed; close it.") from None
    if not tokens:
        raise PolicyError(f"{source}: the file has no statement; write one SELECT.")
    ends = [token for token in tokens if token.token_type is TokenType.SEMICOLON]
    if ends and (len(ends) > 1 or tokens[-1].token_type is not TokenType.SEMICOLON):
        raise PolicyError(f"{source}: the file has more than one statement; write one SELECT.")
    if tokens[0].text.upper() not in ("SELECT", "WITH"):
        raise PolicyError(f"{source}: the statement begins with {shown(tokens[0].text)}; write one SELECT.")
    return tokens


def _parse(source: str, text: str) -> exp.Select:
    try:
        tree = sqlglot.parse_one(text, dialect="postgres")
        # Walking is as deep as parsing was: it fails here or never.
        sum(1 for _ in tree.walk())
    except ParseError as error:
        found = error.errors[0] if error.errors else {}
        near = f" near {shown(found['highlight'])}" if found.get("highlight") else ""
        line = f" at line {found['line']}" if found.get("line") else ""
        raise PolicyError(f"{source}: the SQL is wrong{line}{near}; correct it.") from None
    except SqlglotError as error:
        raise PolicyError(f"{source}: the SQL is wrong ({str(error).splitlines()[0]}); correct it.") from None
    except RecursionError:
        raise PolicyError(f"{source}: the SQL is nested too deeply; make it simpler.") from None
    if not isinstance(tree, exp.Select):
        _refuse_writes(source, tree)
        raise PolicyError(f"{source}: the statement is {tree.key.upper()}; write one plain SELECT.")
    return tree


def _refuse_writes(source: str, tree: exp.Expr) -> None:
    for node in tree.find_all(*rules.WRITES):
        names = {exp.Into: "SELECT INTO", exp.Lock: "a row lock (FOR UPDATE, FOR SHARE)"}
        what = names.get(type(node), node.key.upper())
        raise PolicyError(f"{source}: the statement writes or locks with {what}; a policy may only read.")


def _check_parts(source: str, tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            raise PolicyError(f"{source}: the statement selects `*`; name the columns.")
        if isinstance(node, exp.With) and node.args.get("recursive"):
            raise PolicyError(f"{source}: the statement is recursive; write it without RECURSIVE.")
        if isinstance(node, exp.Collate) and node.expression.name != COLLATION:
            raise PolicyError(
                f'{source}: {_short(node)} follows the rules of a language; write COLLATE "{COLLATION}", which '
                "every database has."
            )
        if isinstance(node, exp.Cast):
            _check_cast(source, node)
        elif isinstance(node, exp.Func) and not isinstance(node, rules.STRUCTURE):
            if isinstance(node, exp.Anonymous):
                continue  # its name is checked where the tokens are
            if node.sql_name().startswith(("CURRENT_", "SESSION_", "LOCALTIME")):
                raise PolicyError(
                    f"{source}: the statement asks the clock or the session ({node.sql_name().lower()}); "
                    f"use the parameter :{AS_OF} for the time."
                )
        elif not isinstance(node, rules.STRUCTURE):
            raise PolicyError(
                f"{source}: the statement uses {node.key.upper()} ({_short(node)}), which a policy may not; "
                "write it without."
            )


def _check_cast(source: str, node: exp.Cast) -> None:
    kind = node.to.this
    if kind in rules.TYPES:
        return
    literal = node.this
    if kind in _TIME_TYPES and isinstance(literal, exp.Placeholder):
        return
    if kind in _TIME_TYPES and isinstance(literal, exp.Literal) and _TIME.fullmatch(literal.name):
        return
    raise PolicyError(
        f"{source}: the cast {_short(node)} may depend on the clock, the session or other tables; cast to "
        "text, boolean, a number or interval, or write a time as timestamptz '2026-01-31T00:00:00Z'."
    )


def _check_calls(source: str, tokens: Sequence[Token]) -> None:
    for position, (word, after) in enumerate(pairwise(tokens)):
        if after.token_type is not TokenType.L_PAREN or not re.match(r"\w", word.text):
            continue
        if word.token_type in (TokenType.STRING, TokenType.NUMBER):
            continue
        name = word.text.lower()
        before = tokens[position - 1].token_type if position > 0 else None
        if before is TokenType.ALIAS:
            continue  # the name of rows, and in parentheses those of their columns
        qualified = before is TokenType.DOT
        if qualified or (name not in rules.FUNCTIONS and name not in rules.BEFORE_PARENTHESIS):
            hint = f"use the parameter :{AS_OF} for the time" if name in _CLOCKS else "use one of these: "
            allowed = "" if name in _CLOCKS else ", ".join(sorted({*rules.FUNCTIONS, *helpers()}))
            raise PolicyError(
                f"{source}: line {word.line} calls {brief(name)}(), which a policy may not; {hint}{allowed}."
            )


def _check_names(source: str, tokens: Sequence[Token], tree: exp.Select) -> None:
    """Refuse names that PostgreSQL reads as they are, and names of rows that do not fit into names of ours."""
    for before, token in pairwise(tokens):
        if token.token_type is TokenType.IDENTIFIER and before.token_type is not TokenType.COLLATE:
            raise PolicyError(
                f"{source}: line {token.line} has the name {shown(token.text)} in quotes; write names in lower-case "
                "letters, digits and _, without quotes."
            )
    # Columns of ours are called by the name of rows, two underscores, and the name of one of their columns.
    longest = 61 - max(len(column) for columns in offered().values() for column, _ in columns)
    for given in tree.find_all(exp.TableAlias):
        if isinstance(given.parent, exp.CTE):
            continue
        if given.name.startswith("_") or len(given.name) > longest:
            raise PolicyError(
                f"{source}: rows are called {shown(given.name)}; begin with a letter and take at most {longest}."
            )


_CLOCKS = frozenset(
    {"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "age"}
)


def _check_relations(source: str, tree: exp.Select) -> frozenset[str]:
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for name in sorted(own & set(offered())):
        raise PolicyError(
            f"{source}: WITH names a relation {shown(name)} that is offered; choose another name."
        )
    names = set()
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Anonymous):
            continue  # rows of a value; the function's name is checked where the tokens are
        name = table.name
        if table.args.get("db") or table.args.get("catalog") or not isinstance(table.this, exp.Identifier):
            raise PolicyError(
                f"{source}: the statement reads {_short(table)}; name one of {', '.join(offered())} "
                "without a schema."
            )
        if table.args.get("only") or (name not in own and name not in offered()):
            raise PolicyError(
                f"{source}: the statement reads {_short(table)}, which is not offered; read only "
                f"{', '.join(offered())}."
            )
        if name not in own:
            names.add(name)
    return frozenset(names)


def _check_placeholders(source: str, tree: exp.Select, tokens: Sequence[Token], declared: set[str]) -> None:
    used = [name for _, name in placeholders(tokens)]
    if len(used) != sum(1 for _ in tree.find_all(exp.Placeholder)):
        raise PolicyError(f"{source}: a parameter is not written as `:name`; write it so.")
    for name in used:
        if name != AS_OF and name not in declared:
            known = ", ".join(sorted({AS_OF, *declared}))
            raise PolicyError(
                f"{source}: the parameter :{name} is not declared (known: {known}); "
                "declare it in policy.yaml."
            )
    for name in sorted(declared - set(used)):
        raise PolicyError(
            f"{source}: the declared parameter {shown(name)} is not used; use :{name} or "
            "remove it from policy.yaml."
        )


#: What a logic returned, and joined by, before item types were declared.
_FORMER = frozenset(
    {
        "stage_id",
        "account_region_id",
        "stage_version",
        "rest_api_version",
        "integration_version",
        "certificate_version",
    }
)


def _check_form(source: str, tree: exp.Select) -> None:
    """Refuse a logic of the form that former versions read, with what to change."""
    former = [name for name in _projections(tree) if name in _FORMER]
    keys = [
        column.name for column in tree.find_all(exp.Column) if column.name in ("stage_id", "rest_api_key")
    ]
    if former or keys:
        raise PolicyError(
            f"{source}: {shown((former or keys)[0])} is of the form that former versions read; return only condition "
            "(and recheck_at, subjects), leave out the branches for stages that are gone or stale, and join by "
            "item_id and parent_id (`gateledger items show stage` lists the columns)."
        )


def _check_every_item(source: str, tree: exp.Select, item: ItemType) -> None:
    """The outermost SELECT may leave no item out: each has a status under every policy that judges its type."""
    origin = tree.args.get("from_")
    table = origin.this if origin is not None else None
    if not isinstance(table, exp.Table) or table.name != item.name:
        raise PolicyError(
            f"{source}: the outermost SELECT is not FROM {item.name}, which resource_type names; "
            f"begin with FROM {item.name}."
        )
    for part in ("where", "having", "group", "distinct", "limit", "offset", "windows", "qualify"):
        if tree.args.get(part):
            raise PolicyError(
                f"{source}: the outermost SELECT has {part.upper()}, which may leave items out; "
                "give those items a condition."
            )
    for join in tree.args.get("joins") or []:
        if join.side != "LEFT" or join.kind not in ("", "OUTER") or join.method:
            raise PolicyError(
                f"{source}: {shown(_short(join))} may leave items out; write LEFT JOIN with an ON."
            )


def _projections(tree: exp.Expr) -> dict[str, exp.Expr]:
    return {item.alias_or_name: item for item in tree.args["expressions"]}


def _check_outputs(source: str, tree: exp.Select) -> dict[str, exp.Expr]:
    outputs = _projections(tree)
    if len(outputs) < len(tree.expressions):
        raise PolicyError(f"{source}: two output columns have the same name; give each its own.")
    for name, _ in VERDICT:
        if name not in outputs:
            raise PolicyError(f"{source}: the output column {shown(name)} is missing; select it.")
    for name in outputs:
        if name not in {known for known, _ in (*VERDICT, RECHECK, SUBJECTS)}:
            raise PolicyError(f"{source}: the output column {shown(name or '?')} is not expected; remove it.")
    return outputs


def _conditions(source: str, output: exp.Expr, item: ItemType) -> tuple[str, ...]:
    case = output.unalias()
    if not isinstance(case, exp.Case):
        raise PolicyError(
            f"{source}: `condition` is not a CASE; write CASE WHEN ... THEN 'name' ... ELSE 'name' END."
        )
    if case.this is not None:
        raise PolicyError(
            f"{source}: the CASE of `condition` compares {_short(case.this)} with each branch; "
            "write the comparison out in each WHEN."
        )
    default = case.args.get("default")
    results = [branch.args["true"] for branch in case.args["ifs"]]
    results += [] if default is None else [default]
    for result in results:
        if not isinstance(result, exp.Literal) or not result.is_string:
            raise PolicyError(
                f"{source}: the CASE of `condition` gives {_short(result)}; "
                "give the name of a condition in quotes."
            )
    names = [one.name for one in shared_conditions(item) if one.asks is not None]
    for result in results:
        if result.name in names:
            raise PolicyError(
                f"{source}: the condition {shown(result.name)} is asked before every policy's own; remove its branch."
            )
    names += [result.name for result in results]
    names += [DEFAULT] if default is None else []
    return tuple(name for position, name in enumerate(names) if name not in names[position + 1 :])


def _check_literals(source: str, tree: exp.Select, condition: exp.Expr) -> None:
    case = condition.unalias()
    names = {id(branch.args["true"]) for branch in case.args["ifs"]} | {id(case.args.get("default"))}
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and id(literal) not in names:
            words = set(re.findall(r"[a-z]+", literal.name.lower()))
            if words & rules.CLOCK_WORDS:
                raise PolicyError(
                    f"{source}: the text {shown(literal.name)} could be read as a time of the clock; "
                    f"use the parameter :{AS_OF}."
                )


def _check_columns(source: str, tree: exp.Select) -> None:
    aliases = {table.alias_or_name for table in tree.find_all(exp.Table)}
    for column in tree.find_all(exp.Column):
        if column.args.get("db") or column.args.get("catalog"):
            raise PolicyError(f"{source}: {_short(column)} names a schema; name the relation and the column.")
        if not column.table and column.name in aliases:
            raise PolicyError(f"{source}: {shown(column.name)} selects a whole row; name its columns.")
        if not column.table and not _is_own_output(column):
            raise PolicyError(
                f"{source}: the column {shown(column.name)} names no relation; write relation.column."
            )
    schema: Mapping[str, object] = {name: dict(columns) for name, columns in offered().items()}
    try:
        qualify(
            tree.copy(),
            dialect="postgres",
            schema=dict(schema),
            expand_stars=False,
            quote_identifiers=False,
            identify=False,
        )
    except OptimizeError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise PolicyError(
            f"{source}: a column is not there or not clear ({reason}); write relation.column as offered."
        ) from None
    except SqlglotError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise PolicyError(f"{source}: the SQL is wrong ({reason}); correct it.") from None


def _is_own_output(column: exp.Column) -> bool:
    """Return whether an ORDER BY names an output column of its own SELECT, which belongs to no relation."""
    select = column.find_ancestor(exp.Select)
    return (
        select is not None
        and isinstance(column.parent, exp.Ordered)
        and any(isinstance(one, exp.Alias) and one.alias == column.name for one in select.expressions)
    )


def _short(node: exp.Expr) -> str:
    return brief(node.sql(dialect="postgres", comments=False))
