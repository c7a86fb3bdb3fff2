"""When a REST API's methods are read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cmdb.snapshot import AccountKey, Item, MethodsReading

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def deployments_of(stages: Iterable[Item]) -> frozenset[str]:
    """Return the deployments that the stages of one API have."""
    return frozenset(deployment for stage in stages if (deployment := stage.payload.get("deploymentId")))


def needs_methods(
    account: AccountKey,
    region: str,
    api: Item,
    stages: list[Item],
    known: MethodsReading | None,
    *,
    as_of: datetime,
    max_age: timedelta,
) -> bool:
    """Return whether an API's methods must be read tonight.

    A PRIVATE API needs none, and neither does one without stages. Others need them when they were never
    read, when the deployments of its stages changed, and once within every ``max_age``.
    """
    if api.derived["is_private"]:
        return False
    if not stages:
        return False
    return reading_is_due(
        account,
        region,
        api.key,
        deployments_of(stages),
        known,
        as_of=as_of,
        max_age=max_age,
    )


def reading_is_due(
    account: AccountKey,
    region: str,
    rest_api_id: str,
    deployments: frozenset[str],
    known: MethodsReading | None,
    *,
    as_of: datetime,
    max_age: timedelta,
) -> bool:
    """Return whether the methods of an API that needs them, with stages of these deployments, are due."""
    if known is None or known.deployment_ids != deployments:
        return True
    key = f"{account.partition}/{account.account_id}/{region}/{rest_api_id}"
    return _is_due(key, known.read_at, as_of, max_age)


def _is_due(key: str, read_at: datetime, as_of: datetime, max_age: timedelta) -> bool:
    """Return whether the API's own moment within the period has passed since the last reading.

    Each API has a fixed phase within the period, so APIs read in one night fall due on different nights, none
    ever grows older than the period, and in the long run each is read once in it.
    """
    if max_age <= timedelta(0):
        return True
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    phase = max_age * (int.from_bytes(digest) / 2**64)
    return (as_of - _EPOCH + phase) // max_age != (read_at - _EPOCH + phase) // max_age
