"""Merge client certificates of API Gateway and of ACM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from cmdb.queries import query
from cmdb.server.database import Cursor
from cmdb.snapshot import Certificate, CertificateKind, ItemType
from cmdb.storage.compare import Work
from cmdb.storage.copying import copy_rows, embedded, hexed, jsonb, send_rows, take_ids, time
from cmdb.storage.digest import Encoded, token

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
    ("digest", "bytea"),
    ("kind", "text"),
    ("certificate_id", "text"),
    *_TYPED,
)
_PAYLOAD = (("certificate_key", "int8"), ("payload", "jsonb"))
_KINDS = {
    ItemType.CLIENT_CERTIFICATE: CertificateKind.API_GATEWAY,
    ItemType.ACM_CERTIFICATE: CertificateKind.ACM,
}


_ID = attrgetter("certificate_id")
_PARTS = attrgetter("certificate_id", "payload")

_Row = tuple[int, bytes, datetime | None, bool]
"""Key, digest, valid_to, whether it is proven absent."""


@dataclass(slots=True)
class _Found:
    """Certificates by what becomes of them."""

    new: list[tuple[int, Certificate, Encoded]] = field(default_factory=list)
    """Account-region, certificate, its stored forms."""
    changed: list[tuple[int, Certificate, Encoded]] = field(default_factory=list)
    """Key, certificate, its stored forms."""
    reopened: list[int] = field(default_factory=list)
    tombstones: list[tuple[int, str]] = field(default_factory=list)
    """Account-region and id of what was never seen and is proven absent."""
    proven: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    """Let go earlier, and only now proven absent: the proof begins tonight."""

    @property
    def count(self) -> int:
        unseen = len(self.new) + len(self.tombstones)
        ended = len(self.proven) + len(self.released) + len(self.late)
        return unseen + ended + len(self.changed) + len(self.reopened)


def merge(cursor: Cursor, item_type: ItemType, work: Sequence[Work[Certificate]], as_of: datetime) -> None:
    """Merge the certificates of one kind, each account-region by itself.

    One of API Gateway that the listing lacks is proven absent, unless it is unread. One of ACM that no stage
    names any longer is let go without a proof.
    """
    differing = []
    for one in work:
        items = sorted(one.reading.items, key=_ID)
        said = [one.reading.answer.hex()] if one.reading.answer is not None else map(_PARTS, items)
        digest = token([*said, sorted(one.reading.absent)])
        one.digest = None if one.reading.unread else digest
        if one.digest is None or one.digest != one.stored:
            differing.append((one, items))
    if not differing:
        return
    kind = _KINDS[item_type]
    known = _known(cursor, kind, [one.region_id for one, _ in differing if not one.is_first])
    found = _Found()
    for one, items in differing:
        before = found.count
        _compare(found, item_type, one, items, known.get(one.region_id, {}), as_of)
        one.changed = found.count - before
    _write(cursor, kind, found, as_of)


def _known(cursor: Cursor, kind: CertificateKind, regions: list[int]) -> dict[int, dict[str, _Row]]:
    known: dict[int, dict[str, _Row]] = {}
    if regions:
        cursor.execute(query("certificate_known"), {"regions": regions, "kind": kind})
        for region, certificate_id, *row in cursor.fetchall():
            known.setdefault(region, {})[certificate_id] = (row[0], row[1], row[2], row[3])
    return known


def _compare(
    found: _Found,
    item_type: ItemType,
    one: Work[Certificate],
    items: Iterable[Certificate],
    known: dict[str, _Row],
    as_of: datetime,
) -> None:
    present: set[str] = set()
    for item in items:
        if item.certificate_id in present:
            continue
        present.add(item.certificate_id)
        encoded = Encoded([item.certificate_id], item.payload)
        row = known.get(item.certificate_id)
        if row is None:
            found.new.append((one.region_id, item, encoded))
        elif row[1] != encoded.digest or (row[2] is not None and row[2] < as_of):
            found.changed.append((row[0], item, encoded))
        elif row[2] is not None:
            found.reopened.append(row[0])
    absent = one.reading.absent - present
    for certificate_id, (key, _, valid_to, is_proven) in known.items():
        if valid_to is not None:
            if certificate_id in absent and not is_proven:
                found.late.append(key)
        elif certificate_id not in present and certificate_id not in one.reading.unread:
            is_proof = item_type is ItemType.CLIENT_CERTIFICATE or certificate_id in absent
            (found.proven if is_proof else found.released).append(key)
    found.tombstones += [(one.region_id, certificate_id) for certificate_id in sorted(absent - known.keys())]


def _write(cursor: Cursor, kind: CertificateKind, found: _Found, as_of: datetime) -> None:
    _insert(cursor, kind, found, as_of)
    _replace(cursor, found.changed, as_of)
    if found.reopened:
        cursor.execute(query("certificate_reopen"), {"keys": found.reopened})
    for keys, is_proven in ((found.proven, True), (found.released, False)):
        if keys:
            cursor.execute(query("certificate_close"), {"keys": keys, "as_of": as_of, "proven": is_proven})
    if found.late:
        for step in ("certificate_archive_released", "certificate_prove_absent"):
            cursor.execute(query(step), {"keys": found.late, "as_of": as_of})


def _typed(certificate: Certificate) -> tuple[Any, ...]:
    return (
        time(certificate.created_at),
        time(certificate.expires_at),
        certificate.serial,
        certificate.fingerprint_sha256,
        certificate.subject,
    )


def _insert(cursor: Cursor, kind: CertificateKind, found: _Found, as_of: datetime) -> None:
    new, tombstones = found.new, found.tombstones
    if not new and not tombstones:
        return
    keys = take_ids(cursor, len(new) + len(tombstones))
    since = time(as_of)
    rows: list[tuple[Any, ...]] = [
        (
            *(key, region_id, key, since, None, False, encoded.digest, kind),
            *(item.certificate_id, *_typed(item)),
        )
        for key, (region_id, item, encoded) in zip(keys, new, strict=False)
    ]
    rows += [
        (key, region_id, key, since, since, True, b"", kind, certificate_id, None, None, None, None, None)
        for key, (region_id, certificate_id) in zip(keys[len(new) :], tombstones, strict=True)
    ]
    copy_rows(cursor, ("cmdb", "certificate"), _ROW, rows)
    copy_rows(
        cursor,
        ("cmdb", "certificate_payload"),
        _PAYLOAD,
        ((key, jsonb(encoded.payload)) for key, (_, _, encoded) in zip(keys, new, strict=False)),
    )


def _replace(cursor: Cursor, changed: list[tuple[int, Certificate, Encoded]], as_of: datetime) -> None:
    if not changed:
        return
    versions = take_ids(cursor, len(changed))
    rows = (
        {
            "certificate_key": key,
            "version_id": version,
            "digest": hexed(encoded.digest),
            "created_at": item.created_at,
            "expires_at": item.expires_at,
            "serial": item.serial,
            "fingerprint_sha256": item.fingerprint_sha256,
            "subject": item.subject,
            "payload": embedded(encoded.payload),
        }
        for version, (key, item, encoded) in zip(versions, changed, strict=True)
    )
    send_rows(cursor, "certificate_replace", rows, as_of=as_of)
