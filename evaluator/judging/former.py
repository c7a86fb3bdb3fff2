"""A logic of the form that was read before item types were declared, in today's form.

Records name the content that judged. The shipped policies had that form when they judged by drafts, so that an
explanation of those nights runs their own text: the integrations of the draft, not today's deployments.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from evaluator.catalog.reading import sql_text

_KEPT = frozenset({"condition", "recheck_at"})
_SHARED = frozenset({"stage_disappeared", "inventory_stale"})


def is_former(logic: str) -> bool:
    """Return whether a logic has the former form."""
    return "stage.stage_id" in logic


def of_today(logic: str) -> str:
    """Return a logic of the former form in today's.

    Keys have their names of today; the branches that every policy shares, and the columns of evidence, are
    left out, for they are put there again when it runs.
    """
    tree = sqlglot.parse_one(logic, dialect="postgres", into=exp.Select)
    tree.set("expressions", [one for one in tree.expressions if one.alias_or_name in _KEPT])
    case = next(one.unalias() for one in tree.expressions if one.alias_or_name == "condition")
    case.set("ifs", [branch for branch in case.args["ifs"] if branch.args["true"].name not in _SHARED])
    for column in tree.find_all(exp.Column):
        if column.name == "rest_api_key":
            is_own = column.table == "rest_api" or (
                column.table == "integration" and isinstance(column.parent, exp.Is)
            )
            column.set("this", exp.to_identifier("item_id" if is_own else "parent_id"))
        elif (column.table, column.name) == ("certificate", "certificate_id") and isinstance(
            column.parent, exp.Is
        ):
            column.set("this", exp.to_identifier("item_id"))
    return sql_text(tree)
