"""Content of items of any declared type, drawn by a number: what AWS could say, and what it should not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cmdb.items import NEVER, Field, ItemType, Kind, item_type

_WORDS = (
    "", " ", "x", "HTTP", "WEBSOCKET", "REGIONAL", "TLS_1_2", "NONE", "AVAILABLE", "arn:aws:iam::1:role/x",
    "\u2600 \\N", "null", "true", "7",
)  # fmt: skip
_FIRST = datetime(2025, 12, 24, 18, 30, 15, 500_000, tzinfo=UTC)
_OTHER = (None, True, False, 0, 2**31, -(2**63), 0.5, "soon", "", [], [1], ["a", 2], {}, {"a": {"b": 1}})
_ABSENT = object()


Named = Mapping[str, Sequence[str]]
"""By field: keys of the items that it can name."""


def payload(name: str, key: str, number: int, named: Named | None = None) -> dict[str, Any]:
    """Return a payload of an item type: each field may be missing, of another type, or as declared."""
    declared = item_type(name)
    said: dict[str, Any] = {}
    for field in declared.fields:
        if not field.derived:
            random = Random(f"{name} {field.name} {number}")  # noqa: S311
            keys = (named or {}).get(field.name)
            _put(said, field, _value(field, random) if keys is None else random.choice(keys))
    if declared.key is not None:
        _put(said, declared.key, key)
    return said


def derived(declared: ItemType, said: dict[str, Any], named: Named | None = None) -> dict[str, Any]:
    """Return what a reader computes of a payload: the same for payloads that differ only in what changes by itself."""
    content = json.dumps({key: said[key] for key in sorted(said.keys() - declared.volatile)})
    found = {}
    for field in declared.fields:
        if field.derived:
            random = Random(f"{declared.name} {field.name} {content}")  # noqa: S311
            keys = (named or {}).get(field.name)
            found[field.name] = _computed(field, random) if keys is None else random.choice(keys)
    return found


def _put(said: dict[str, Any], field: Field, value: Any) -> None:
    """Put a value where a field lies, unless something else lies in its way."""
    if value is _ABSENT:
        return
    *outer, last = field.keys
    place = said
    for step in outer:
        place = place.setdefault(step, {})
        if not isinstance(place, dict):
            return
    place[last] = value


def _value(field: Field, random: Random) -> Any:
    if field.null != NEVER:
        if random.random() < 0.3:
            return _ABSENT
        if random.random() < 0.15:
            return random.choice(_OTHER)
    if field.encoded:
        return random.choice(["{}", "[1", json.dumps(_json(random, 2))])
    found = _DRAWN[field.kind](random)
    if isinstance(found, datetime):
        return found.isoformat()
    return list(found) if isinstance(found, tuple) else found


def _computed(field: Field, random: Random) -> Any:
    """Return a value as readers compute them: never of another type."""
    if field.null != NEVER and random.random() < 0.3:
        return None
    return _DRAWN[field.kind](random)


#: How a value of each kind is drawn.
_DRAWN: Mapping[Kind, Callable[[Random], Any]] = {
    Kind.TEXT: lambda random: random.choice(_WORDS),
    Kind.BOOLEAN: lambda random: random.random() < 0.5,
    Kind.INTEGER: lambda random: random.choice([0, 1, -1, 2**31 - 1, -(2**31), random.randrange(100)]),
    Kind.BIGINT: lambda random: random.choice([0, 2**31, 2**63 - 1, -(2**63), random.randrange(10**12)]),
    Kind.NUMERIC: lambda random: random.choice(
        [0, 0.5, 100, -1234567.00089, 1e-7, random.randrange(1000) / 8]
    ),
    Kind.TIME: lambda random: _FIRST + timedelta(seconds=random.randrange(10**8)),
    Kind.TEXTS: lambda random: tuple(random.choice(_WORDS) for _ in range(random.randrange(3))),
    Kind.JSON: lambda random: _json(random, 3),
}


def _json(random: Random, depth: int) -> Any:
    if depth == 0 or random.random() < 0.3:
        return random.choice([None, True, 7, -0.25, "x", "NONE", [], {}])
    if random.random() < 0.5:
        return [_json(random, depth - 1) for _ in range(random.randrange(3))]
    names = ("verb", "path", "RouteKey", "AuthorizationType", "DetailedMetricsEnabled", "a")
    return {random.choice(names): _json(random, depth - 1) for _ in range(random.randrange(3))}
