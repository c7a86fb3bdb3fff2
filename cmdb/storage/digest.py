"""Digests that tell an unchanged scope, and tokens that tell in a changed one the groups whose items did.

Items are grouped by their parent; without one each is a group of its own. A scope carries a token per group:
of the item as it was read, or of AWS's answer that lists a parent's items. A token that is stored already
promises that nothing of its group changed; only the items of the others are compared one by one, and only
their rows are fetched. Digests and tokens cover what was read as it came, volatile fields and order included:
a new one proves no change, it only asks for the comparison.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

_BYTES = 12
#: Part of every digest of an item; a new number makes every item a changed one.
_ITEM_FORM = b"2"
#: Begins a scope's tokens; another number makes a scope's items be compared anew.
_TOKENS_FORM = b"\x04"

#: Digest or tokens of a scope of which nothing is known.
UNKNOWN = b""


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def token(parts: Any) -> bytes:
    """Return the token of something as it was read (12 bytes).

    SHA-256, which processors have instructions for, is twice as fast here as BLAKE2.
    """
    return hashlib.sha256(orjson.dumps(parts)).digest()[:_BYTES]


def shortened(digest: bytes) -> bytes:
    """Return a digest of answers as short as a token."""
    return digest[:_BYTES]


class Encoded:
    """An item in the forms that are stored: its digest and its payload, serialised once."""

    __slots__ = ("digest", "payload")

    def __init__(self, identity: Any, payload: dict[str, Any], volatile_keys: frozenset[str]) -> None:
        """Encode an item; ``identity`` is what else is compared, beside the payload (None: nothing else).

        ``volatile_keys`` are stored but not compared: they change by themselves.
        """
        if volatile_keys.isdisjoint(payload):
            body = canonical(payload)
            self.payload = body
        else:
            steady = payload.copy()
            volatile = orjson.dumps({name: steady.pop(name) for name in volatile_keys if name in steady})
            body = canonical(steady)
            self.payload = body[:-1] + b"," + volatile[1:] if steady else volatile
        #: 16 bytes over identity and payload without volatile fields.
        known_as = b"" if identity is None else orjson.dumps(identity)
        self.digest = hashlib.blake2b(known_as + body, digest_size=16, key=_ITEM_FORM).digest()


class Tokens:
    """What a scope carries in ``cmdb.scope.tokens``: the tokens of its groups, if they are known."""

    __slots__ = ("_stored",)

    def __init__(self, stored: bytes | None) -> None:
        """Take what is stored; what has another form counts as nothing."""
        is_known = stored is not None and stored[:1] == _TOKENS_FORM and len(stored) % _BYTES == 1
        self._stored = stored if stored is not None and is_known else UNKNOWN

    @classmethod
    def of(cls, tokens: Iterable[bytes]) -> Tokens:
        """Take the tokens of what was read."""
        return cls(b"".join((_TOKENS_FORM, *tokens)))

    @property
    def are_known(self) -> bool:
        """Whether they say anything."""
        return bool(self._stored)

    def as_set(self) -> frozenset[bytes]:
        """Return the tokens."""
        stored = self._stored
        return frozenset(stored[at : at + _BYTES] for at in range(1, len(stored), _BYTES))

    def to_bytes(self) -> bytes:
        """Return what is stored."""
        return self._stored
