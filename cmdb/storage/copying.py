"""Binary COPY of rows, keys for them, and few rows as parameters.

Values of jsonb, timestamptz and text[] columns are given in their wire form by the functions here: the driver
would convert each value in Python, and a load writes the same time a million times. An encoded row is the
count of its fields (2 bytes), then for each field its length (4 bytes) and its wire form.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from psycopg import sql

from cmdb.queries import query
from cmdb.server.database import Cursor

_SQL = "cmdb.storage.sql"

_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TEXT_OID = 25
_LENGTH = struct.Struct("!i")
_TIME = struct.Struct("!q")
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_CHUNK_ROWS = 200
#: Up to so many rows a statement takes them as its parameter; of more COPY is quicker.
FEW_ROWS = 500
_SLICE_BYTES = 8 * 2**20


def take_ids(cursor: Cursor, count: int) -> Sequence[int]:
    """Return that many new ids for items and versions, in ascending order."""
    if not count:
        return ()
    row = cursor.execute(query("version_ids", _SQL), {"count": count}, binary=True).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns its row
    first, last, scattered = row
    return range(first, last + 1) if scattered is None else sorted(scattered)


def jsonb(text: bytes) -> bytes:
    """Return JSON text in the wire form of jsonb."""
    return b"\x01" + text


def microseconds(moment: datetime) -> int:
    """Return a time as timestamptz counts it: microseconds since 2000."""
    return (moment - _POSTGRES_EPOCH) // _MICROSECOND


@lru_cache(maxsize=256)
def time(moment: datetime | None) -> bytes | None:
    """Return a time in the wire form of timestamptz."""
    return None if moment is None else _TIME.pack(microseconds(moment))


@lru_cache(maxsize=1024)
def texts(values: tuple[str, ...]) -> bytes:
    """Return texts in the wire form of text[]."""
    if not values:
        return struct.pack("!iii", 0, 0, _TEXT_OID)
    parts = [struct.pack("!iiiii", 1, 0, _TEXT_OID, len(values), 1)]
    for value in values:
        encoded = value.encode()
        parts += [_LENGTH.pack(len(encoded)), encoded]
    return b"".join(parts)


def copy_encoded(cursor: Cursor, table: str, columns: str, rows: Iterable[bytes]) -> None:
    """COPY rows that are encoded already ; the names are our own, columns comma-separated.

    For what is loaded by the million: encoding a row at once takes a third of the time of encoding its cells.
    """
    names = sql.SQL(", ").join(sql.Identifier(name.strip()) for name in columns.split(","))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier("cmdb", table), names
    )
    with cursor.copy(statement) as copy:
        copy.write(_HEADER)
        rest = iter(rows)
        while chunk := b"".join(islice(rest, _CHUNK_ROWS)):
            copy.write(chunk)
        copy.write(_TRAILER)


def text_field(value: str | None) -> bytes:
    """Return a text as a field of an encoded row."""
    if value is None:
        return _NULL
    encoded = value.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def raw_field(value: bytes | None) -> bytes:
    """Return a value in wire form as a field of an encoded row."""
    return _NULL if value is None else _LENGTH.pack(len(value)) + value


def payload_rows(keys: Iterable[int], payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield encoded rows of (key bigint, payload jsonb); payloads are JSON text."""
    pack = struct.Struct("!hiqib").pack
    for key, payload in zip(keys, payloads, strict=True):
        yield pack(2, 8, key, len(payload) + 1, 1) + payload


def run_for_rows(cursor: Cursor, statement: str, rows: Iterable[dict[str, Any]], **values: Any) -> None:
    """Run a statement for some rows, which it takes as ``rows``, an array of JSON objects.

    A night changes few items of a batch: then this is quicker than COPY into a temporary table, which is
    made, filled and emptied in each transaction.
    """
    for slice_ in _slices(rows):
        cursor.execute(sql.SQL(statement), {**values, "rows": slice_.decode()})


def _slices(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield rows as arrays of JSON, each of a size that PostgreSQL takes, however large the payloads are."""
    held: list[bytes] = []
    size = 0
    for row in map(orjson.dumps, rows):
        if held and (len(held) == FEW_ROWS or size + len(row) > _SLICE_BYTES):
            yield b"[" + b",".join(held) + b"]"
            held, size = [], 0
        held.append(row)
        size += len(row)
    if held:
        yield b"[" + b",".join(held) + b"]"
