"""Scripted and random faults: which calls suffer, and what.

A rule names the calls it concerns; the first rule that matches a call decides. Faults come on top of the
answer that would have been given, so a rule can ask for the last page or change a body.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Literal

LIST_KEYS = {
    "GetRestApis": "item",
    "GetStages": "item",
    "GetResources": "item",
    "GetClientCertificates": "item",
    "GetClientCertificate": "clientCertificateId",
    "GetStage": "stageName",
    "GetExport": "paths",
    "GetDeployments": "item",
    "GetDeployment": "id",
    "GetRestApi": "id",
    "GetDomainNames": "item",
    "GetDomainName": "domainName",
    "GetBasePathMappings": "item",
    "GetAccount": "throttleSettings",
    "GetUsagePlans": "item",
    "v2.GetApis": "items",
    "v2.GetApi": "apiId",
    "v2.GetStages": "items",
    "v2.GetStage": "stageName",
    "v2.GetRoutes": "items",
    "v2.GetIntegrations": "items",
    "v2.GetDomainNames": "items",
    "v2.GetApiMappings": "items",
    "v2.ListRoutingRules": "routingRules",
    "DescribeCertificate": "Certificate",
    "ListAccounts": "Accounts",
    "DescribeOrganization": "Organization",
    "ListTagsForResource": "Tags",
    "ListRegions": "Regions",
}
"""The key that an answer of each JSON operation cannot do without."""

HUGE = 17 * 1024 * 1024
"""Bytes of a body that no reader should take in."""

Body = bytes | Callable[[bytes], bytes]


class FaultKind(StrEnum):
    """What happens to a call."""

    DENIED = "denied"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION_RESET = "connection_reset"
    CUT_OFF = "cut_off"
    MALFORMED_JSON = "malformed_json"
    MISSING_LIST_KEY = "missing_list_key"
    NULL_LIST = "null_list"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - a fault's name
    SLOW = "slow"
    REPLACE_BODY = "replace_body"
    HUGE_BODY = "huge_body"


_JSON_ONLY = frozenset({FaultKind.MISSING_LIST_KEY, FaultKind.NULL_LIST})
RANDOM_KINDS = tuple(kind for kind in FaultKind if kind not in {FaultKind.REPLACE_BODY, FaultKind.HUGE_BODY})
"""Faults that can strike at random: those that need no details and no megabytes."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """A call that may meet a fault. ``page`` counts from 1; ``is_last``: no page follows it.

    ``part_id`` is what the call is about within ``resource_id``: a stage's name, a deployment's id.
    """

    service: str
    operation: str
    account_id: str | None
    region: str | None
    resource_id: str | None
    page: int | None
    is_last: bool
    part_id: str | None = None


@dataclass(slots=True)
class Rule:
    """Which calls meet a fault, and the fault.

    Operations of API Gateway V2 are named ``v2.GetStages`` and so on, since API Gateway has some of the same
    names.

    Of the calls that match (``None`` matches any), the ``nth`` and the following ``times`` - 1 suffer;
    ``times=None`` means for ever. ``page`` is a number from 1 or ``"last"``; page 1 of one page is both.
    Details: ``status`` of a server error; ``retry_after`` seconds of a throttle; ``after_bytes`` sent before
    a cut-off (``None``: half) and ``honest_length`` when Content-Length admits it and the connection stays;
    ``seconds`` of slowness; ``body`` or a function of the true body that replaces it; ``size`` in bytes to
    which blanks make a body huge, JSON all the same.
    """

    kind: FaultKind
    operation: str | None = None
    account_id: str | None = None
    region: str | None = None
    resource_id: str | None = None
    page: int | Literal["last"] | None = None
    nth: int = 1
    times: int | None = None
    status: int = 500
    retry_after: int | None = None
    after_bytes: int | None = None
    honest_length: bool = False
    seconds: float = 0.5
    body: Body | None = None
    part_id: str | None = None
    size: int = HUGE
    matched: int = field(default=0, init=False)
    """Calls that matched so far."""
    hits: int = field(default=0, init=False)
    """Calls that suffered so far."""

    def __post_init__(self) -> None:
        if self.kind is FaultKind.REPLACE_BODY and self.body is None:
            raise ValueError("replace_body needs the body to answer with")
        if self.status not in {500, 503}:
            raise ValueError("a server error is 500 or 503")

    def matches(self, call: Occasion) -> bool:
        """Return whether a call is one of those the rule is about."""
        return (
            self.operation in {None, call.operation}
            and self.account_id in {None, call.account_id}
            and self.region in {None, call.region}
            and self.resource_id in {None, call.resource_id}
            and self.part_id in {None, call.part_id}
            and (self.page is None or (call.is_last if self.page == "last" else self.page == call.page))
            and (self.kind not in _JSON_ONLY or call.operation in LIST_KEYS)
        )

    def strikes(self) -> bool:
        """Count a matching call; tell whether it is one of those that suffer."""
        self.matched += 1
        if self.matched < self.nth or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The rules in force, and a random share of calls that fail. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: tuple[Rule, ...] = ()
        self._probability = 0.0
        self._random = random.Random(0)  # noqa: S311 - dice, no secrets
        self._kinds: tuple[FaultKind, ...] = RANDOM_KINDS
        self._seconds = 0.05

    def add(
        self,
        kind: FaultKind | str,
        operation: str | None = None,
        *,
        account_id: str | None = None,
        region: str | None = None,
        resource_id: str | None = None,
        page: int | Literal["last"] | None = None,
        nth: int = 1,
        times: int | None = None,
        status: int = 500,
        retry_after: int | None = None,
        after_bytes: int | None = None,
        honest_length: bool = False,
        seconds: float = 0.5,
        body: Body | None = None,
        part_id: str | None = None,
        size: int = HUGE,
    ) -> Rule:
        """Put a rule in force after those already there; see ``Rule`` for what each argument means."""
        rule = Rule(
            kind=FaultKind(kind),
            operation=operation,
            account_id=account_id,
            region=region,
            resource_id=resource_id,
            page=page,
            nth=nth,
            times=times,
            status=status,
            retry_after=retry_after,
            after_bytes=after_bytes,
            honest_length=honest_length,
            seconds=seconds,
            body=body,
            part_id=part_id,
            size=size,
        )
        with self._lock:
            self._rules = (*self._rules, rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule out of force; nothing happens when it is not."""
        with self._lock:
            self._rules = tuple(each for each in self._rules if each is not rule)

    def at_random(
        self,
        probability: float,
        *,
        seed: int = 0,
        kinds: Sequence[FaultKind | str] = RANDOM_KINDS,
        slow_seconds: float = 0.05,
    ) -> None:
        """Let each call fail with a probability, by a kind drawn from ``kinds``; 0 stops it."""
        with self._lock:
            self._random = random.Random(seed)  # noqa: S311 - dice, no secrets
            self._probability = probability
            self._kinds = tuple(FaultKind(kind) for kind in kinds)
            self._seconds = slow_seconds

    def clear(self) -> None:
        """Take all rules out of force and stop random faults."""
        with self._lock:
            self._rules = ()
            self._probability = 0.0

    @property
    def idle(self) -> bool:
        """Whether no call can fail at all."""
        return not self._rules and not self._probability

    def strike(self, call: Occasion) -> Rule | None:
        """Return the rule a call suffers from, or ``None``."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(call) and rule.strikes():
                    return rule
            if self._probability and self._random.random() < self._probability:
                suited = [k for k in self._kinds if k not in _JSON_ONLY or call.operation in LIST_KEYS]
                if suited:
                    status = self._random.choice((500, 503))
                    return Rule(self._random.choice(suited), status=status, seconds=self._seconds)
        return None
