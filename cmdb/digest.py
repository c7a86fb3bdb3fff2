"""Digests that tell an unchanged scope, and in a changed one the items that did.

A scope's digest is a row of bucket digests; an item falls into a bucket by its REST API. Equal scopes cost
one comparison, and a change in one item has only its bucket's rows fetched.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from typing import Any

import orjson

#: Buckets per scope: a scope of 500 stages with five changes fetches about 8 % of its rows.
BUCKETS = 64
_BUCKET_BYTES = 12
_UNKNOWN = bytes(_BUCKET_BYTES)
#: Part of every digest; a new number makes every item be compared anew after a change of canonical form.
_FORM = b"1"

#: Fields that change by themselves and are therefore stored but not compared (API Gateway API reference).
VOLATILE = frozenset({"cacheClusterStatus", "apiStatus", "apiStatusMessage"})


def bucket_of(rest_api_id: str) -> int:
    """Return the bucket of a REST API's items."""
    return zlib.crc32(rest_api_id.encode()) % BUCKETS


def comparable(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload without its volatile fields."""
    if VOLATILE.isdisjoint(payload):
        return payload
    return {name: value for name, value in payload.items() if name not in VOLATILE}


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def item_digest(parts: Any) -> bytes:
    """Return the digest of one item's compared parts (16 bytes)."""
    return hashlib.blake2b(canonical(parts), digest_size=16, key=_FORM).digest()


def bucket_digest(parts: Iterable[Any]) -> bytes:
    """Return the digest of a bucket's items in a given order (12 bytes)."""
    return hashlib.blake2b(canonical(list(parts)), digest_size=_BUCKET_BYTES, key=_FORM).digest()


class ScopeDigest:
    """The bucket digests of one scope, as stored in ``cmdb.scope.digest``."""

    def __init__(self, stored: bytes | None) -> None:
        size = BUCKETS * _BUCKET_BYTES
        self._bytes = bytearray(stored) if stored is not None and len(stored) == size else bytearray(size)

    def __getitem__(self, bucket: int) -> bytes:
        return bytes(self._bytes[bucket * _BUCKET_BYTES : (bucket + 1) * _BUCKET_BYTES])

    def __setitem__(self, bucket: int, digest: bytes) -> None:
        self._bytes[bucket * _BUCKET_BYTES : (bucket + 1) * _BUCKET_BYTES] = digest

    def forget(self, bucket: int) -> None:
        """Mark a bucket as unknown: the next reading compares its items one by one."""
        self[bucket] = _UNKNOWN

    def to_bytes(self) -> bytes:
        """Return what is stored."""
        return bytes(self._bytes)
