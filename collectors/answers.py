"""Digests of AWS's answers as they came: from equal answers equal items are made.

An answer of a night before need not be kept, and the items of tonight's need not be serialised, to tell that
nothing in them changed. Unequal answers prove nothing; their items are then compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

#: Part of every digest; a new number after a change of what is made of an answer.
_FORM = b"2"
#: Under what key of an answer's ``ResponseMetadata`` the parsers note its body.
BODY = "Body"


class AnswerDigests:
    """Makes digests under a key: they are stored, and nobody else shall guess an answer by them."""

    def __init__(self, key: bytes, sensitive_tags: Iterable[str] = ()) -> None:
        """Take what, beside the answers, decides which items are made of them."""
        made_by = repr(sorted(sensitive_tags)).encode()
        self._begun = hashlib.sha256(b"\0".join((_FORM, _versions(), made_by, key)))

    def of(self, *bodies: bytes) -> bytes:
        """Return the digest of an answer, or of one that came in several pages (32 bytes)."""
        digest = self._begun.copy()
        for body in bodies:
            digest.update(body)
        return digest.digest()

    def by_api(self) -> Answers:
        """Return a place for answers that are read for one REST API after the other."""
        return Answers(self)


class Answers:
    """Answers by REST API (``cmdb.snapshot.AnswersByParent``), kept until it is known whether they changed.

    One digest of all is half the work of one for each, and does not hold up other threads.
    """

    def __init__(self, digests: AnswerDigests) -> None:
        self._digests = digests
        self._bodies: dict[str, bytes] = {}

    def add(self, rest_api_id: str, body: bytes) -> None:
        """Keep an API's answer."""
        self._bodies[rest_api_id] = body

    def whole(self) -> bytes:
        """Return one digest for all of them, in the order that they were read in."""
        # Neither ids nor JSON hold a NUL.
        return self._digests.of(
            b"\0".join([part for name, body in self._bodies.items() for part in (name.encode(), body)])
        )

    def by_parent(self) -> dict[str, bytes]:
        """Return a digest for each, by REST API id."""
        of = self._digests.of
        return {name: of(b"%b\0%b" % (name.encode(), body)) for name, body in self._bodies.items()}


def bodies_of(answers: Iterable[dict[str, Any]]) -> list[bytes] | None:
    """Return the bodies of parsed answers; None when one was not noted.

    The position of the next page is no content and may differ each time.
    """
    bodies = []
    for answer in answers:
        body = answer.get("ResponseMetadata", {}).get(BODY)
        if not isinstance(body, bytes):
            return None
        position = answer.get("position", answer.get("NextToken"))
        bodies.append(body.replace(position.encode(), b"") if isinstance(position, str) else body)
    return bodies


@cache
def _versions() -> bytes:
    """Return what reads answers: another version may make other items of them."""
    return b"\0".join(_version(name) for name in ("gateledger", "botocore"))


def _version(name: str) -> bytes:
    try:
        return version(name).encode()
    except PackageNotFoundError:
        return b""
