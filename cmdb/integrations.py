"""Merge the integration types of REST APIs' methods."""

from __future__ import annotations

from datetime import datetime

from cmdb.copying import copy_rows, stage_rows, take_ids
from cmdb.database import Cursor
from cmdb.queries import query
from cmdb.snapshot import Integration, Reading

_HTTP = frozenset({"HTTP", "HTTP_PROXY"})
_ROW = (
    ("rest_api_key", "int8"),
    ("account_region_id", "int4"),
    ("version_id", "int8"),
    ("valid_from", "timestamptz"),
    ("types", "text[]"),
    ("has_http", "bool"),
)
_CHANGED = (("rest_api_key", "int8"), ("version_id", "int8"), ("types", "text[]"), ("has_http", "bool"))
_READ = (("rest_api_key", "int8"), ("deployment_ids", "text[]"))


def merge(cursor: Cursor, region_id: int, reading: Reading[Integration], as_of: datetime) -> int:
    """Merge the APIs whose methods were read tonight; the others keep what is known."""
    if not reading.items:
        return 0
    by_id = {item.rest_api_id: item for item in reading.items}
    cursor.execute(query("integration_known"), {"region": region_id, "ids": sorted(by_id)})
    new: list[tuple[int, Integration]] = []
    changed: list[tuple[int, Integration]] = []
    read: list[tuple[int, list[str]]] = []
    for rest_api_id, key, types, valid_to in cursor.fetchall():
        item = by_id[rest_api_id]
        read.append((key, sorted(item.deployment_ids)))
        if types is None:
            new.append((key, item))
        elif valid_to is not None or sorted(item.types) != types:
            changed.append((key, item))
    stage_rows(cursor, "read_methods", _READ, read)
    cursor.execute(query("method_reading_store"), {"as_of": as_of})
    versions = take_ids(cursor, len(new) + len(changed))
    if new:
        copy_rows(
            cursor,
            ("cmdb", "integration"),
            _ROW,
            (
                (key, region_id, version, as_of, sorted(item.types), not _HTTP.isdisjoint(item.types))
                for version, (key, item) in zip(versions, new, strict=False)
            ),
        )
    if changed:
        stage_rows(
            cursor,
            "changed_integration",
            _CHANGED,
            (
                (key, version, sorted(item.types), not _HTTP.isdisjoint(item.types))
                for version, (key, item) in zip(versions[len(new) :], changed, strict=True)
            ),
        )
        for step in ("integration_archive", "integration_replace"):
            cursor.execute(query(step), {"as_of": as_of})
    return len(new) + len(changed)


def close_of_apis(cursor: Cursor, rest_api_keys: list[int], as_of: datetime) -> int:
    """Close the integrations of REST APIs that are gone; should one come back, its methods are read anew."""
    cursor.execute("DELETE FROM cmdb.method_reading WHERE rest_api_key = ANY(%s)", (rest_api_keys,))
    cursor.execute(query("integration_close"), {"keys": rest_api_keys, "as_of": as_of})
    return cursor.rowcount
