"""Digests of answers for snapshots that no collector made, as a collector would give them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cmdb.snapshot import AccountRegionSnapshot


def with_answers(snapshot: AccountRegionSnapshot) -> AccountRegionSnapshot:
    """Return the snapshot with digests of the answers that its items could have come from."""
    snapshot.rest_apis.answer = _digest(snapshot.rest_apis.items)
    snapshot.client_certificates.answer = _digest(snapshot.client_certificates.items)
    snapshot.stages.answers = {
        api.rest_api_id: _digest(
            [stage for stage in snapshot.stages.items if stage.rest_api_id == api.rest_api_id]
        )
        for api in snapshot.rest_apis.items
        if api.rest_api_id not in snapshot.stages.unread
    }
    return snapshot


def _digest(items: Sequence[object]) -> bytes:
    return hashlib.sha256(repr(items).encode()).digest()
