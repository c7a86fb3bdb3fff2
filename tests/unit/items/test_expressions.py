"""How fields are read from payloads: a value of another type than declared is null, in SQL and in Python."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cmdb.items import Field, Kind
from cmdb.items.expressions import fitting, from_payload

pytestmark = pytest.mark.both_servers

#: Of each kind what JSON may hold, and what it is read as.
FITTING: list[tuple[Kind, Any, Any]] = [
    (Kind.TEXT, "a", "a"),
    (Kind.TEXT, "", ""),
    (Kind.TEXT, "null", "null"),
    (Kind.BOOLEAN, True, True),
    (Kind.BOOLEAN, False, False),
    (Kind.INTEGER, 0, 0),
    (Kind.INTEGER, 2**31 - 1, 2**31 - 1),
    (Kind.INTEGER, -(2**31), -(2**31)),
    (Kind.INTEGER, 3.0, 3),
    (Kind.INTEGER, 1e5, 100_000),
    (Kind.BIGINT, 2**63 - 1, 2**63 - 1),
    (Kind.BIGINT, -(2**63), -(2**63)),
    (Kind.BIGINT, 4.0, 4),
    (Kind.NUMERIC, 12.5, 12.5),
    (Kind.NUMERIC, -3, -3),
    (Kind.NUMERIC, 1e20, 1e20),
    (Kind.TEXTS, [], []),
    (Kind.TEXTS, ["b", "", "a"], ["b", "", "a"]),
    (Kind.TIME, "2026-11-01T02:03:04Z", datetime.fromisoformat("2026-11-01T02:03:04Z")),
    (Kind.TIME, "2026-11-01T02:03:04.5+00:00", datetime.fromisoformat("2026-11-01T02:03:04.5Z")),
    (Kind.TIME, "2024-02-29T23:59:59-15:59", datetime.fromisoformat("2024-02-29T23:59:59-15:59")),
    (Kind.TIME, "2000-02-29T00:00:00Z", datetime.fromisoformat("2000-02-29T00:00:00Z")),
    (Kind.TIME, "2026-12-31T00:00:00Z", datetime.fromisoformat("2026-12-31T00:00:00Z")),
    (Kind.TIME, "2026-04-30T00:00:00Z", datetime.fromisoformat("2026-04-30T00:00:00Z")),
    (Kind.JSON, {"a": [1, None]}, {"a": [1, None]}),
    (Kind.JSON, [], []),
    (Kind.JSON, "text", "text"),
    (Kind.JSON, False, False),
]
ANYTHING: list[Any] = [
    None, "", "text", "true", "1", "{}", True, False, 0, 1, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 10**30,
    1.5, -0.5, 1e300, [], ["a"], [1], [None], ["a", ["b"]], [{}], {}, {"a": "b"},
    "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "0000-01-01T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+16:00", "2026-01-01T00:00:00+19:59", "2026-01-01", "2026-01-01 00:00:00Z", "now",
    "infinity", "epoch", "today", "10000-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00." + "1" * 200 + "Z",
]  # fmt: skip
KEYS = [("it",), ("outer", "it"), ("a", "b", "c")]


def field(kind: Kind, keys: tuple[str, ...] = ("it",)) -> Field:
    return Field("it", kind, ".".join(keys), "It.", "There is none.")


def wrapped(value: Any, keys: tuple[str, ...]) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def read(connection: psycopg.Connection[Any], one: Field, payloads: list[Any]) -> list[Any]:
    """Read the field of each payload as relations do, with other values bound."""
    text = (
        f"SELECT {from_payload(one, 'w.payload')} "
        "FROM unnest(%(payloads)s::text[]) WITH ORDINALITY AS g (given, n) "
        "CROSS JOIN LATERAL (SELECT g.given::jsonb AS payload) AS w ORDER BY g.n"
    )
    given = {"payloads": [None if payload is None else json.dumps(payload) for payload in payloads]}
    rows = [row[0] for row in connection.execute(sql.SQL(text), given)]
    # Of numbers beyond what a double holds exactly, the double is meant.
    return [float(value) if isinstance(value, Decimal) else value for value in rows]


@pytest.fixture
def connection(postgres_url: str) -> Any:
    with psycopg.connect(postgres_url) as made:
        made.execute("SET timezone = 'America/New_York'; SET datestyle = 'ISO, DMY'")
        yield made


@pytest.mark.parametrize("keys", KEYS, ids=len)
@pytest.mark.parametrize("kind", Kind)
def test_a_value_of_the_declared_type_is_read(
    connection: psycopg.Connection[Any], kind: Kind, keys: tuple[str, ...]
) -> None:
    cases = [(given, expected) for of, given, expected in FITTING if of is kind]
    assert cases
    found = read(connection, field(kind, keys), [wrapped(given, keys) for given, _ in cases])
    assert found == [expected for _, expected in cases]
    assert [fitting(kind)(given) for given, _ in cases] == [expected for _, expected in cases]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.JSON])
def test_a_value_of_another_type_is_null_and_fails_nothing(
    connection: psycopg.Connection[Any], kind: Kind
) -> None:
    """Given whatever JSON can hold, then SQL and Python agree on what fits, and most does not."""
    found = read(connection, field(kind), [{"it": value} for value in ANYTHING])
    expected = [fitting(kind)(value) for value in ANYTHING]
    if kind is Kind.NUMERIC:
        expected = [None if value is None else float(value) for value in expected]
    assert found == expected
    assert sum(value is None for value in found) > len(ANYTHING) / 3


def test_what_is_no_time_is_null(connection: psycopg.Connection[Any]) -> None:
    times = [value for value in ANYTHING if isinstance(value, str)]
    assert read(connection, field(Kind.TIME), [{"it": value} for value in times]) == [None] * len(times)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_not_there_is_null(connection: psycopg.Connection[Any], kind: Kind) -> None:
    payloads = [None, {}, [], "text", 5, True, {"it": None}, {"outer": {}}]
    assert read(connection, field(kind), payloads) == [None] * len(payloads)
    nested = [
        None,
        {},
        {"outer": None},
        {"outer": "it"},
        {"outer": ["it"]},
        {"outer": {"it": None}},
        {"it": 1},
    ]
    assert read(connection, field(kind, ("outer", "it")), nested) == [None] * len(nested)
