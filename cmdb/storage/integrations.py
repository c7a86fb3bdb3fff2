"""Merge the integration types of REST APIs' methods."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.queries import query
from cmdb.server.database import Cursor
from cmdb.snapshot import Integration
from cmdb.storage.compare import Work
from cmdb.storage.copying import copy_encoded, microseconds, raw_field, send_rows, take_ids, texts

_HTTP = frozenset({"HTTP", "HTTP_PROXY"})


@dataclass(slots=True)
class _Found:
    """Readings by what becomes of them; each with its API's key."""

    new: list[tuple[int, int, Integration]] = field(default_factory=list)
    """Key, account-region, reading."""
    changed: list[tuple[int, Integration]] = field(default_factory=list)
    first_read: list[tuple[int, Integration]] = field(default_factory=list)
    """Of APIs that the same merge inserted: their methods cannot have been read before."""
    read: list[tuple[int, Integration]] = field(default_factory=list)


def merge(
    cursor: Cursor,
    work: Sequence[Work[Integration]],
    new_apis: Mapping[tuple[int, str], int],
    as_of: datetime,
) -> None:
    """Merge the APIs whose methods were read tonight; the others keep what is known."""
    found = _Found()
    known: dict[tuple[int, str], tuple[Work[Integration], Integration]] = {}
    for one in work:
        for item in {item.rest_api_id: item for item in one.reading.items}.values():
            key = new_apis.get((one.region_id, item.rest_api_id))
            if key is None:
                known[one.region_id, item.rest_api_id] = one, item
            else:
                found.new.append((key, one.region_id, item))
                found.first_read.append((key, item))
                one.changed += 1
    if known:
        _look_up(cursor, known, found)
    _store_readings(cursor, found, as_of)
    versions = take_ids(cursor, len(found.new) + len(found.changed))
    if found.new:
        _insert(cursor, found, versions, as_of)
    if found.changed:
        rows = (
            {
                "rest_api_key": key,
                "version_id": version,
                "types": _types(item),
                "has_http": _has_http(item),
            }
            for version, (key, item) in zip(versions[len(found.new) :], found.changed, strict=True)
        )
        send_rows(cursor, "integration_replace", rows, as_of=as_of)


def close_of_apis(cursor: Cursor, gone: Mapping[int, list[int]], as_of: datetime) -> dict[int, int]:
    """Close the integrations of REST APIs that are gone; should one come back, its methods are read anew.

    Returns how many by account-region.
    """
    keys = [key for held in gone.values() for key in held]
    cursor.execute("DELETE FROM cmdb.method_reading WHERE rest_api_key = ANY(%s)", (keys,))
    cursor.execute(query("integration_close"), {"keys": keys, "as_of": as_of})
    return dict(cursor.fetchall())


def _look_up(
    cursor: Cursor, known: Mapping[tuple[int, str], tuple[Work[Integration], Integration]], found: _Found
) -> None:
    values = {"regions": [region for region, _ in known], "ids": [name for _, name in known]}
    cursor.execute(query("integration_known"), values)
    for region, rest_api_id, key, types, valid_to in cursor.fetchall():
        one, item = known[region, rest_api_id]
        found.read.append((key, item))
        if types is None:
            found.new.append((key, region, item))
            one.changed += 1
        elif valid_to is not None or list(_types(item)) != types:
            found.changed.append((key, item))
            one.changed += 1


def _insert(cursor: Cursor, found: _Found, versions: Sequence[int], as_of: datetime) -> None:
    since = microseconds(as_of)
    pack = struct.Struct("!hiqiiiqiq").pack

    def rows() -> Iterator[bytes]:
        for version, (key, region_id, item) in zip(versions, found.new, strict=False):
            http = b"\0\0\0\1\1" if _has_http(item) else b"\0\0\0\1\0"
            head = pack(6, 8, key, 4, region_id, 8, version, 8, since)
            yield b"".join((head, raw_field(texts(_types(item))), http))

    columns = "rest_api_key, account_region_id, version_id, valid_from, types, has_http"
    copy_encoded(cursor, "integration", columns, rows())


def _store_readings(cursor: Cursor, found: _Found, as_of: datetime) -> None:
    if found.first_read:
        read_at = microseconds(as_of)
        pack = struct.Struct("!hiqiq").pack
        rows = (
            pack(3, 8, key, 8, read_at) + raw_field(texts(_deployments(item)))
            for key, item in found.first_read
        )
        copy_encoded(cursor, "method_reading", "rest_api_key, read_at, deployment_ids", rows)
    if found.read:
        read = ({"rest_api_key": key, "deployment_ids": _deployments(item)} for key, item in found.read)
        send_rows(cursor, "method_reading_store", read, as_of=as_of)


def _deployments(item: Integration) -> tuple[str, ...]:
    return tuple(sorted(item.deployment_ids))


def _types(item: Integration) -> tuple[str, ...]:
    return tuple(sorted(item.types))


def _has_http(item: Integration) -> bool:
    return not _HTTP.isdisjoint(item.types)
