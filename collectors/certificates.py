"""The certificates that stages name: whether they exist, and that a stage names what is gone.

A stage and the certificate that it names are read at different moments. A rotation between them (a new
certificate, attached, the old one deleted) makes a healthy stage look like one whose certificate was deleted.
So, once a certificate is newly proven absent, every stage that names it is looked at again (GetStage): what
still names it then names what is gone; what names another is judged by that one, looked up in its turn. An
absence proven on an earlier night needs no such look: tonight's listing of the stages came after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol

from cmdb.snapshot import AccountKey, Failure, FailureKind, Item, Reading, ScopeStatus
from collectors import acm, apigateway
from collectors.calls import Caller
from collectors.errors import ReadFailure
from collectors.patience import Patience
from collectors.served import LOOKS, ServedReader
from collectors.values import Hasher

#: What of a stage a verdict may rest on: where it differs, the stage is taken as it was seen last.
_DECIDING = ("deploymentId", "canarySettings")


class NamingStages(Protocol):
    """The stages of one API, of whatever kind, as they were seen last: they may name certificates."""

    title: str
    """What its kind is called."""
    is_gone: bool

    @property
    def api_id(self) -> str:
        """AWS id of the API."""

    @property
    def stages(self) -> Mapping[str, Item]:
        """By name."""

    def look(self, caller: Caller, hasher: Hasher, name: str) -> Item | None:
        """Return a stage as it is now; None: there is none. Raises ``ReadFailure``."""

    def replace(self, name: str, stage: Item | None) -> None:
        """Take a stage as it was seen after the listing (None: it is gone)."""

    def read_again(self, served: ServedReader) -> None:
        """Read what follows from stages that were replaced."""


class CertificateReader:
    """Reads the certificates of one account-region, once its stages are read."""

    def __init__(
        self,
        caller: Caller,
        hasher: Hasher,
        account: AccountKey,
        region: str,
        absent_before: frozenset[str],
        served: ServedReader,
    ) -> None:
        self._caller = caller
        self._hasher = hasher
        self._account = account
        self._region = region
        self._absent_before = absent_before
        self._served = served
        self._patience = Patience()
        self._looked_up: set[str] = set()
        self._confirmed: set[tuple[str, str, str]] = set()
        self.own = Reading(ScopeStatus.COMPLETE)
        """API Gateway's certificates."""
        self.acm = Reading(ScopeStatus.COMPLETE)
        """Those of ACM."""

    def read(self, apis: Iterable[NamingStages], named_before: set[str]) -> None:
        """Read all certificates, those of ACM that stages name, and again the stages that name what is gone.

        ``named_before`` are certificates that stages name which could not be read tonight. The stages of
        ``apis`` are replaced where they are otherwise by now. Raises nothing of AWS.
        """
        apis = list(apis)
        self.own = self._list()
        for _ in range(LOOKS):
            self._look_up(named_before.union(name for _, _, name in _naming(apis)))
            changed = self._look_at_stages(apis)
            if not changed:
                return
            for api in changed:
                api.read_again(self._served)
        self._look_up({name for _, _, name in _naming(apis)})
        for api, stage, name in self._doubtful(apis):
            self._doubt(name, _restless(api, stage))

    def _list(self) -> Reading:
        try:
            found = self._patience.guarded(
                lambda: apigateway.get_client_certificates(self._caller, self._hasher)
            )
        except ReadFailure as error:
            return Reading(ScopeStatus.FAILED, error.failure)
        listed = {certificate.key for certificate in found.items}
        self._looked_up |= listed
        absent = {name for name in self._absent_before - listed if not acm.is_acm(name)}
        return Reading(
            ScopeStatus.COMPLETE, items=found.items, absent=absent, answer=found.digest(self._hasher)
        )

    def _look_up(self, named: set[str]) -> None:
        """Look at the certificates one by one that no listing and no look has shown, and note what that proved."""
        for name in sorted(named - self._looked_up):
            reading = self._reading_of(name)
            if not name.strip() or reading.status is ScopeStatus.FAILED or name in reading.absent:
                continue
            self._looked_up.add(name)
            try:
                certificate = self._patience.guarded(partial(self._look, name))
            except ReadFailure as error:
                reading.unread[name] = error.failure
            else:
                if certificate is None:
                    reading.absent.add(name)
                else:
                    reading.items.append(certificate)
                    # It was not in the listing that the digest is of.
                    reading.answer = None

    def _look(self, name: str) -> Item | None:
        if acm.is_acm(name):
            return acm.describe_certificate(self._caller, self._hasher, self._account, self._region, name)
        return apigateway.get_client_certificate(self._caller, self._hasher, name)

    def _reading_of(self, name: str) -> Reading:
        return self.acm if acm.is_acm(name) else self.own

    def _doubtful(self, apis: Iterable[NamingStages]) -> list[tuple[NamingStages, Item, str]]:
        """Return the stages that name a certificate newly proven absent, and were not looked at after that."""
        return [
            (api, stage, name)
            for api, stage, name in _naming(apis)
            if name in self._reading_of(name).absent
            and name not in self._absent_before
            and (api.api_id, stage.key, name) not in self._confirmed
        ]

    def _look_at_stages(self, apis: Iterable[NamingStages]) -> list[NamingStages]:
        """Look again at doubtful stages; return the APIs that have a stage which is otherwise by now."""
        changed: dict[str, NamingStages] = {}
        for api, stage, name in self._doubtful(apis):
            if name not in self._reading_of(name).absent:
                continue
            try:
                now = self._patience.guarded(partial(api.look, self._caller, self._hasher, stage.key))
            except ReadFailure as error:
                self._doubt(name, error.failure)
                continue
            if now is not None and _decides(now) == _decides(stage):
                self._confirmed.add((api.api_id, stage.key, name))
                continue
            api.replace(stage.key, now)
            changed[api.api_id] = api
            if now is not None and now.derived["client_certificate_id"] == name:
                self._confirmed.add((api.api_id, stage.key, name))
        return list(changed.values())

    def _doubt(self, name: str, failure: Failure) -> None:
        """Take an absence back: that a stage still names the certificate is not known tonight."""
        reading = self._reading_of(name)
        reading.absent.discard(name)
        reading.unread[name] = Failure(
            failure.kind,
            failure.operation,
            f"Certificate {name} was not found, and whether a stage still names it is not known: "
            f"{failure.message}",
        )


def _naming(apis: Iterable[NamingStages]) -> Iterator[tuple[NamingStages, Item, str]]:
    """Yield the stages that name a certificate, and which."""
    for api in apis:
        if not api.is_gone:
            for stage in api.stages.values():
                if (name := stage.derived["client_certificate_id"]) is not None:
                    yield api, stage, name


def _restless(api: NamingStages, stage: Item) -> Failure:
    return Failure(
        FailureKind.MALFORMED,
        "GetStage",
        f"Stage {stage.key} of {api.title} {api.api_id} changed each time while it was read.",
    )


def _decides(stage: Item) -> list[object]:
    return [stage.derived["client_certificate_id"], *(stage.payload.get(name) for name in _DECIDING)]


__all__ = ["CertificateReader"]
