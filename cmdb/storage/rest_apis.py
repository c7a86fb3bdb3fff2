"""Merge REST APIs."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from cmdb.queries import query
from cmdb.runs import scopes
from cmdb.server.database import Cursor
from cmdb.snapshot import ItemType, Reading, RestApi
from cmdb.storage.compare import Compared, Differing, Known, Work, compare, differing, to_look_up
from cmdb.storage.copying import (
    copy_encoded,
    embedded,
    hexed,
    microseconds,
    payload_rows,
    send_rows,
    take_ids,
    text_field,
)
from cmdb.storage.digest import Encoded, shortened, token

_ID = attrgetter("rest_api_id")
_PARTS = attrgetter("rest_api_id", "name", "endpoint_types", "payload")


@dataclass(slots=True)
class Merged:
    """What a merge did beside counting."""

    new: dict[tuple[int, str], int] = field(default_factory=dict)
    """Keys of the APIs that are new, by account-region and AWS id."""
    gone: dict[int, list[int]] = field(default_factory=dict)
    """Keys of the APIs that went, by account-region."""


def merge(cursor: Cursor, work: Sequence[Work[RestApi]], as_of: datetime) -> Merged:
    """Merge listings of REST APIs, each of an account-region of its own."""
    found = _differing(cursor, work)
    known = _known(cursor, found)
    compared: Compared[RestApi] = Compared()
    merged = Merged()
    for differs in found:
        one = differs.work
        first_gone = len(compared.gone)
        one.changed = compare(
            compared,
            differs,
            known.get(one.region_id, {}),
            key_of=_ID,
            encode=_encode,
            unread=one.reading.unread.__contains__,
            as_of=as_of,
        )
        if gone := compared.gone[first_gone:]:
            merged.gone[one.region_id] = gone
    _insert(cursor, compared, merged, as_of)
    _replace(cursor, compared, as_of)
    if compared.reopened:
        cursor.execute(query("rest_api_reopen"), {"keys": compared.reopened})
    if compared.gone:
        cursor.execute(query("rest_api_close"), {"keys": compared.gone, "as_of": as_of})
    return merged


def keys_of(
    cursor: Cursor, ids: Mapping[int, set[str]], new: Mapping[tuple[int, str], int]
) -> dict[tuple[int, str], int]:
    """Return keys of REST APIs by account-region and AWS id; those just inserted are known already."""
    wanted = [(region, name) for region, names in ids.items() for name in names]
    keys = {pair: new[pair] for pair in wanted if pair in new}
    missing = [pair for pair in wanted if pair not in keys]
    if missing:
        values = {"regions": [region for region, _ in missing], "ids": [name for _, name in missing]}
        cursor.execute(query("rest_api_keys"), values)
        keys.update({(region, name): key for region, name, key in cursor.fetchall()})
    return keys


def _encode(api: RestApi) -> Encoded:
    return Encoded([api.rest_api_id, api.endpoint_types], api.payload)


def _is_private(api: RestApi) -> bool:
    return set(api.endpoint_types) == {"PRIVATE"}


def _differing(cursor: Cursor, work: Sequence[Work[RestApi]]) -> list[Differing[RestApi]]:
    new = [one for one in work if not one.is_unchanged(_digest(one.reading))]
    stored = scopes.tokens(cursor, ItemType.REST_API, [one.region_id for one in new if not one.is_first])
    found = []
    for one in new:
        tokens = None
        if not one.reading.unread:
            tokens = {api.rest_api_id: token(_PARTS(api)) for api in one.reading.items}
        differs = differing(one, stored.get(one.region_id), tokens)
        if differs is not None:
            found.append(differs)
    return found


def _digest(reading: Reading[RestApi]) -> bytes | None:
    return None if reading.answer is None or reading.unread else shortened(reading.answer)


def _known(cursor: Cursor, found: Sequence[Differing[RestApi]]) -> dict[int, dict[str, Known]]:
    """Return rows by account-region and AWS id, so many that what is gone is among them."""
    known: dict[int, dict[str, Known]] = {}
    where, whole = to_look_up(found)
    if where["ids"]:
        _fetch(known, cursor.execute(query("rest_api_known"), where))
    for differs in found:
        rows = known.get(differs.work.region_id, {})
        if differs.rest_apis is not None and differs.stale != sum(
            row.valid_to is None for row in rows.values()
        ):
            # The stored tokens tell of APIs that the listing lacks: only all rows tell which.
            differs.items, differs.rest_apis = differs.work.reading.items, None
            whole.append(differs.work.region_id)
    if whole:
        _fetch(known, cursor.execute(query("rest_api_known_whole"), {"regions": whole}))
    return known


def _fetch(known: dict[int, dict[str, Known]], cursor: Cursor) -> None:
    for region, rest_api_id, key, digest, valid_to in cursor.fetchall():
        known.setdefault(region, {})[rest_api_id] = Known(key, digest, valid_to)


def _insert(cursor: Cursor, compared: Compared[RestApi], merged: Merged, as_of: datetime) -> None:
    if not compared.new:
        return
    keys = take_ids(cursor, len(compared.new))
    since = microseconds(as_of)
    merged.new = {
        (new.region_id, new.item.rest_api_id): key for key, new in zip(keys, compared.new, strict=True)
    }
    pack = struct.Struct("!hiqiiiqiqi16s").pack

    def rows() -> Iterator[bytes]:
        for key, new in zip(keys, compared.new, strict=True):
            api = new.item
            head = pack(8, 8, key, 4, new.region_id, 8, key, 8, since, 16, new.encoded.digest)
            private = b"\0\0\0\1\1" if _is_private(api) else b"\0\0\0\1\0"
            yield b"".join((head, text_field(api.rest_api_id), text_field(api.name), private))

    copy_encoded(
        cursor,
        "rest_api",
        "rest_api_key, account_region_id, version_id, valid_from, digest, rest_api_id, name, is_private",
        rows(),
    )
    payloads = (new.encoded.payload for new in compared.new)
    copy_encoded(cursor, "rest_api_payload", "rest_api_key, payload", payload_rows(keys, payloads))


def _replace(cursor: Cursor, compared: Compared[RestApi], as_of: datetime) -> None:
    if not compared.changed:
        return
    versions = take_ids(cursor, len(compared.changed))
    rows = (
        {
            "rest_api_key": changed.row_key,
            "version_id": version,
            "digest": hexed(changed.encoded.digest),
            "name": changed.item.name,
            "is_private": _is_private(changed.item),
            "payload": embedded(changed.encoded.payload),
        }
        for version, changed in zip(versions, compared.changed, strict=True)
    )
    send_rows(cursor, "rest_api_replace", rows, as_of=as_of)
