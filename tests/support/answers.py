"""Digests of answers for snapshots that no collector made, as a collector would give them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cmdb.snapshot import AccountRegionSnapshot
from collectors.answers import AnswerDigests


def with_answers(snapshot: AccountRegionSnapshot) -> AccountRegionSnapshot:
    """Return the snapshot with digests of the answers that its items could have come from."""
    snapshot.readings["rest_api"].answer = _digest(snapshot.readings["rest_api"].items)
    snapshot.readings["client_certificate"].answer = _digest(snapshot.readings["client_certificate"].items)
    answers = snapshot.readings["stage"].answers = AnswerDigests(b"a key of the tests").by_api()
    for api in snapshot.readings["rest_api"].items:
        if api.key not in snapshot.readings["stage"].unread:
            held = [stage for stage in snapshot.readings["stage"].items if stage.parent == api.key]
            answers.add(api.key, repr(held).encode())
    return snapshot


def _digest(items: Sequence[object]) -> bytes:
    return hashlib.sha256(repr(items).encode()).digest()
