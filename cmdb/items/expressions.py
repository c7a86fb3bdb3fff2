"""How a field is read from a payload, in SQL: a value of another type than declared reads as null.

AWS promises types and sends what it likes; a cast that fails would fail the evaluation of every other item.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cmdb.items.declaration import Field, Kind

#: Times as collectors store them; anything else in their place is no time.
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])"
_DATE = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
    r"[0-9]{4}-(0[13-9]|1[0-2])-(29|30)",
    r"[0-9]{4}-(0[13578]|1[02])-31",
    r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29",
)
_TIME = f"^(?!0000)({'|'.join(_DATE)})T{_CLOCK}$"
_PATTERN = re.compile(_TIME)
_SMALLEST = {Kind.INTEGER: -(2**31), Kind.BIGINT: -(2**63)}
_JSON_TYPE = {
    Kind.TEXT: "string",
    Kind.TIME: "string",
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "number",
    Kind.BIGINT: "number",
    Kind.NUMERIC: "number",
    Kind.TEXTS: "array",
}


def from_payload(field: Field, payload: str) -> str:
    """Return the expression for a field of ``payload``, a jsonb expression that may be null."""
    place = _place(field, payload)
    if field.encoded:
        text = _place(field, payload, as_text=True)
        return f"CASE WHEN jsonb_typeof({place}) = 'string' THEN cmdb.json_of_text({text}) END"
    if field.kind is Kind.JSON:
        return f"nullif({place}, 'null')"
    text = _place(field, payload, as_text=True)
    value = {
        Kind.TEXT: text,
        Kind.BOOLEAN: f"({text})::boolean",
        Kind.NUMERIC: f"({text})::numeric",
        Kind.TIME: f"({text})::timestamptz",
        Kind.TEXTS: f"ARRAY(SELECT e.value FROM jsonb_array_elements_text({place}) AS e (value))",
    }.get(field.kind, f"({text})::numeric::{field.kind}")
    condition = f"jsonb_typeof({place}) = '{_JSON_TYPE[field.kind]}'"
    if field.kind in _SMALLEST:
        smallest = _SMALLEST[field.kind]
        condition = (
            f"CASE WHEN {condition} THEN ({text})::numeric BETWEEN {smallest} AND {-smallest - 1} "
            f"AND trunc(({text})::numeric) = ({text})::numeric END"
        )
    if field.kind is Kind.TIME:
        condition = f"CASE WHEN {condition} THEN {text} ~ '{_TIME}' END"
    if field.kind is Kind.TEXTS:
        other = f"jsonb_path_exists({place}, 'strict $[*] ? (@.type() != \"string\")')"
        condition = f"CASE WHEN {condition} THEN NOT {other} END"
    return f"CASE WHEN {condition} THEN {value} END"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> list[str] | None:
    fits = isinstance(value, list) and all(isinstance(element, str) for element in value)
    return value if fits else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(smallest: int) -> Callable[[Any], int | None]:
    def fitted(value: Any) -> int | None:
        number = _number(value)
        if number is None or number % 1 != 0 or not smallest <= number <= -smallest - 1:
            return None
        return int(number)

    return fitted


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and _PATTERN.fullmatch(value) else None


_FITTING: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.BOOLEAN: _boolean,
    Kind.NUMERIC: _number,
    Kind.TIME: _moment,
    Kind.TEXTS: _texts,
    Kind.JSON: lambda value: value,
    **{kind: _whole(smallest) for kind, smallest in _SMALLEST.items()},
}


def fitting(kind: Kind) -> Callable[[Any], Any]:
    """Return what reads a payload's value as a field of this kind, as the expression does; None: it does not fit."""
    return _FITTING[kind]


def _place(field: Field, payload: str, *, as_text: bool = False) -> str:
    *outer, last = field.keys
    steps = "".join(f" -> '{key}'" for key in outer)
    return f"{payload}{steps} {'->>' if as_text else '->'} '{last}'"
