"""Reading one account-region: what is asked in which order, and what failures leave standing.

Stages come first and certificates after, so that a certificate made in between is never taken for deleted.
Whatever fails marks its own scope and nothing else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from cmdb.snapshot import (
    AccountKey,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    Item,
    KnownRegion,
    Reading,
    ScopeStatus,
)
from collectors import acm, apigateway
from collectors.answers import Answers
from collectors.calls import Caller
from collectors.errors import ReadFailure
from collectors.methods import deployments_of, needs_methods
from collectors.plan import CollectionPlan
from collectors.values import Hasher

ResultT = TypeVar("ResultT")

#: The scopes that an account-region is read in, in the order in which they are read.
READ_SCOPES = ("rest_api", "stage", "integration", "client_certificate", "acm_certificate")
#: Integration types that call an HTTP backend, which can ask for a client certificate.
HTTP_TYPES = frozenset({"HTTP", "HTTP_PROXY"})

#: Calls in a row that may fail for a reason which would meet the next one too; then no more are made.
PATIENCE = 3
_GENERAL = frozenset({FailureKind.THROTTLED, FailureKind.UNREACHABLE})
_AT_ONCE = frozenset({FailureKind.CREDENTIALS, FailureKind.INTERRUPTED})


class RegionReader:
    """Reads one account-region once."""

    def __init__(
        self,
        plan: CollectionPlan,
        caller: Caller,
        hasher: Hasher,
        account: AccountKey,
        region: str,
        known: KnownRegion,
        as_of: datetime,
    ) -> None:
        self._plan = plan
        self._caller = caller
        self._hasher = hasher
        self._account = account
        self._region = region
        self._known = known
        self._as_of = as_of
        self._streak = 0
        self._given_up: Failure | None = None
        self._named: set[str] = set()

    def read(self) -> AccountRegionSnapshot:
        """Return what was read, failures included; raises nothing of AWS."""
        began = time.monotonic()
        readings = self._read_apis()
        # Certificates are asked for anew even when stages were given up on.
        self._streak, self._given_up = 0, None
        readings["client_certificate"] = self._read_client_certificates()
        readings["acm_certificate"] = self._read_acm_certificates()
        cost = self._caller.counts
        cost.duration_seconds = time.monotonic() - began
        return AccountRegionSnapshot(self._account, self._region, readings, cost)

    def _read_apis(self) -> dict[str, Reading]:
        try:
            listed = apigateway.get_rest_apis(self._caller, self._hasher)
        except ReadFailure as error:
            self._named.update(*self._known.named_certificates.values())
            because = _because("The REST APIs could not be listed", error.failure)
            return {
                "rest_api": Reading(ScopeStatus.FAILED, error.failure),
                "stage": Reading(ScopeStatus.FAILED, because),
                "integration": Reading(ScopeStatus.FAILED, because),
            }
        apis = Reading(ScopeStatus.COMPLETE, answer=listed.digest(self._hasher))
        answers = self._hasher.answers.by_api()
        stages = Reading(ScopeStatus.COMPLETE, answers=answers)
        integrations = Reading(ScopeStatus.COMPLETE)
        for api in listed.items:
            if self._read_api(api, stages, integrations, answers):
                apis.items.append(api)
            else:
                # What was listed is no longer what is there.
                apis.answer = None
        read = len(apis.items) - len(stages.unread)
        _conclude(stages, "REST APIs whose stages", nothing_read=bool(stages.unread) and read == 0)
        _conclude(integrations, "REST APIs whose methods", nothing_read=stages.status is ScopeStatus.FAILED)
        return {"rest_api": apis, "stage": stages, "integration": integrations}

    def _read_api(
        self,
        api: Item,
        stages: Reading,
        integrations: Reading,
        answers: Answers,
    ) -> bool:
        """Read an API's stages and, where needed, methods; return False when the API is gone meanwhile."""
        rest_api_id = api.key
        try:
            listed = self._guarded(lambda: apigateway.get_stages(self._caller, self._hasher, rest_api_id))
        except ReadFailure as error:
            if error.failure.kind is FailureKind.ABSENT and self._is_gone(rest_api_id):
                return False
            stages.unread[rest_api_id] = error.failure
            integrations.unread[rest_api_id] = _because(
                "Whether its methods changed is not known, for its stages could not be read", error.failure
            )
            self._named.update(self._known.named_certificates.get(rest_api_id, ()))
            return True
        found = listed.items
        stages.items += found
        if listed.bodies is None:
            stages.answers = None
        else:
            answers.add(rest_api_id, *listed.bodies)
        self._named.update(
            named for stage in found if (named := stage.derived["client_certificate_id"]) is not None
        )
        if not needs_methods(
            self._account,
            self._region,
            api,
            found,
            self._known.methods.get(rest_api_id),
            as_of=self._as_of,
            max_age=self._plan.methods_max_age,
        ):
            return True
        try:
            types = self._guarded(lambda: apigateway.get_integration_types(self._caller, rest_api_id))
        except ReadFailure as error:
            integrations.unread[rest_api_id] = error.failure
        else:
            derived = {
                "types": types,
                "has_http": not HTTP_TYPES.isdisjoint(types),
                "deployment_ids": tuple(sorted(deployments_of(found))),
            }
            integrations.items.append(Item("", {}, rest_api_id, derived))
        return True

    def _is_gone(self, rest_api_id: str) -> bool:
        try:
            return self._guarded(lambda: apigateway.rest_api_is_gone(self._caller, rest_api_id))
        except ReadFailure:
            return False

    def _read_client_certificates(self) -> Reading:
        try:
            found = self._guarded(lambda: apigateway.get_client_certificates(self._caller, self._hasher))
        except ReadFailure as error:
            return Reading(ScopeStatus.FAILED, error.failure)
        listed = {certificate.key for certificate in found.items}
        reading = Reading(
            ScopeStatus.COMPLETE,
            items=found.items,
            absent=set(self._known.absent_certificates - listed),
            answer=found.digest(self._hasher),
        )
        named = {name for name in self._named if name.strip() and not acm.is_acm(name)}
        self._look_up(
            reading,
            named - listed - reading.absent,
            lambda name: apigateway.get_client_certificate(self._caller, self._hasher, name),
        )
        _conclude(reading, "client certificates that", nothing_read=False)
        return reading

    def _read_acm_certificates(self) -> Reading:
        reading = Reading(ScopeStatus.COMPLETE)
        named = {name for name in self._named if acm.is_acm(name)}
        self._look_up(
            reading,
            named,
            lambda arn: acm.describe_certificate(
                self._caller, self._hasher, self._account, self._region, arn
            ),
        )
        _conclude(
            reading, "ACM certificates that", nothing_read=bool(named) and len(reading.unread) == len(named)
        )
        return reading

    def _look_up(
        self,
        reading: Reading,
        names: set[str],
        look: Callable[[str], Item | None],
    ) -> None:
        """Look at certificates one by one and note what each look proved."""
        for name in sorted(names):
            try:
                certificate = self._guarded(partial(look, name))
            except ReadFailure as error:
                reading.unread[name] = error.failure
            else:
                if certificate is None:
                    reading.absent.add(name)
                else:
                    reading.items.append(certificate)
                    # It was not in the listing that the digest is of.
                    reading.answer = None

    def _guarded(self, read: Callable[[], ResultT]) -> ResultT:
        """Read, unless reading was given up: what met several calls in a row would meet all the others."""
        if self._given_up is not None:
            raise ReadFailure(self._given_up)
        try:
            result = read()
        except ReadFailure as error:
            self._weigh(error.failure)
            raise
        self._streak = 0
        return result

    def _weigh(self, failure: Failure) -> None:
        if failure.kind in _GENERAL:
            self._streak += 1
        elif failure.kind not in _AT_ONCE:
            self._streak = 0
        if failure.kind in _AT_ONCE or self._streak >= PATIENCE:
            self._given_up = Failure(
                failure.kind, failure.operation, f"{failure.message[:-1]}; the calls after it were not made."
            )


def failed_snapshot(account: AccountKey, region: str, failure: Failure) -> AccountRegionSnapshot:
    """Return the snapshot of an account-region of which nothing could be read, for one reason."""
    readings = {scope: Reading(ScopeStatus.FAILED, failure) for scope in READ_SCOPES}
    return AccountRegionSnapshot(account, region, readings)


def _because(what: str, failure: Failure) -> Failure:
    return Failure(failure.kind, failure.operation, f"{what}: {failure.message}")


def _conclude(reading: Reading, what: str, *, nothing_read: bool) -> None:
    """Set a reading's status from what is unread in it.

    Where every single part failed the scope has failed: nothing was learned, and its last success stays.
    """
    if not reading.unread:
        return
    reading.status = ScopeStatus.FAILED if nothing_read else ScopeStatus.PARTIAL
    kind, _ = Counter(failure.kind for failure in reading.unread.values()).most_common(1)[0]
    first = next(failure for failure in reading.unread.values() if failure.kind is kind)
    count = len(reading.unread)
    message = f"{count} {what} could not be read; the first because: {first.message}"
    reading.failure = Failure(kind, first.operation, message)
    if nothing_read:
        reading.unread = {}
