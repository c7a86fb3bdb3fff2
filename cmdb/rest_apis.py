"""Merge REST APIs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cmdb import compare
from cmdb.copying import copy_rows, jsonb, stage_rows, take_ids
from cmdb.database import Cursor
from cmdb.digest import bucket_of, comparable
from cmdb.queries import query
from cmdb.snapshot import Reading, RestApi

_ROW = (
    ("rest_api_key", "int8"),
    ("account_region_id", "int4"),
    ("version_id", "int8"),
    ("valid_from", "timestamptz"),
    ("bucket", "int2"),
    ("digest", "bytea"),
    ("rest_api_id", "text"),
    ("name", "text"),
    ("is_private", "bool"),
)
_PAYLOAD = (("rest_api_key", "int8"), ("payload", "jsonb"))
_CHANGED = (
    ("rest_api_key", "int8"),
    ("version_id", "int8"),
    ("bucket", "int2"),
    ("digest", "bytea"),
    ("name", "text"),
    ("is_private", "bool"),
    ("payload", "jsonb"),
)


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: items changed, keys of the APIs that went, the scope's new digest."""

    changed: int
    gone: list[int]
    digest: bytes


def _parts(api: RestApi) -> Any:
    return [api.rest_api_id, api.endpoint_types, comparable(api.payload)]


def _is_private(api: RestApi) -> bool:
    return set(api.endpoint_types) == {"PRIVATE"}


def merge(
    cursor: Cursor, region_id: int, reading: Reading[RestApi], stored: bytes | None, as_of: datetime
) -> Merged:
    """Merge a complete listing of REST APIs."""
    buckets = compare.in_buckets(
        reading.items,
        stored,
        bucket_of=lambda api: bucket_of(api.rest_api_id),
        order=lambda api: api.rest_api_id,
        parts=_parts,
        incomplete=frozenset(bucket_of(rest_api_id) for rest_api_id in reading.unread),
    )
    if not buckets.differing:
        return Merged(0, [], buckets.digest.to_bytes())
    cursor.execute(query("rest_api_known"), {"region": region_id, "buckets": buckets.differing})
    known = {row[0]: compare.Known(row[1], row[2], row[3]) for row in cursor.fetchall()}
    found = compare.compare(
        buckets,
        known,
        key_of=lambda api: api.rest_api_id,
        parts=_parts,
        unread=reading.unread.__contains__,
        as_of=as_of,
    )
    _insert(cursor, region_id, found, as_of)
    _replace(cursor, found, as_of)
    if found.reopened:
        cursor.execute(query("rest_api_reopen"), {"keys": found.reopened})
    if found.gone:
        cursor.execute(query("rest_api_close"), {"keys": found.gone, "as_of": as_of})
    return Merged(found.count, found.gone, buckets.digest.to_bytes())


def _insert(cursor: Cursor, region_id: int, found: compare.Compared[RestApi], as_of: datetime) -> None:
    if not found.new:
        return
    keys = take_ids(cursor, len(found.new))
    copy_rows(
        cursor,
        ("cmdb", "rest_api"),
        _ROW,
        (
            (key, region_id, key, as_of, bucket, digest, api.rest_api_id, api.name, _is_private(api))
            for key, (api, bucket, digest) in zip(keys, found.new, strict=True)
        ),
    )
    copy_rows(
        cursor,
        ("cmdb", "rest_api_payload"),
        _PAYLOAD,
        ((key, jsonb(api.payload)) for key, (api, _, _) in zip(keys, found.new, strict=True)),
    )


def _replace(cursor: Cursor, found: compare.Compared[RestApi], as_of: datetime) -> None:
    if not found.changed:
        return
    versions = take_ids(cursor, len(found.changed))
    stage_rows(
        cursor,
        "changed_rest_api",
        _CHANGED,
        (
            (key, version, bucket, digest, api.name, _is_private(api), jsonb(api.payload))
            for version, (key, api, bucket, digest) in zip(versions, found.changed, strict=True)
        ),
    )
    for step in ("rest_api_archive", "rest_api_replace", "rest_api_replace_payload"):
        cursor.execute(query(step), {"as_of": as_of})
