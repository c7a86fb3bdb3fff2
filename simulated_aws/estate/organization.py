"""The simulated AWS's world: organizations, accounts, regions. It can change at any time, from any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock

from simulated_aws.estate.account_region import AccountRegion
from simulated_aws.regions import DEFAULT_REGIONS, regions_of

ACCOUNT_STATES = frozenset({"ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"})

DEFAULT_ROLE = "GateledgerReader"
"""A role that every new account has and lets be assumed, unless told otherwise."""


@dataclass(slots=True)
class Role:
    """An IAM role. One that is not ``assumable`` has a trust policy that names somebody else."""

    name: str
    assumable: bool = True
    external_id: str | None = None


@dataclass(slots=True)
class Account:
    """An AWS account and its roles; ``in_organization`` is false once it has left."""

    partition: str
    account_id: str
    name: str
    regions: list[str]
    status: str = "ACTIVE"
    joined_at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    in_organization: bool = True
    roles: dict[str, Role] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """What Organizations' ListTagsForResource gives for it."""


Populate = Callable[[AccountRegion], None]
"""Fills an account-region when it is first looked at, so that a huge estate costs nothing to start."""


class Estate:
    """Accounts and what they hold. One lock guards everything; hold ``lock`` to make several changes at once.

    ``seed`` decides all generated ids. ``now`` is the time that created and updated things carry; it stands
    still until it is set. ``populate`` is called once per account-region, when it is first used.
    """

    def __init__(
        self, *, seed: str = "gateledger", now: datetime | None = None, populate: Populate | None = None
    ) -> None:
        self.lock = RLock()
        self.seed = seed
        self.accounts: dict[str, Account] = {}
        self.management: dict[str, str] = {}
        """By partition: the account id of the organization's management account."""
        self.page_limit: int | None = None
        """Most items on a page of a listing, however many are requested; ``None``: as many as asked.

        Set it before anything is asked: pages that were answered once are kept.
        """
        self._now = now or datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
        self._populate = populate
        self._regions: dict[tuple[str, str], AccountRegion] = {}

    @property
    def now(self) -> datetime:
        """The estate's time (aware, UTC)."""
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("the estate's time must carry a time zone")
        with self.lock:
            self._now = moment

    def add_account(
        self,
        account_id: str,
        name: str,
        *,
        regions: Iterable[str] | None = None,
        partition: str = "aws",
        status: str = "ACTIVE",
        management: bool = False,
        in_organization: bool = True,
        roles: Iterable[Role] | None = None,
        joined_at: datetime | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Account:
        """Open an account. ``regions``: those enabled in it, by default all that need no opt-in."""
        if len(account_id) != 12 or not account_id.isdigit():
            raise ValueError(f"an account id has 12 digits, {account_id!r} has not")
        enabled = list(DEFAULT_REGIONS[partition] if regions is None else regions)
        if foreign := set(enabled) - set(regions_of(partition)):
            raise ValueError(f"partition {partition} has no region {sorted(foreign)[0]!r}")
        owned = [Role(DEFAULT_ROLE)] if roles is None else list(roles)
        with self.lock:
            account = Account(
                partition=partition,
                account_id=account_id,
                name=name,
                regions=enabled,
                joined_at=joined_at or self._now,
                in_organization=in_organization,
                roles={role.name: role for role in owned},
                tags=dict(tags or {}),
            )
            self.accounts[account_id] = account
            self.set_status(account_id, status)
            if management:
                self.management[partition] = account_id
            return account

    def set_status(self, account_id: str, status: str) -> None:
        """Set an account's state: ``ACTIVE``, ``SUSPENDED``, ``PENDING_CLOSURE`` or ``CLOSED``."""
        if status not in ACCOUNT_STATES:
            raise ValueError(f"an account is never {status!r}")
        with self.lock:
            self.accounts[account_id].status = status

    def set_tags(self, account_id: str, tags: Mapping[str, str]) -> None:
        """Replace the tags that the organization keeps of an account."""
        with self.lock:
            self.accounts[account_id].tags = dict(tags)

    def leave_organization(self, account_id: str) -> None:
        """Take an account out of its organization; it stays on its own."""
        with self.lock:
            self.accounts[account_id].in_organization = False

    def enable_region(self, account_id: str, region: str) -> None:
        """Enable a region in an account."""
        with self.lock:
            account = self.accounts[account_id]
            if region not in regions_of(account.partition):
                raise ValueError(f"partition {account.partition} has no region {region!r}")
            if region not in account.regions:
                account.regions.append(region)

    def disable_region(self, account_id: str, region: str) -> None:
        """Disable a region in an account; what is in it stays and comes back with the region."""
        with self.lock:
            self.accounts[account_id].regions.remove(region)

    def set_role(self, account_id: str, role: Role) -> None:
        """Create or replace a role of an account."""
        with self.lock:
            self.accounts[account_id].roles[role.name] = role

    def delete_role(self, account_id: str, name: str) -> None:
        """Delete a role of an account."""
        with self.lock:
            del self.accounts[account_id].roles[name]

    def region(self, account_id: str, region: str) -> AccountRegion:
        """Return an account-region, made and populated when it is first requested."""
        key = (account_id, region)
        found = self._regions.get(key)
        if found is not None:
            return found
        with self.lock:
            if key not in self._regions:
                made = AccountRegion(
                    lock=self.lock,
                    clock=lambda: self._now,
                    seed=self.seed,
                    partition=self.accounts[account_id].partition,
                    account_id=account_id,
                    region=region,
                )
                if self._populate is not None:
                    self._populate(made)
                # Published only when it is whole: readers look it up without the lock.
                self._regions[key] = made
            return self._regions[key]

    def account_regions(self) -> Iterator[AccountRegion]:
        """Yield every enabled account-region of every active account, populating each."""
        with self.lock:
            keys = [
                (a.account_id, r) for a in self.accounts.values() if a.status == "ACTIVE" for r in a.regions
            ]
        for account_id, region in keys:
            yield self.region(account_id, region)
