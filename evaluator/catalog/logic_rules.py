"""What ``logic.sql`` may be made of: an allow-list, so that whatever is not named here is refused."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

STRUCTURE: Final[tuple[type[exp.Expression], ...]] = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Distinct,
    exp.Table, exp.TableAlias, exp.Alias, exp.Subquery, exp.With, exp.CTE, exp.Exists, exp.Union,
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Star, exp.Placeholder, exp.Paren,
    exp.Tuple, exp.Case, exp.If, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE,
    exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between, exp.Like, exp.ILike, exp.Any, exp.All,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe, exp.Interval, exp.Var, exp.Cast,
    exp.DataType, exp.Array, exp.ArrayContainsAll, exp.ArrayOverlaps, exp.Window, exp.Filter, exp.Lateral,
    exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey,
    exp.JSONPathSubscript, exp.JSONBContains, exp.JSONBContainsTopKey, exp.RegexpLike, exp.RegexpILike,
    exp.Collate,
)  # fmt: skip
"""Parts of a SELECT that read, compare and compute, and nothing else."""

WRITES: Final[tuple[type[exp.Expression], ...]] = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock, exp.Create, exp.Drop, exp.Copy,
)  # fmt: skip

FUNCTIONS: Final[frozenset[str]] = frozenset(
    {
        "abs", "array_agg", "array_length", "array_position", "avg", "bool_and", "bool_or", "btrim",
        "cardinality", "coalesce", "concat", "count", "every", "greatest", "jsonb_array_elements",
        "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array", "jsonb_each", "jsonb_each_text",
        "jsonb_object_keys", "jsonb_typeof", "least", "left", "length", "lower",
        "ltrim", "max", "min", "nullif", "replace", "right", "row_number", "rtrim", "split_part",
        "starts_with", "string_agg", "string_to_array", "string_to_table", "strpos", "substr",
        "substring", "sum", "trim", "upper",
    }
)  # fmt: skip
"""Functions whose result rests on their arguments alone: no clock, no settings, no other data, no file."""

BEFORE_PARENTHESIS: Final[frozenset[str]] = frozenset(
    {
        "all", "and", "any", "array", "as", "between", "by", "case", "cast", "distinct", "else", "exists",
        "filter", "from", "having", "in", "interval", "is", "join", "lateral", "like", "ilike", "materialized", "not",
        "on", "or", "over", "select", "some", "then", "using", "when", "where", "numeric",
    }
)  # fmt: skip
"""Words that may stand before a parenthesis without being a call."""

TYPES: Final[frozenset[exp.DType]] = frozenset(
    {
        exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.BOOLEAN, exp.DType.SMALLINT, exp.DType.INT,
        exp.DType.BIGINT, exp.DType.DECIMAL, exp.DType.DOUBLE, exp.DType.INTERVAL, exp.DType.ARRAY,
    }
)  # fmt: skip
"""Types that anything may be cast to; a time only from a literal date: others use the clock."""

CLOCK_WORDS: Final[frozenset[str]] = frozenset({"now", "today", "tomorrow", "yesterday"})
"""Words that PostgreSQL reads as times of its clock when they are cast to a time."""
