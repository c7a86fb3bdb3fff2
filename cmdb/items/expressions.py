"""How a field is read from a payload, in SQL: a value of another type than declared reads as null.

AWS promises types and sends what it likes; a cast that fails would fail the evaluation of every other item.
"""

from __future__ import annotations

from cmdb.items.declaration import Field, Kind

#: Times as collectors store them; anything else in their place is no time.
_TIME = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-][01][0-9]:[0-5][0-9])$"
)
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
    }.get(field.kind, f"({text})::{field.kind}")
    condition = f"jsonb_typeof({place}) = '{_JSON_TYPE[field.kind]}'"
    if field.kind in _SMALLEST:
        smallest = _SMALLEST[field.kind]
        condition = (
            f"CASE WHEN {condition} THEN ({text})::numeric BETWEEN {smallest} AND {-smallest - 1} "
            f"AND ({text})::numeric % 1 = 0 END"
        )
    if field.kind is Kind.TIME:
        shape = f"{text} ~ '{_TIME}' OR ({text} ~ '{_time_at_months_end()}')"
        condition = f"CASE WHEN {condition} THEN {shape} END"
    return f"CASE WHEN {condition} THEN {value} END"


def _time_at_months_end() -> str:
    clock = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][01][0-9]:[0-5][0-9])$"
    days = (
        r"[0-9]{4}-(0[13-9]|1[0-2])-(29|30)",
        r"[0-9]{4}-(0[13578]|1[02])-31",
        r"[0-9]{2}(0[48]|[2468][048]|[13579][26])-02-29",
    )
    return f"^({'|'.join(days)})T{clock}"


def _place(field: Field, payload: str, *, as_text: bool = False) -> str:
    *outer, last = field.keys
    steps = "".join(f" -> '{key}'" for key in outer)
    return f"{payload}{steps} {'->>' if as_text else '->'} '{last}'"
