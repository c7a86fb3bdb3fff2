"""Merge stages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cmdb import compare
from cmdb.copying import copy_rows, jsonb, stage_rows, take_ids
from cmdb.database import Cursor
from cmdb.digest import bucket_of, comparable
from cmdb.queries import query
from cmdb.snapshot import Reading, Stage

_ROW = (
    ("stage_id", "int8"),
    ("account_region_id", "int4"),
    ("version_id", "int8"),
    ("valid_from", "timestamptz"),
    ("bucket", "int2"),
    ("digest", "bytea"),
    ("rest_api_key", "int8"),
    ("stage_name", "text"),
    ("deployment_id", "text"),
    ("client_certificate_id", "text"),
    ("certificate_named_at", "timestamptz"),
)
_PAYLOAD = (("stage_id", "int8"), ("payload", "jsonb"))
_CHANGED = (
    ("stage_id", "int8"),
    ("version_id", "int8"),
    ("bucket", "int2"),
    ("digest", "bytea"),
    ("deployment_id", "text"),
    ("client_certificate_id", "text"),
    ("payload", "jsonb"),
)


def _parts(stage: Stage) -> Any:
    return [
        stage.rest_api_id,
        stage.stage_name,
        stage.deployment_id,
        stage.client_certificate_id,
        comparable(stage.payload),
    ]


def _key(stage: Stage) -> tuple[str, str]:
    return stage.rest_api_id, stage.stage_name


def merge(
    cursor: Cursor, region_id: int, reading: Reading[Stage], stored: bytes | None, as_of: datetime
) -> tuple[int, bytes]:
    """Merge the stages of all REST APIs but the unread ones; return what changed and the new digest.

    The REST APIs of the same snapshot must have been merged before.
    """
    buckets = compare.in_buckets(
        reading.items,
        stored,
        bucket_of=lambda stage: bucket_of(stage.rest_api_id),
        order=_key,
        parts=_parts,
        incomplete=frozenset(bucket_of(rest_api_id) for rest_api_id in reading.unread),
    )
    if not buckets.differing:
        return 0, buckets.digest.to_bytes()
    cursor.execute(query("stage_known"), {"region": region_id, "buckets": buckets.differing})
    known = {(row[0], row[1]): compare.Known(row[2], row[3], row[4]) for row in cursor.fetchall()}
    found = compare.compare(
        buckets,
        known,
        key_of=_key,
        parts=_parts,
        unread=lambda key: key[0] in reading.unread,
        as_of=as_of,
    )
    _insert(cursor, region_id, found, as_of)
    _replace(cursor, found, as_of)
    if found.reopened:
        cursor.execute(query("stage_reopen"), {"keys": found.reopened})
    if found.gone:
        cursor.execute(query("stage_close"), {"keys": found.gone, "as_of": as_of})
    return found.count, buckets.digest.to_bytes()


def close_of_apis(cursor: Cursor, region_id: int, rest_api_keys: list[int], as_of: datetime) -> int:
    """Close the stages of REST APIs that are gone; return how many."""
    cursor.execute(query("stage_close_of_apis"), {"region": region_id, "keys": rest_api_keys, "as_of": as_of})
    return cursor.rowcount


def _insert(cursor: Cursor, region_id: int, found: compare.Compared[Stage], as_of: datetime) -> None:
    if not found.new:
        return
    cursor.execute(
        query("rest_api_keys"),
        {"region": region_id, "ids": sorted({stage.rest_api_id for stage, _, _ in found.new})},
    )
    rest_api_keys: dict[str, int] = dict(cursor.fetchall())
    ids = take_ids(cursor, len(found.new))
    copy_rows(
        cursor,
        ("cmdb", "stage"),
        _ROW,
        (
            (
                stage_id,
                region_id,
                stage_id,
                as_of,
                bucket,
                digest,
                rest_api_keys[stage.rest_api_id],
                stage.stage_name,
                stage.deployment_id,
                stage.client_certificate_id,
                as_of,
            )
            for stage_id, (stage, bucket, digest) in zip(ids, found.new, strict=True)
        ),
    )
    copy_rows(
        cursor,
        ("cmdb", "stage_payload"),
        _PAYLOAD,
        ((stage_id, jsonb(stage.payload)) for stage_id, (stage, _, _) in zip(ids, found.new, strict=True)),
    )


def _replace(cursor: Cursor, found: compare.Compared[Stage], as_of: datetime) -> None:
    if not found.changed:
        return
    versions = take_ids(cursor, len(found.changed))
    stage_rows(
        cursor,
        "changed_stage",
        _CHANGED,
        (
            (
                stage_id,
                version,
                bucket,
                digest,
                stage.deployment_id,
                stage.client_certificate_id,
                jsonb(stage.payload),
            )
            for version, (stage_id, stage, bucket, digest) in zip(versions, found.changed, strict=True)
        ),
    )
    for step in ("stage_archive", "stage_replace", "stage_replace_payload"):
        cursor.execute(query(step), {"as_of": as_of})
