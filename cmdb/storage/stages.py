"""Merge stages."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from cmdb.queries import query
from cmdb.runs import scopes
from cmdb.server.database import Cursor
from cmdb.snapshot import ItemType, Reading, Stage
from cmdb.storage import rest_apis
from cmdb.storage.compare import Compared, Differing, Known, Work, compare, differing, to_look_up
from cmdb.storage.copying import (
    copy_encoded,
    embedded,
    hexed,
    microseconds,
    payload_rows,
    raw_field,
    send_rows,
    take_ids,
    text_field,
    time,
)
from cmdb.storage.digest import Encoded, shortened

_KEY = attrgetter("rest_api_id", "stage_name")

Keys = Mapping[tuple[int, str], int]


def merge(cursor: Cursor, work: Sequence[Work[Stage]], new_apis: Keys, as_of: datetime) -> None:
    """Merge the stages of all REST APIs but the unread ones, each account-region by itself.

    The REST APIs of the same snapshots must have been merged before; ``new_apis`` are keys it made.
    """
    found = _differing(cursor, work)
    known = _known(cursor, found)
    compared: Compared[Stage] = Compared()
    for differs in found:
        one = differs.work
        one.changed += compare(
            compared,
            differs,
            known.get(one.region_id, {}),
            key_of=_KEY,
            encode=_encode,
            unread=_is_unread(one),
            as_of=as_of,
        )
    _insert(cursor, compared, new_apis, as_of)
    _replace(cursor, compared, as_of)
    if compared.reopened:
        cursor.execute(query("stage_reopen"), {"keys": compared.reopened})
    if compared.gone:
        cursor.execute(query("stage_close"), {"keys": compared.gone, "as_of": as_of})


def close_of_apis(cursor: Cursor, gone: Mapping[int, list[int]], as_of: datetime) -> dict[int, int]:
    """Close the stages of REST APIs that are gone; return how many by account-region."""
    keys = [key for held in gone.values() for key in held]
    cursor.execute(query("stage_close_of_apis"), {"regions": list(gone), "keys": keys, "as_of": as_of})
    return dict(cursor.fetchall())


def _encode(stage: Stage) -> Encoded:
    identity = [stage.rest_api_id, stage.stage_name, stage.deployment_id, stage.client_certificate_id]
    return Encoded(identity, stage.payload)


def _is_unread(work: Work[Stage]) -> Callable[[tuple[str, str]], bool]:
    return lambda key: key[0] in work.reading.unread


def _differing(cursor: Cursor, work: Sequence[Work[Stage]]) -> list[Differing[Stage]]:
    new = [one for one in work if not one.is_unchanged(_digest(one.reading))]
    stored = scopes.tokens(cursor, ItemType.STAGE, [one.region_id for one in new if not one.is_first])
    found = []
    for one in new:
        answers = one.reading.answers
        tokens = None
        if answers is not None:
            tokens = {name: shortened(digest) for name, digest in answers.by_api().items()}
        differs = differing(one, stored.get(one.region_id), tokens)
        if differs is not None:
            found.append(differs)
    return found


def _digest(reading: Reading[Stage]) -> bytes | None:
    if reading.answers is None or reading.unread:
        return None
    return shortened(reading.answers.whole())


def _known(cursor: Cursor, found: Sequence[Differing[Stage]]) -> dict[int, dict[tuple[str, str], Known]]:
    """Return the rows of the REST APIs that differ, by account-region, API and name."""
    known: dict[int, dict[tuple[str, str], Known]] = {}
    where, whole = to_look_up(found)
    for name, values in (("stage_known", where), ("stage_known_whole", {"regions": whole})):
        if values["regions"]:
            cursor.execute(query(name), values)
            for region, rest_api_id, stage_name, key, digest, valid_to in cursor.fetchall():
                known.setdefault(region, {})[rest_api_id, stage_name] = Known(key, digest, valid_to)
    return known


def _insert(cursor: Cursor, compared: Compared[Stage], new_apis: Keys, as_of: datetime) -> None:
    if not compared.new:
        return
    named: dict[int, set[str]] = {}
    for new in compared.new:
        named.setdefault(new.region_id, set()).add(new.item.rest_api_id)
    api_keys = rest_apis.keys_of(cursor, named, new_apis)
    ids = take_ids(cursor, len(compared.new))
    since = microseconds(as_of)
    named_at = raw_field(time(as_of))
    pack = struct.Struct("!hiqiiiqiqi16siq").pack

    def rows() -> Iterator[bytes]:
        for key, new in zip(ids, compared.new, strict=True):
            stage, region_id = new.item, new.region_id
            head = pack(
                *(10, 8, key, 4, region_id, 8, key, 8, since, 16, new.encoded.digest),
                *(8, api_keys[region_id, stage.rest_api_id]),
            )
            names = (
                text_field(stage.stage_name),
                text_field(stage.deployment_id),
                text_field(stage.client_certificate_id),
            )
            yield b"".join((head, *names, named_at))

    copy_encoded(
        cursor,
        "stage",
        "stage_id, account_region_id, version_id, valid_from, digest, rest_api_key, stage_name, "
        "deployment_id, client_certificate_id, certificate_named_at",
        rows(),
    )
    payloads = (new.encoded.payload for new in compared.new)
    copy_encoded(cursor, "stage_payload", "stage_id, payload", payload_rows(ids, payloads))


def _replace(cursor: Cursor, compared: Compared[Stage], as_of: datetime) -> None:
    if not compared.changed:
        return
    versions = take_ids(cursor, len(compared.changed))
    rows = (
        {
            "stage_id": changed.row_key,
            "version_id": version,
            "digest": hexed(changed.encoded.digest),
            "deployment_id": changed.item.deployment_id,
            "client_certificate_id": changed.item.client_certificate_id,
            "payload": embedded(changed.encoded.payload),
        }
        for version, changed in zip(versions, compared.changed, strict=True)
    )
    send_rows(cursor, "stage_replace", rows, as_of=as_of)
