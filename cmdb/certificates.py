"""Merge client certificates of API Gateway and of ACM."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from cmdb.copying import copy_rows, jsonb, stage_rows, take_ids
from cmdb.database import Cursor
from cmdb.digest import canonical, comparable, item_digest
from cmdb.queries import query
from cmdb.snapshot import Certificate, CertificateKind, ItemType, Reading

_TYPED = (
    ("created_at", "timestamptz"),
    ("expires_at", "timestamptz"),
    ("serial", "text"),
    ("fingerprint_sha256", "text"),
    ("subject", "text"),
)
_ROW = (
    ("certificate_key", "int8"),
    ("account_region_id", "int4"),
    ("version_id", "int8"),
    ("valid_from", "timestamptz"),
    ("valid_to", "timestamptz"),
    ("proven_absent", "bool"),
    ("bucket", "int2"),
    ("digest", "bytea"),
    ("kind", "text"),
    ("certificate_id", "text"),
    *_TYPED,
)
_PAYLOAD = (("certificate_key", "int8"), ("payload", "jsonb"))
_CHANGED = (
    ("certificate_key", "int8"),
    ("version_id", "int8"),
    ("digest", "bytea"),
    *_TYPED,
    ("payload", "jsonb"),
)
_KINDS = {
    ItemType.CLIENT_CERTIFICATE: CertificateKind.API_GATEWAY,
    ItemType.ACM_CERTIFICATE: CertificateKind.ACM,
}


def _parts(certificate: Certificate) -> Any:
    return [certificate.certificate_id, comparable(certificate.payload)]


def _typed(certificate: Certificate) -> tuple[Any, ...]:
    return (
        certificate.created_at,
        certificate.expires_at,
        certificate.serial,
        certificate.fingerprint_sha256,
        certificate.subject,
    )


def merge(
    cursor: Cursor,
    region_id: int,
    item_type: ItemType,
    reading: Reading[Certificate],
    stored: bytes | None,
    as_of: datetime,
) -> tuple[int, bytes | None]:
    """Merge the certificates of one kind; return what changed and the scope's new digest.

    One of API Gateway that the listing lacks is proven absent, unless it is unread. One of ACM that no stage
    names any longer is let go without a proof.
    """
    items = sorted(reading.items, key=lambda certificate: certificate.certificate_id)
    whole = [[_parts(certificate) for certificate in items], sorted(reading.absent)]
    digest = hashlib.blake2b(canonical(whole), digest_size=16).digest()
    if not reading.unread and digest == stored:
        return 0, digest
    kind = _KINDS[item_type]
    cursor.execute(query("certificate_known"), {"region": region_id, "kind": kind})
    known = {row[0]: row[1:] for row in cursor.fetchall()}
    new: list[Certificate] = []
    changed: list[tuple[int, Certificate, bytes]] = []
    reopened: list[int] = []
    for certificate in items:
        row = known.get(certificate.certificate_id)
        if row is None:
            new.append(certificate)
            continue
        key, row_digest, valid_to, _ = row
        if row_digest != item_digest(_parts(certificate)) or (valid_to is not None and valid_to < as_of):
            changed.append((key, certificate, item_digest(_parts(certificate))))
        elif valid_to is not None:
            reopened.append(key)
    present = {certificate.certificate_id for certificate in items}
    absent = reading.absent - present
    gone = {
        certificate_id: row[0]
        for certificate_id, row in known.items()
        if row[2] is None and certificate_id not in present and certificate_id not in reading.unread
    }
    proven = [
        key
        for certificate_id, key in gone.items()
        if item_type is ItemType.CLIENT_CERTIFICATE or certificate_id in absent
    ]
    released = sorted(set(gone.values()) - set(proven))
    tombstones = sorted(absent - known.keys())
    # Let go earlier, and only now proven absent: the proof begins tonight.
    late = [row[0] for name, row in known.items() if name in absent and row[2] is not None and not row[3]]
    _insert(cursor, region_id, kind, new, tombstones, as_of)
    _replace(cursor, changed, as_of)
    if reopened:
        cursor.execute(query("certificate_reopen"), {"keys": reopened})
    for keys, is_proven in ((proven, True), (released, False)):
        if keys:
            cursor.execute(query("certificate_close"), {"keys": keys, "as_of": as_of, "proven": is_proven})
    if late:
        for step in ("certificate_archive_released", "certificate_prove_absent"):
            cursor.execute(query(step), {"keys": late, "as_of": as_of})
    count = len(new) + len(tombstones) + len(changed) + len(reopened) + len(gone) + len(late)
    return count, None if reading.unread else digest


def _insert(
    cursor: Cursor,
    region_id: int,
    kind: CertificateKind,
    new: list[Certificate],
    tombstones: list[str],
    as_of: datetime,
) -> None:
    if not new and not tombstones:
        return
    keys = take_ids(cursor, len(new) + len(tombstones))
    rows: list[tuple[Any, ...]] = [
        (
            *(key, region_id, key, as_of, None, False, 0, item_digest(_parts(item)), kind),
            *(item.certificate_id, *_typed(item)),
        )
        for key, item in zip(keys, new, strict=False)
    ]
    rows += [
        (key, region_id, key, as_of, as_of, True, 0, b"", kind, certificate_id, None, None, None, None, None)
        for key, certificate_id in zip(keys[len(new) :], tombstones, strict=True)
    ]
    copy_rows(cursor, ("cmdb", "certificate"), _ROW, rows)
    copy_rows(
        cursor,
        ("cmdb", "certificate_payload"),
        _PAYLOAD,
        ((key, jsonb(item.payload)) for key, item in zip(keys, new, strict=False)),
    )


def _replace(cursor: Cursor, changed: list[tuple[int, Certificate, bytes]], as_of: datetime) -> None:
    if not changed:
        return
    versions = take_ids(cursor, len(changed))
    stage_rows(
        cursor,
        "changed_certificate",
        _CHANGED,
        (
            (key, version, digest, *_typed(item), jsonb(item.payload))
            for version, (key, item, digest) in zip(versions, changed, strict=True)
        ),
    )
    for step in ("certificate_archive", "certificate_replace", "certificate_replace_payload"):
        cursor.execute(query(step), {"as_of": as_of})
