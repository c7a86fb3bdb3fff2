"""What a collector hands to the CMDB: one account-region as it was read, failures included.

These types are the CMDB's input contract. A reading says for every item type how far it can be trusted:
only a ``COMPLETE`` (or, item by item, a ``PARTIAL``) reading may close anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar


class ItemType(StrEnum):
    """A kind of thing that is collected; together with account and region it names a scope."""

    ACCOUNT = "account"
    REST_API = "rest_api"
    STAGE = "stage"
    INTEGRATION = "integration"
    CLIENT_CERTIFICATE = "client_certificate"
    ACM_CERTIFICATE = "acm_certificate"


class ScopeStatus(StrEnum):
    """How the last attempt to read a scope ended.

    ``COMPLETE``: everything was read. ``PARTIAL``: all but the items listed as unread. ``FAILED``: nothing
    can be concluded. ``SKIPPED``: not attempted on purpose (account suspended, region not enabled).
    ``UNCOLLECTED``: a later run did not cover the scope at all.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCOLLECTED = "uncollected"


class FailureKind(StrEnum):
    """Why a read failed (or a scope was skipped); never an empty list."""

    DENIED = "denied"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    ABSENT = "absent"
    CREDENTIALS = "credentials"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_LEFT = "account_left"
    REGION_DISABLED = "region_disabled"
    EXCLUDED = "excluded"
    """Left out on purpose."""
    DENIED_ACCEPTED = "denied_accepted"
    """Denied, which is known and accepted."""
    INTERRUPTED = "interrupted"


class CertificateKind(StrEnum):
    """Who keeps a certificate that a stage presents to its backends."""

    API_GATEWAY = "API_GATEWAY"
    ACM = "ACM"


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
class RestApi:
    """A REST API as GetRestApis gives it; ``payload`` is the whole answer, normalised for storage."""

    rest_api_id: str
    name: str | None
    endpoint_types: tuple[str, ...]
    payload: dict[str, Any]


@dataclass(slots=True)
class Stage:
    """A stage as GetStages gives it; values of its variables are keyed hashes, never the values."""

    rest_api_id: str
    stage_name: str
    deployment_id: str | None
    client_certificate_id: str | None
    payload: dict[str, Any]


@dataclass(slots=True)
class Integration:
    """The integration types of one REST API's methods, sorted and distinct, as read tonight.

    ``deployment_ids`` are those its stages had when the methods were read.
    """

    rest_api_id: str
    types: tuple[str, ...]
    deployment_ids: tuple[str, ...]


@dataclass(slots=True)
class Certificate:
    """A client certificate: API Gateway's own, or one of ACM named by a stage (id is then its ARN)."""

    kind: CertificateKind
    certificate_id: str
    created_at: datetime | None
    expires_at: datetime | None
    serial: str | None
    fingerprint_sha256: str | None
    subject: str | None
    payload: dict[str, Any]


ItemT = TypeVar("ItemT")


class AnswersByApi(Protocol):
    """Answers that were read for REST APIs: for all of a reading but the unread ones."""

    def whole(self) -> bytes:
        """Return one digest for all of them."""

    def by_api(self) -> Mapping[str, bytes]:
        """Return a digest for each, by REST API id, which is part of what the digest is of."""


@dataclass(slots=True)
class Reading(Generic[ItemT]):
    """What was read of one scope.

    ``items`` holds what was read. ``unread`` lists what could not be read although the rest could: REST API
    ids for stages and integrations, certificate ids for certificates (status is then ``PARTIAL``).
    ``absent`` lists certificate ids that a direct look proved not to exist, or that were proven so before
    and that tonight's complete listing still lacks. An INTEGRATION reading holds only the APIs whose methods
    were read tonight; the others keep what is known.

    ``answer`` is a digest of all that ``items`` were made of; of stages, ``answers`` are the answers that
    they were made of. Equal digests promise equal items, so that the items themselves need not be looked at;
    None: there is none, and they are.
    """

    status: ScopeStatus
    failure: Failure | None = None
    items: list[ItemT] = field(default_factory=list)
    unread: dict[str, Failure] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    answer: bytes | None = None
    answers: AnswersByApi | None = None


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
    """One account-region as read in one run."""

    account: AccountKey
    region: str
    rest_apis: Reading[RestApi]
    stages: Reading[Stage]
    integrations: Reading[Integration]
    client_certificates: Reading[Certificate]
    acm_certificates: Reading[Certificate]
    cost: CallCounts = field(default_factory=CallCounts)


@dataclass(slots=True)
class AccountReading:
    """One account as the run found it, before its regions are read.

    ``COMPLETE``: it can be entered and its regions are known. ``FAILED``: it cannot (role missing, denied,
    regions unlisted); nothing of it is read. ``PARTIAL``: it can be entered, and something else that was
    asked in its name failed (the organization's accounts). ``SKIPPED``: suspended or closed.
    """

    account: AccountKey
    name: str | None
    status: ScopeStatus
    failure: Failure | None = None
    regions: tuple[str, ...] = ()
    skipped_regions: dict[str, Failure] = field(default_factory=dict)
    """Regions that were asked for and are not read, each with its reason."""
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MethodsReading:
    """When an API's methods were last read, and the deployments its stages had then."""

    read_at: datetime
    deployment_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class KnownRegion:
    """What the CMDB knows of an account-region and a collector needs to ask no more than necessary."""

    methods: Mapping[str, MethodsReading] = field(default_factory=dict)
    """By REST API id."""
    named_certificates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By REST API id: certificate ids (or ACM ARNs) that its live stages name."""
    absent_certificates: frozenset[str] = frozenset()
    """API Gateway certificate ids proven not to exist."""


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What merging a snapshot did, in items: APIs, stages, readings of methods, certificates."""

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
