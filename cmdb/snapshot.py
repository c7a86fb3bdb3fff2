"""What a collector hands to the CMDB: one account-region as it was read, failures included.

These types are the CMDB's input contract. A reading says for every item type how far it can be trusted:
only a ``COMPLETE`` (or, item by item, a ``PARTIAL``) reading may close anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

#: Name of the scope that an account itself is, beside the scopes that item types declare.
ACCOUNT_SCOPE = "account"


class ScopeStatus(StrEnum):
    """How the last attempt to read a scope ended.

    ``COMPLETE``: everything was read. ``PARTIAL``: all but the items listed as unread. ``FAILED``: nothing
    can be concluded. ``SKIPPED``: not attempted on purpose (account suspended, region not enabled, nothing that
    is enabled asks for it).
    ``UNCOLLECTED``: a later run did not cover the scope at all.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCOLLECTED = "uncollected"


class FailureKind(StrEnum):
    """Why a read failed (or a scope was skipped); never an empty list.

    ``REFUSED``: AWS understood what was asked and cannot do it, however often it is asked.
    """

    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    ABSENT = "absent"
    REFUSED = "refused"
    CREDENTIALS = "credentials"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_LEFT = "account_left"
    REGION_DISABLED = "region_disabled"
    EXCLUDED = "excluded"
    """Left out on purpose."""
    DENIED_ACCEPTED = "denied_accepted"
    """Denied, which is known and accepted."""
    NOT_WANTED = "not_wanted"
    """No enabled policy and no setting asks for it."""
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed read: its kind, the operation (``GetStages``) and one sentence for people."""

    kind: FailureKind
    operation: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """An AWS account, partition-aware (``aws``, ``aws-cn``, ``aws-us-gov``)."""

    partition: str
    account_id: str


@dataclass(slots=True)
class Item:
    """An item as it was read (``cmdb.items`` declares its type).

    ``key`` names it within its parent (empty: its type has one for each parent), ``parent`` is the AWS id of
    the item that it belongs to. ``payload`` is AWS's answer, normalised for storage and without secrets;
    ``derived`` holds the fields that the reader computed.
    """

    key: str
    payload: dict[str, Any]
    parent: str | None = None
    derived: Mapping[str, Any] = field(default_factory=dict)


class AnswersByParent(Protocol):
    """Answers that were read for one parent after the other: for all of a reading but the unread ones."""

    def whole(self) -> bytes:
        """Return one digest for all of them."""

    def by_parent(self) -> Mapping[str, bytes]:
        """Return a digest for each, by the parent's AWS id, which is part of what the digest is of."""


@dataclass(slots=True)
class Reading:
    """What was read of one scope.

    ``items`` holds what was read. ``unread`` lists what could not be read although the rest could (status is
    then ``PARTIAL``): by parent where items have one, else by their own key. ``absent`` lists keys that a
    direct look proved not to exist, or that were proven so before and that tonight's complete listing still
    lacks. A reading of a type whose absence means nothing holds only what was read tonight.

    ``answer`` is a digest of all that ``items`` were made of; ``answers`` are the answers that they were made
    of, by parent. Equal digests promise equal items, so that the items themselves need not be looked at;
    None: there is none, and they are.
    """

    status: ScopeStatus
    failure: Failure | None = None
    items: list[Item] = field(default_factory=list)
    unread: dict[str, Failure] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    answer: bytes | None = None
    answers: AnswersByParent | None = None


@dataclass(slots=True)
class CallCounts:
    """What reading cost: requests sent (retries included), 429 answers, seconds waited for the quota.

    ``peak_per_second``, ``quota_share`` and ``step_backs`` say how much of API Gateway's quota was taken
    (``collectors.quota.QuotaUse``).
    """

    calls: int = 0
    throttles: int = 0
    waited_seconds: float = 0.0
    duration_seconds: float = 0.0
    peak_per_second: int = 0
    quota_share: float = 0.0
    step_backs: int = 0


@dataclass(slots=True)
class AccountRegionSnapshot:
    """One account-region as read in one run: a reading for each scope that was to be read, by its name."""

    account: AccountKey
    region: str
    readings: dict[str, Reading]
    cost: CallCounts = field(default_factory=CallCounts)


@dataclass(slots=True)
class AccountReading:
    """One account as the run found it, before its regions are read.

    ``COMPLETE``: it can be entered and its regions are known. ``FAILED``: it cannot (role missing, denied,
    regions unlisted); nothing of it is read. ``PARTIAL``: it can be entered, and something else that was
    asked in its name failed (the organization's accounts, its own tags). ``SKIPPED``: suspended or closed.
    """

    account: AccountKey
    name: str | None
    status: ScopeStatus
    failure: Failure | None = None
    regions: tuple[str, ...] = ()
    skipped_regions: dict[str, Failure] = field(default_factory=dict)
    """Regions that were requested and are not read, each with its reason."""
    payload: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] | None = None
    """The account's tags; None: they were not requested, or could not be read."""


@dataclass(frozen=True, slots=True)
class KnownRegion:
    """What the CMDB knows of an account-region and a collector needs to ask no more than necessary."""

    deployments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By REST API id: ids of the deployments whose definitions are known."""
    named_certificates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By REST API id: certificate ids (or ACM ARNs) that its live stages name."""
    absent_certificates: frozenset[str] = frozenset()
    """Certificate ids (or ACM ARNs) proven not to exist."""


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What merging a snapshot did, in items."""

    items_seen: int = 0
    items_changed: int = 0


class Inventory(Protocol):
    """Where collectors read what is known and store what they read. Implementations are thread-safe."""

    def known(self, account: AccountKey, region: str) -> KnownRegion:
        """Return what is known of an account-region (empty when it was never read)."""

    def known_in(self, account: AccountKey, regions: Sequence[str]) -> Mapping[str, KnownRegion]:
        """Return what is known of each of an account's regions."""

    def known_accounts(self) -> list[AccountKey]:
        """Return every account ever collected, for accounts that left an organization."""

    def store_account(self, reading: AccountReading) -> None:
        """Record an account's status; a failed or skipped one marks all its known scopes likewise."""

    def store(self, snapshot: AccountRegionSnapshot) -> MergeResult:
        """Merge one account-region in one transaction."""

    def store_many(self, snapshots: Sequence[AccountRegionSnapshot]) -> Sequence[MergeResult]:
        """Merge several account-regions, none of them twice, in one transaction."""
