"""Histories by hand: an estate that a test changes between nights, collected and judged for real.

history = History(engine)
region = history.region("111122223333", "eu-central-1")
stage = region.api("a1b2c3d4e5").stage("prod", certificate="cert01")
region.certificate("cert01")
history.night()
stage.certificate = None
history.night()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.snapshot import (
    AccountKey,
    AccountReading,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    Item,
    Reading,
    ScopeStatus,
)
from cmdb.storage.inventory import PostgresInventory
from collectors import definitions
from evaluator.catalog.loading import Catalog, load_catalog
from evaluator.judging.engine import evaluate
from tests.support import items
from tests.support.items import CertificateKind
from tests.support.snapshots import nothing_read

FIRST_NIGHT = datetime(2026, 1, 1, 2, tzinfo=UTC)
DENIED = Failure(FailureKind.DENIED, "GetStages", "GetStages was denied.")
MAX_STALENESS = timedelta(hours=72)
CERTIFICATE_POLICIES = (
    "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate",
    "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry",
)


@cache
def catalog() -> Catalog:
    """Return the two policies about certificates, of which the stories of these histories are."""
    whole = load_catalog()
    return replace(whole, policies=whole.enabled(CERTIFICATE_POLICIES))


@dataclass
class StageMade:
    """A stage; a test changes what it likes before the next night."""

    name: str
    certificate: str | None = None
    deployment: str | None = "dep001"
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass
class ApiMade:
    """A REST API with its stages."""

    rest_api_id: str
    name: str | None
    endpoint_types: tuple[str, ...]
    types: tuple[str, ...] | None
    """Integration types of its methods, in any deployment but those of ``methods``; None: they are not read."""
    unread: bool = False
    """Whether its stages cannot be read (the scope is partial then)."""
    stages: dict[str, StageMade] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    methods: dict[str, dict[tuple[str, str], dict[str, Any]]] = field(default_factory=dict)
    """What deployments consist of, by id: the parts of each method by its path and verb."""

    def stage(self, name: str, certificate: str | None = None, **payload: Any) -> StageMade:
        """Add a stage."""
        made = StageMade(name, certificate, payload=payload)
        self.stages[name] = made
        return made


@dataclass
class CertificateMade:
    """A client certificate."""

    certificate_id: str
    kind: CertificateKind
    created_at: datetime | None
    expires_at: datetime | None


@dataclass
class RegionMade:
    """An account in a region."""

    account: AccountKey
    name: str
    account_name: str | None
    first_night: datetime
    apis: dict[str, ApiMade] = field(default_factory=dict)
    certificates: dict[str, CertificateMade] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    """Certificate ids that a direct look proves not to exist."""
    failure: Failure | None = None
    """Why nothing of it can be read."""

    def api(
        self,
        rest_api_id: str,
        name: str | None = "orders",
        *,
        endpoint_types: tuple[str, ...] = ("REGIONAL",),
        types: tuple[str, ...] | None = ("HTTP",),
        tags: dict[str, str] | None = None,
    ) -> ApiMade:
        """Add a REST API."""
        made = ApiMade(rest_api_id, name, endpoint_types, types, tags=tags or {})
        self.apis[rest_api_id] = made
        return made

    def certificate(
        self,
        certificate_id: str,
        *,
        kind: CertificateKind = CertificateKind.API_GATEWAY,
        lives: timedelta = timedelta(days=365),
    ) -> CertificateMade:
        """Add a certificate, made an hour before the first night."""
        created = self.first_night - timedelta(hours=1)
        made = CertificateMade(certificate_id, kind, created, created + lives)
        self.certificates[certificate_id] = made
        return made

    def snapshot(self) -> AccountRegionSnapshot:
        """Return what a collector would hand over tonight."""
        if self.failure is not None:
            return nothing_read(self.account, self.name, self.failure)
        unread = {api.rest_api_id: DENIED for api in self.apis.values() if api.unread}
        return AccountRegionSnapshot(
            self.account,
            self.name,
            items.readings(
                rest_apis=Reading(ScopeStatus.COMPLETE, items=[_rest_api(api) for api in self.apis.values()]),
                stages=Reading(
                    ScopeStatus.PARTIAL if unread else ScopeStatus.COMPLETE,
                    items=[
                        _stage(api, stage)
                        for api in self.apis.values()
                        if not api.unread
                        for stage in api.stages.values()
                    ],
                    unread=unread,
                ),
                deployments=Reading(
                    ScopeStatus.COMPLETE,
                    items=[item for api in self.apis.values() for item in _deployments(api)],
                ),
                client_certificates=self._certificates(CertificateKind.API_GATEWAY),
                acm_certificates=self._certificates(CertificateKind.ACM),
            ),
        )

    def _certificates(self, kind: CertificateKind) -> Reading:
        of_acm = kind is CertificateKind.ACM
        return Reading(
            ScopeStatus.COMPLETE,
            items=[_certificate(made) for made in self.certificates.values() if made.kind is kind],
            absent={name for name in self.absent if name.startswith("arn:") is of_acm},
        )


class History:
    """Nights, one a day; what the test changed in between is what the next one finds."""

    def __init__(self, engine: Engine, first_night: datetime = FIRST_NIGHT) -> None:
        """Begin with an empty estate."""
        self.engine = engine
        self.next_as_of = first_night
        self.first_night = first_night
        self.regions: list[RegionMade] = []
        self.policies: Sequence[str] | None = None
        """Ids of the policies to judge; None: all."""

    @property
    def last_as_of(self) -> datetime:
        """The last night's time."""
        return self.next_as_of - timedelta(days=1)

    def region(
        self, account_id: str = "111122223333", name: str = "eu-central-1", account_name: str | None = "Shop"
    ) -> RegionMade:
        """Add an account-region."""
        made = RegionMade(AccountKey("aws", account_id), name, account_name, self.first_night)
        self.regions.append(made)
        return made

    def night(self, *, skip_days: int = 0) -> Run:
        """Collect everything and judge it; ``skip_days`` leaves nights without a run before this one."""
        self.next_as_of += timedelta(days=skip_days)
        run = self.collect()
        totals = RunTotals()
        for policy in catalog().policies:
            if self.policies is None or policy.id in self.policies:
                found = evaluate(self.engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
                totals.findings_changed += found.changed
        self.finish(run, totals)
        return run

    def nights(self, number: int) -> None:
        """Live through nights without a change."""
        for _ in range(number):
            self.night()

    def collect(self) -> Run:
        """Collect everything under a run that stays open; judge as you like, then ``finish`` it."""
        run = runs.start(self.engine, RunKind.RUN, self.next_as_of)
        inventory = PostgresInventory(self.engine, run.as_of)
        for account in sorted({region.account for region in self.regions}):
            regions = [region for region in self.regions if region.account == account]
            inventory.store_account(
                AccountReading(
                    account,
                    regions[0].account_name,
                    ScopeStatus.COMPLETE,
                    regions=tuple(region.name for region in regions),
                )
            )
            for region in regions:
                inventory.store(region.snapshot())
        return run

    def finish(self, run: Run, totals: RunTotals | None = None) -> None:
        """End a run; the next night is a day later."""
        scopes = runs.finish_collection(self.engine, run)
        status = RunStatus.INCOMPLETE if scopes[1] else RunStatus.COMPLETE
        runs.finish(self.engine, run, status, totals or RunTotals(), scopes)
        self.next_as_of += timedelta(days=1)


def arn_of(region: RegionMade, api: ApiMade, stage: StageMade) -> str:
    """Return a stage's ARN."""
    return f"arn:aws:apigateway:{region.name}::/restapis/{api.rest_api_id}/stages/{stage.name}"


def _rest_api(api: ApiMade) -> Item:
    payload = {"id": api.rest_api_id, "name": api.name, "endpointConfiguration": list(api.endpoint_types)}
    if api.tags:
        payload["tags"] = api.tags  # type: ignore[assignment]
    return items.rest_api(api.rest_api_id, api.name, api.endpoint_types, payload)


def _deployments(api: ApiMade) -> Iterator[Item]:
    for name in sorted({stage.deployment for stage in api.stages.values() if stage.deployment}):
        if name in api.methods:
            methods = [
                {"path": path, "verb": verb, **parts}
                for (path, verb), parts in sorted(api.methods[name].items())
            ]
            yield definitions.deployment(api.rest_api_id, name, methods, definitions.EXPORT)
        elif api.types is not None:
            yield items.deployment(api.rest_api_id, name, api.types)


def _stage(api: ApiMade, stage: StageMade) -> Item:
    payload: dict[str, Any] = {"stageName": stage.name, "deploymentId": stage.deployment, **stage.payload}
    if stage.certificate is not None:
        payload["clientCertificateId"] = stage.certificate
    return items.stage(api.rest_api_id, stage.name, stage.deployment, stage.certificate, payload)


def _certificate(made: CertificateMade) -> Item:
    return items.certificate(
        made.kind,
        made.certificate_id,
        made.created_at,
        made.expires_at,
        serial="0a",
        fingerprint_sha256="ab" * 32,
        subject="CN=ApiGateway",
        payload={"clientCertificateId": made.certificate_id},
    )
