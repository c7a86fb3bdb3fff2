"""Items in the forms that are stored: rows for COPY and for statements, digests, values of fields."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import orjson

from cmdb.items import Absence, Field, ItemType, Kind
from cmdb.items.expressions import fitting
from cmdb.snapshot import Item
from cmdb.storage.copying import microseconds, raw_field, text_field, texts, time
from cmdb.storage.digest import Encoded

_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_NULL = b"\xff\xff\xff\xff"

Encoder = Callable[[Any], bytes]


def _boolean(value: bool | None) -> bytes:
    return _NULL if value is None else _TRUE if value else _FALSE


def _time(value: datetime | None) -> bytes:
    return raw_field(time(value))


def _texts(value: Sequence[str] | None) -> bytes:
    return _NULL if value is None else raw_field(texts(tuple(value)))


def _integer(value: int | None) -> bytes:
    return _NULL if value is None else struct.pack("!ii", 4, value)


def _bigint(value: int | None) -> bytes:
    return _NULL if value is None else struct.pack("!iq", 8, value)


def _numeric(value: float | None) -> bytes:
    """Return a number as PostgreSQL sends numeric: digits of base 10,000, the weight of the first, sign, scale."""
    if value is None:
        return _NULL
    sign, digits, exponent = Decimal(str(value)).as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - JSON has no NaN and no infinity
    scale = max(0, -exponent)
    whole = "".join(map(str, digits)) + "0" * max(0, exponent)
    whole = whole.rjust(scale + 1, "0")
    before, after = whole[: len(whole) - scale], whole[len(whole) - scale :]
    before = before.rjust(-(-len(before) // 4) * 4, "0")
    after = after.ljust(-(-len(after) // 4) * 4, "0")
    groups = [int((before + after)[at : at + 4]) for at in range(0, len(before + after), 4)]
    head = struct.pack("!hhHH", len(groups), len(before) // 4 - 1, 0x4000 if sign else 0, scale)
    return raw_field(head + struct.pack(f"!{len(groups)}h", *groups))


def _json(value: Any) -> bytes:
    return _NULL if value is None else raw_field(b"\x01" + orjson.dumps(value))


_ENCODERS: Mapping[Kind, Encoder] = {
    Kind.TEXT: text_field,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
    Kind.TEXTS: _texts,
    Kind.INTEGER: _integer,
    Kind.BIGINT: _bigint,
    Kind.NUMERIC: _numeric,
    Kind.JSON: _json,
}


Reader = Callable[[Item], Any]


def _reader(field: Field) -> Reader:
    """Return what gives a field's value: computed by the collector, or from the payload.

    None where it is not there, and where the payload holds another type than declared, as in SQL.
    """
    name, fitted = field.name, fitting(field.kind)
    *outer, last = field.keys

    def read(item: Item) -> Any:
        derived = item.derived
        if name in derived:
            return derived[name]
        value: Any = item.payload
        for key in outer:
            value = value.get(key)
            if not isinstance(value, dict):
                return None
        return fitted(value.get(last))

    return read


@dataclass(frozen=True, slots=True)
class Cell:
    """A stored field: how its value is read from an item, and encoded."""

    field: Field
    read: Reader
    encode: Encoder


@dataclass(frozen=True, slots=True)
class Form:
    """How the items of one type are encoded."""

    declared: ItemType
    columns: str
    """Columns of a row for COPY, comma-separated."""
    cells: tuple[Cell, ...]
    digested: tuple[Reader, ...]
    """What else than the payload is compared."""

    def encode(self, item: Item) -> Encoded:
        """Return an item's digest and payload; of a type without payload both are of its values."""
        declared = self.declared
        if not declared.has_payload:
            return Encoded([item.parent, item.key], self.values(item), frozenset())
        if declared.shared_payload:
            return Encoded(None, item.payload, frozenset())
        identity = [item.key] if item.parent is None else [item.parent, item.key]
        identity += [read(item) for read in self.digested]
        return Encoded(identity, item.payload, declared.volatile)

    def values(self, item: Item) -> dict[str, Any]:
        """Return the values of the fields that versions have, by name."""
        return {
            cell.field.name: cell.read(item)
            for cell in self.cells
            if not cell.field.noted and cell.field.name != self.declared.kind_field
        }

    def noted(self, item: Item) -> dict[str, Any]:
        """Return the values of the fields that are only noted, by name."""
        return {cell.field.name: cell.read(item) for cell in self.cells if cell.field.noted}

    def fills(self, item: Item) -> dict[str, Any]:
        """Return the values that a version of it is given where it lacks them, by name of the field."""
        found = {field.name: item.derived.get(field.name) for field in self.declared.filled}
        return {name: value for name, value in found.items() if value is not None}

    def rows(
        self, new: Sequence[tuple[int, int, Item, Encoded, int | None]], as_of: datetime
    ) -> Iterator[bytes]:
        """Yield encoded rows of new items: (key, account-region, item, encoded, key of the parent)."""
        declared = self.declared
        cells = [(cell.read, cell.encode, cell.field.since is not None) for cell in self.cells]
        since, at = microseconds(as_of), raw_field(time(as_of))
        count = len(self.columns.split(","))
        has_digest, is_proof = declared.has_payload, declared.proves_absence
        head = struct.Struct("!hiqiiiqiq").pack
        digest_head = struct.Struct("!i16s").pack
        parent_head = struct.Struct("!iq").pack
        is_noted = declared.absence is Absence.NONE
        for key, region_id, item, encoded, parent_id in new:
            parts = [head(count, 8, key, 4, region_id, 8, key, 8, since)]
            if has_digest:
                parts.append(digest_head(16, encoded.digest))
            if is_proof:
                parts.append(_FALSE)
            if is_noted:
                parts.append(at)
            if parent_id is not None:
                parts.append(parent_head(8, parent_id))
            if declared.key is not None:
                parts.append(text_field(item.key))
            for read, encode, has_since in cells:
                parts.append(encode(read(item)))
                if has_since:
                    parts.append(at)
            yield b"".join(parts)

    def changed_row(self, item_id: int, version_id: int, item: Item, encoded: Encoded) -> dict[str, Any]:
        """Return an item as a statement takes it that opens a new version."""
        row: dict[str, Any] = {"item_id": item_id, "version_id": version_id}
        for cell in self.cells:
            if cell.field.name != self.declared.kind_field:
                row[cell.field.name] = cell.read(item)
        if self.declared.has_payload:
            row["digest"] = _hexadecimal(encoded.digest)
        if self.declared.has_payload and not self.declared.shared_payload:
            row["payload"] = orjson.Fragment(encoded.payload)
        return row


def payload_row(encoded: Encoded) -> dict[str, Any]:
    """Return a payload as a statement takes it that stores equal ones once."""
    return {"digest": _hexadecimal(encoded.digest), "payload": orjson.Fragment(encoded.payload)}


def _hexadecimal(value: bytes) -> str:
    return "\\x" + value.hex()


@cache
def form_of(declared: ItemType) -> Form:
    """Return the form of an item type."""
    cells = tuple(Cell(field, _reader(field), _ENCODERS[field.kind]) for field in declared.stored)
    columns = ["item_id", "account_region_id", "version_id", "valid_from"]
    if declared.has_payload:
        columns.append("digest")
    if declared.proves_absence:
        columns.append("proven_absent")
    if declared.absence is Absence.NONE:
        columns.append("read_at")
    if declared.parent is not None:
        columns.append("parent_id")
    if declared.key is not None:
        columns.append(declared.key.name)
    for field in declared.stored:
        columns.append(field.name)
        if field.since is not None:
            columns.append(field.since)
    digested = tuple(_reader(declared.field(name)) for name in declared.digested)
    return Form(declared, ", ".join(columns), cells, digested)


def values_digest(parent: str | None, key: str, values: Mapping[str, Any]) -> bytes:
    """Return the digest that a known row of a type without payload would have."""
    return Encoded([parent, key], dict(values), frozenset()).digest


__all__ = ["Form", "form_of", "payload_row", "values_digest"]
