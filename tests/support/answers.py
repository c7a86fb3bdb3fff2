"""Digests of answers for snapshots that no collector made, as a collector would give them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cmdb.snapshot import AccountRegionSnapshot
from collectors.answers import AnswerDigests


def with_answers(snapshot: AccountRegionSnapshot) -> AccountRegionSnapshot:
    """Return the snapshot with digests of the answers that its items could have come from."""
    snapshot.rest_apis.answer = _digest(snapshot.rest_apis.items)
    snapshot.client_certificates.answer = _digest(snapshot.client_certificates.items)
    answers = snapshot.stages.answers = AnswerDigests(b"a key of the tests").by_api()
    for api in snapshot.rest_apis.items:
        if api.rest_api_id not in snapshot.stages.unread:
            held = [stage for stage in snapshot.stages.items if stage.rest_api_id == api.rest_api_id]
            answers.add(api.rest_api_id, repr(held).encode())
    return snapshot


def _digest(items: Sequence[object]) -> bytes:
    return hashlib.sha256(repr(items).encode()).digest()
