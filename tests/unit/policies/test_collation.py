"""Whatever the locale of a database, policies fold and match letters alike."""

from __future__ import annotations

import pytest

from evaluator.catalog.collation import bytewise


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("SELECT lower(a.b) = 'x'", "SELECT lower((a.b) COLLATE \"C\") = 'x'"),
        ("SELECT Upper(replace(a, '(', ''))", "SELECT Upper((replace(a, '(', '')) COLLATE \"C\")"),
        ("SELECT lower(upper(a))", 'SELECT lower((upper((a) COLLATE "C")) COLLATE "C")'),
        ("SELECT a ->> 0 ILIKE 'x'", "SELECT a ->> 0  || '' COLLATE \"C\" ILIKE 'x'"),
        ("SELECT a NOT ILIKE 'x'", "SELECT a  || '' COLLATE \"C\" NOT ILIKE 'x'"),
        ("SELECT a !~* 'x'", "SELECT a  || '' COLLATE \"C\" !~* 'x'"),
        ("SELECT a ~ 'x' -- lower(b)", "SELECT a  || '' COLLATE \"C\" ~ 'x' -- lower(b)"),
        ("SELECT 'lower(a)', a.lower, lower", "SELECT 'lower(a)', a.lower, lower"),
        ("SELECT a LIKE 'x' AND lower(b", "SELECT a LIKE 'x' AND lower(b"),
    ],
)
def test_the_collation_is_written_out_where_the_databases_would_decide(text: str, meant: str) -> None:
    assert bytewise(text) == meant
