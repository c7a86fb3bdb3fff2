"""Reading one account-region: what is asked in which order, and what failures leave standing.

Stages come first, with the definitions of the deployments that they serve, and certificates after, so that a
certificate made in between is never taken for deleted. A stage that names a certificate newly proven absent is
looked at once more after that proof. Whatever fails marks its own scope and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

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
from collectors import apigateway
from collectors.calls import Caller
from collectors.certificates import CertificateReader
from collectors.errors import ReadFailure
from collectors.http_apis import naming_stages
from collectors.patience import Patience
from collectors.reader import RegionAccess
from collectors.readers import ALWAYS, read_further
from collectors.readings import because, conclude
from collectors.served import ApiStages, ServedReader
from collectors.values import Hasher


class RegionReader:
    """Reads one account-region once."""

    def __init__(
        self,
        caller: Caller,
        hasher: Hasher,
        account: AccountKey,
        region: str,
        known: KnownRegion,
        wanted: Iterable[str] = ALWAYS,
        *,
        private_definitions: bool = False,
    ) -> None:
        """Take what is known, and the ``wanted`` scopes; those that every run reads are read in any case.

        ``private_definitions``: what APIs that are only private serve is read, too.
        """
        self._private_definitions = private_definitions
        self._caller = caller
        self._hasher = hasher
        self._account = account
        self._region = region
        self._known = known
        self._access = RegionAccess(caller, hasher, account, region, ALWAYS.union(wanted))
        self._patience = Patience()
        self._served = ServedReader(caller, hasher)
        self._apis: dict[str, ApiStages] = {}
        self._stages = Reading(ScopeStatus.COMPLETE)
        self._named_before: set[str] = set()

    def read(self) -> AccountRegionSnapshot:
        """Return what was read, failures included; raises nothing of AWS."""
        began = time.monotonic()
        first = read_further(self._access, {}, is_first=True)
        apis = self._read_apis()
        certificates = CertificateReader(
            self._caller,
            self._hasher,
            self._account,
            self._region,
            self._known.absent_certificates,
            self._served,
        )
        stages = first.get("api_stage")
        self._note_named_before(stages)
        certificates.read([*self._apis.values(), *naming_stages(stages)], self._named_before)
        own, acm_own = certificates.own, certificates.acm
        readings = self._conclude_apis(apis)
        conclude(own, "client certificate", "that", nothing_read=False)
        conclude(acm_own, "ACM certificate", "that", nothing_read=not (acm_own.items or acm_own.absent))
        readings |= {"client_certificate": own, "acm_certificate": acm_own}
        readings = read_further(self._access, first | readings, is_first=False)
        cost = self._caller.counts
        cost.duration_seconds = time.monotonic() - began
        return AccountRegionSnapshot(self._account, self._region, readings, cost)

    def _note_named_before(self, stages: Reading | None) -> None:
        """Note the certificates that stages of HTTP and WebSocket APIs named which could not be read tonight."""
        if stages is None:
            return
        of_rest = {*self._apis, *self._stages.unread}
        for api_id, names in self._known.named_certificates.items():
            if api_id in stages.unread or (stages.status is ScopeStatus.FAILED and api_id not in of_rest):
                self._named_before.update(names)

    def _read_apis(self) -> Reading:
        """List the REST APIs and read the stages of each, and what they serve."""
        try:
            listed = apigateway.get_rest_apis(self._caller, self._hasher)
        except ReadFailure as error:
            self._named_before.update(*self._known.named_certificates.values())
            return Reading(ScopeStatus.FAILED, error.failure)
        reading = Reading(ScopeStatus.COMPLETE, answer=listed.digest(self._hasher))
        for api in listed.items:
            if self._read_api(api):
                reading.items.append(api)
            else:
                # What was listed is no longer what is there.
                reading.answer = None
        return reading

    def _read_api(self, api: Item) -> bool:
        """Read an API's stages and what they serve; return False when the API is gone meanwhile."""
        try:
            listed = self._patience.guarded(
                lambda: apigateway.get_stages(self._caller, self._hasher, api.key)
            )
        except ReadFailure as error:
            if error.failure.kind is FailureKind.ABSENT and self._is_gone(api.key):
                return False
            self._stages.unread[api.key] = error.failure
            self._named_before.update(self._known.named_certificates.get(api.key, ()))
            return True
        known = self._known.deployments.get(api.key, frozenset())
        leave_out = api.derived["is_private"] and not self._private_definitions
        found = ApiStages(api, listed, known, leave_out=leave_out)
        self._served.read(found)
        if not found.is_gone:
            self._apis[api.key] = found
        return not found.is_gone

    def _is_gone(self, rest_api_id: str) -> bool:
        try:
            return self._patience.guarded(lambda: apigateway.rest_api_is_gone(self._caller, rest_api_id))
        except ReadFailure:
            return False

    def _conclude_apis(self, apis: Reading) -> dict[str, Reading]:
        """Return the readings of APIs, stages and deployments, as their stages were seen last."""
        if apis.status is ScopeStatus.FAILED:
            assert apis.failure is not None  # noqa: S101 - what failed says why
            unlisted = because("The REST APIs could not be listed", apis.failure)
            return {
                "rest_api": apis,
                "stage": Reading(ScopeStatus.FAILED, unlisted),
                "deployment": Reading(ScopeStatus.FAILED, unlisted),
            }
        gone = {rest_api_id for rest_api_id, found in self._apis.items() if found.is_gone}
        if gone:
            apis.items = [api for api in apis.items if api.key not in gone]
            apis.answer = None
        stages, deployments = self._stages, Reading(ScopeStatus.COMPLETE)
        stages.answers = answers = self._hasher.answers.by_api()
        for rest_api_id, failure in stages.unread.items():
            deployments.unread[rest_api_id] = because(
                "Whether its stages serve other deployments is not known, for they could not be read", failure
            )
        for rest_api_id, found in self._apis.items():
            if found.is_gone:
                continue
            stages.items += found.stages.values()
            deployments.items += found.deployments.values()
            if found.body is None:
                stages.answers = None
            else:
                answers.add(rest_api_id, found.body)
            if found.unread is not None:
                deployments.unread[rest_api_id] = found.unread
        read = len(apis.items) - len(stages.unread)
        conclude(stages, "REST API", "whose stages", nothing_read=bool(stages.unread) and read == 0)
        conclude(
            deployments,
            "REST API",
            "with deployments that",
            nothing_read=stages.status is ScopeStatus.FAILED,
        )
        return {"rest_api": apis, "stage": stages, "deployment": deployments}


def failed_snapshot(
    account: AccountKey, region: str, failure: Failure, wanted: Iterable[str] = ALWAYS
) -> AccountRegionSnapshot:
    """Return the snapshot of an account-region of which nothing wanted could be read, for one reason."""
    readings = {scope: Reading(ScopeStatus.FAILED, failure) for scope in ALWAYS.union(wanted)}
    return AccountRegionSnapshot(account, region, readings)
