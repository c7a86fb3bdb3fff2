"""Which accounts there are, which of them can be entered, and which regions each has."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cmdb.snapshot import AccountKey, AccountReading, Failure, FailureKind, ScopeStatus
from collectors import values
from collectors.account_tags import read_account_tags
from collectors.calls import Caller
from collectors.errors import CollectionError, ReadFailure, malformed
from collectors.patterns import matching, matching_account
from collectors.plan import CollectionPlan
from collectors.regions import enabled_regions
from collectors.sessions import Sessions
from collectors.values import Hasher

_LIST_ACCOUNTS = "ListAccounts"
_MOST_PAGES = 2000
#: Statuses of an account that is entered and whose regions are read.
READABLE = frozenset({ScopeStatus.COMPLETE, ScopeStatus.PARTIAL})


@dataclass(frozen=True, slots=True)
class Target:
    """An account to read, or one that cannot be read for the reason given.

    A ``PARTIAL`` one is read all the same: what failed is something else that was asked in its name.
    """

    account: AccountKey
    name: str | None = None
    status: ScopeStatus = ScopeStatus.COMPLETE
    failure: Failure | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def list_targets(
    plan: CollectionPlan, sessions: Sessions, known: Iterable[AccountKey], stop: threading.Event
) -> list[Target]:
    """Return the accounts that the plan names.

    In an organization, known accounts that it no longer lists are returned as failed: that an account is not
    listed says nothing of what is in it. When the organization cannot be listed, the known accounts are read,
    and the failure is the caller's own account's; raises ``CollectionError`` when none is known yet.
    """
    if plan.accounts == "self":
        return [Target(sessions.caller)]
    if plan.accounts == "organization":
        caller = Caller(sessions.sender(None, sessions.home_region), retries=plan.retries, stop=stop)
        try:
            listed = _list_organization(caller, sessions.caller.partition)
        except ReadFailure as error:
            remembered = _remembered(known, sessions.caller, error.failure)
            if remembered:
                return remembered
            raise CollectionError(
                f"The organization's accounts could not be listed. {error} Allow organizations:ListAccounts, "
                "call from the management or a delegated administrator account, or name the accounts."
            ) from None
        return listed + _left(listed, known, sessions.caller.partition)
    partition = sessions.caller.partition
    return [Target(AccountKey(partition, account_id)) for account_id in dict.fromkeys(plan.accounts)]


def enter(target: Target, plan: CollectionPlan, sessions: Sessions, stop: threading.Event) -> AccountReading:
    """Enter an account and find its regions; what stands in the way becomes the reading's failure."""
    reading = AccountReading(
        target.account, target.name, target.status, target.failure, payload=target.payload
    )
    excluded = matching_account(plan.excluded, target.account.account_id)
    if excluded is not None:
        reading.status, reading.failure = ScopeStatus.SKIPPED, _excluded(excluded)
        return reading
    if target.status is not ScopeStatus.SKIPPED:
        _read_tags(reading, plan, sessions, stop)
    if target.status not in READABLE:
        return reading
    if target.account != sessions.caller and plan.role_name is None:
        return _failed(
            reading,
            Failure(
                FailureKind.CREDENTIALS,
                "AssumeRole",
                f"Account {target.account.account_id} is not the caller's own, and no role is set.",
            ),
        )
    caller = Caller(sessions.sender(target.account, sessions.home_region), retries=plan.retries, stop=stop)
    try:
        enabled = enabled_regions(caller)
    except ReadFailure as error:
        # Without the right to list regions, named ones are read as they are; one that is off then says so.
        if plan.regions == "enabled" or not _may_go_on(error.failure):
            return _not_entered(reading, _explained(error.failure, target.account, plan), plan)
        enabled = set(plan.regions)
    wanted = sorted(enabled) if plan.regions == "enabled" else dict.fromkeys(plan.regions)
    _choose_regions(reading, wanted, enabled, plan.excluded)
    return reading


def _read_tags(
    reading: AccountReading, plan: CollectionPlan, sessions: Sessions, stop: threading.Event
) -> None:
    """Read an account's tags where the plan asks for them; a failure is the reading's, and it goes on."""
    if not plan.account_tags:
        return
    caller = Caller(sessions.sender(None, sessions.home_region), retries=plan.retries, stop=stop)
    try:
        hasher = Hasher(plan.hash_key, plan.sensitive_tags)
        reading.tags = read_account_tags(caller, reading.account, hasher)
    except ReadFailure as error:
        if error.failure.kind is FailureKind.REFUSED and reading.account == sessions.caller:
            reading.tags = {}  # it is in no organization that could keep any
            return
        accepted = matching_account(plan.accepted_denials, reading.account.account_id)
        is_accepted = accepted is not None and error.failure.kind is FailureKind.DENIED
        if reading.status is not ScopeStatus.COMPLETE or is_accepted:
            return
        failed = error.failure
        message = f"The account's tags could not be read, so that owners by them stay as they were: {failed.message}"
        reading.status = ScopeStatus.PARTIAL
        reading.failure = Failure(failed.kind, failed.operation, message)


def _choose_regions(
    reading: AccountReading, wanted: Iterable[str], enabled: set[str], excluded: Iterable[str]
) -> None:
    """Part the regions that are wanted into those to read and those to skip."""
    regions = []
    for region in wanted:
        pattern = matching(excluded, reading.account.account_id, region)
        if region not in enabled:
            reading.skipped_regions[region] = _disabled(region)
        elif pattern is not None:
            reading.skipped_regions[region] = _excluded(pattern)
        else:
            regions.append(region)
    reading.regions = tuple(regions)


def _list_organization(caller: Caller, partition: str) -> list[Target]:
    targets: dict[str, Target] = {}
    token: str | None = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        parameters = {} if token is None else {"NextToken": token}
        answer = caller.call("organizations", _LIST_ACCOUNTS, parameters, expect="Accounts")
        for record in values.sequence(_LIST_ACCOUNTS, answer["Accounts"], "the list of accounts"):
            target = _target(record, partition)
            targets.setdefault(target.account.account_id, target)
        token = answer.get("NextToken")
        if token is None:
            return list(targets.values())
        if not isinstance(token, str) or not token or token in seen:
            raise malformed(_LIST_ACCOUNTS, "its pages lead nowhere new")
        seen.add(token)
    raise malformed(_LIST_ACCOUNTS, f"it does not end after {_MOST_PAGES} pages")


def _target(record: Any, partition: str) -> Target:
    fields = values.structure(_LIST_ACCOUNTS, record, "an account")
    account_id = values.key_text(_LIST_ACCOUNTS, fields, "Id")
    # State is the newer and finer field (Organizations API reference, Account).
    state = values.optional_text(_LIST_ACCOUNTS, fields, "State") or values.optional_text(
        _LIST_ACCOUNTS, fields, "Status"
    )
    if state is None:
        raise malformed(_LIST_ACCOUNTS, "an account has no status")
    payload = values.clean(_LIST_ACCOUNTS, fields)
    account, name = AccountKey(partition, account_id), values.optional_text(_LIST_ACCOUNTS, fields, "Name")
    if state == "ACTIVE":
        return Target(account, name, payload=payload)
    closed = state in {"PENDING_CLOSURE", "CLOSED"}
    kind = FailureKind.ACCOUNT_CLOSED if closed else FailureKind.ACCOUNT_SUSPENDED
    message = f"Account {account_id} is {state} in its organization and is not read."
    return Target(account, name, ScopeStatus.SKIPPED, Failure(kind, _LIST_ACCOUNTS, message), payload)


def _remembered(known: Iterable[AccountKey], caller: AccountKey, failure: Failure) -> list[Target]:
    """Return the accounts known before, and the caller's own with the failure to list the organization's."""
    others = [Target(account) for account in known if account.partition == caller.partition]
    if not others:
        return []
    message = (
        f"The organization's accounts could not be listed, so those known before are read: {failure.message}"
    )
    own = Target(caller, status=ScopeStatus.PARTIAL, failure=Failure(failure.kind, _LIST_ACCOUNTS, message))
    return [own, *(target for target in others if target.account != caller)]


def _left(listed: list[Target], known: Iterable[AccountKey], partition: str) -> list[Target]:
    present = {target.account for target in listed}
    return [
        Target(
            account,
            status=ScopeStatus.FAILED,
            failure=Failure(
                FailureKind.ACCOUNT_LEFT,
                _LIST_ACCOUNTS,
                f"Account {account.account_id} is not in the organization any more; what is known stays.",
            ),
        )
        for account in known
        if account not in present and account.partition == partition
    ]


def _may_go_on(failure: Failure) -> bool:
    """Return whether only the list of regions is missing: the account itself could be entered."""
    return failure.kind is FailureKind.DENIED and failure.operation != "AssumeRole"


def _explained(failure: Failure, account: AccountKey, plan: CollectionPlan) -> Failure:
    if failure.operation != "AssumeRole":
        return failure
    message = f"Role {plan.role_name} could not be assumed in account {account.account_id}: {failure.message}"
    return Failure(failure.kind, failure.operation, message)


def _failed(reading: AccountReading, failure: Failure) -> AccountReading:
    reading.status, reading.failure = ScopeStatus.FAILED, failure
    return reading


def _not_entered(reading: AccountReading, failure: Failure, plan: CollectionPlan) -> AccountReading:
    accepted = matching_account(plan.accepted_denials, reading.account.account_id)
    if accepted is None or failure.kind is not FailureKind.DENIED:
        return _failed(reading, failure)
    reading.status, reading.failure = ScopeStatus.SKIPPED, denied_and_accepted(accepted, failure)
    return reading


def denied_and_accepted(pattern: str, failure: Failure) -> Failure:
    """Return the reason why a denial that a pattern accepts is no failure."""
    message = f"Denied, accepted by GATELEDGER_ACCEPT_DENIED ({pattern}): {failure.message}"
    return Failure(FailureKind.DENIED_ACCEPTED, failure.operation, message)


def _excluded(pattern: str) -> Failure:
    message = f"Left out on purpose, excluded by GATELEDGER_EXCLUDE ({pattern})."
    return Failure(FailureKind.EXCLUDED, "enter", message)


def _disabled(region: str) -> Failure:
    return Failure(
        FailureKind.REGION_DISABLED, "DescribeRegions", f"Region {region} is not enabled for the account."
    )
