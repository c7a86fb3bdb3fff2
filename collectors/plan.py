"""What to collect and how; independent of where settings come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from collectors.calls import RetryPolicy
from collectors.quota import API_GATEWAY_SHARED, Limits
from collectors.readers import ALWAYS


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """The whole order for a collection.

    ``accounts``: the caller's own, those of the organization, or these ids. ``regions``: those enabled for
    each account, or these. ``excluded`` and ``accepted_denials`` are patterns (``collectors.patterns``) of
    accounts and regions that are left out on purpose, and of those where a denial is no failure.
    ``scopes`` are those to read in each account-region; those that every run reads are read in any case.
    ``private_definitions``: what APIs that are only private serve is read, too; whether they use HTTP backends
    is no question, what their methods look like may be. ``hash_key`` hides values of stage variables and
    sensitive tags. ``account_tags``: the tags that the organization keeps of each account are read, too.
    ``quota`` None switches the client-side quota off (simulations only).
    """

    accounts: Literal["self", "organization"] | tuple[str, ...] = "self"
    role_name: str | None = None
    external_id: str | None = field(default=None, repr=False)
    regions: Literal["enabled"] | tuple[str, ...] = "enabled"
    excluded: tuple[str, ...] = ()
    accepted_denials: tuple[str, ...] = ()
    scopes: frozenset[str] = ALWAYS
    private_definitions: bool = False
    hash_key: bytes = field(kw_only=True, repr=False)
    sensitive_tags: tuple[str, ...] = ()
    account_tags: bool = False
    threads: int = 16
    quota: Limits | None = API_GATEWAY_SHARED
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
