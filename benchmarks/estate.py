"""Estates of any size as snapshots, night by night: the same numbers give the same estate in any process.

An account-region holds 500 stages, 200 REST APIs and 50 certificates. What an item looks like on a night is
computed, not remembered: with a churn of 1 %, each item changes once in 100 nights, and on each night one in
100, scattered over all account-regions. One stage change in eight makes the stage disappear until its next
change; one certificate change in two replaces the certificate, so that stages go on naming one that is gone
until they change themselves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from cmdb.snapshot import AccountKey, AccountReading, AccountRegionSnapshot, Item, Reading, ScopeStatus
from collectors.answers import AnswerDigests
from tests.support import items
from tests.support.items import CertificateKind

STAGES_PER_REGION = 500
APIS_PER_REGION = 200
CERTIFICATES_PER_REGION = 50
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "ap-northeast-1",
           "ca-central-1", "sa-east-1", "eu-north-1", "ap-south-1")  # fmt: skip
FIRST_NIGHT = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
_NAMES = ("prod", "staging", "dev")
_TYPES = (("HTTP_PROXY",), ("HTTP", "MOCK"), ("AWS_PROXY",), ("AWS_PROXY", "HTTP_PROXY"))
_PEM = "-----BEGIN CERTIFICATE-----\n" + "MIIC6TCCAdGgAwIBAgIIbXlj2cEYLfEwDQYJKoZIhvcNAQEL\n" * 20
_METHODS = {
    "metricsEnabled": True,
    "loggingLevel": "ERROR",
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """A snapshot, and the bodies of the answers that it was made of, as a collector has them."""

    snapshot: AccountRegionSnapshot
    rest_apis: bytes
    stages: dict[str, bytes]
    client_certificates: bytes

    @classmethod
    def of(cls, snapshot: AccountRegionSnapshot) -> Answered:
        """Make bodies for a snapshot: one listing of APIs, one of certificates, and one of stages per API."""
        stages: dict[str, list[Any]] = {api.key: [] for api in snapshot.readings["rest_api"].items}
        for stage in snapshot.readings["stage"].items:
            stages[stage.parent or ""].append(stage.payload)
        return cls(
            snapshot,
            _body([api.payload for api in snapshot.readings["rest_api"].items]),
            {name: _body(held) for name, held in stages.items()},
            _body([certificate.payload for certificate in snapshot.readings["client_certificate"].items]),
        )

    def digested(self, digests: AnswerDigests) -> AccountRegionSnapshot:
        """Return the snapshot with the digests of its answers."""
        snapshot = self.snapshot
        snapshot.readings["rest_api"].answer = digests.of(self.rest_apis)
        answers = snapshot.readings["stage"].answers = digests.by_api()
        for name, body in self.stages.items():
            answers.add(name, body)
        snapshot.readings["client_certificate"].answer = digests.of(self.client_certificates)
        return snapshot


def _method_settings(item: int) -> dict[str, Any]:
    """Return a stage's settings: one in five logs and measures nothing, one in twenty sets a method apart."""
    if item % 5 == 3:
        return {"*/*": {**_METHODS, "loggingLevel": "OFF", "metricsEnabled": False}}
    if item % 20 == 7:
        return {"*/*": _METHODS, "path1/GET": {**_METHODS, "loggingLevel": "INFO"}}
    return {"*/*": _METHODS}


def _body(items: Sequence[Any]) -> bytes:
    return orjson.dumps({"item": items})


@dataclass(frozen=True, slots=True)
class Estate:
    """An estate of ``stages`` stages; ``churn`` is the share of items that change a night (0: none)."""

    stages: int
    churn: float = 0.01

    @property
    def regions(self) -> int:
        """Account-regions."""
        return max(1, self.stages // STAGES_PER_REGION)

    def accounts(self) -> Iterator[AccountReading]:
        """Yield the accounts as a run finds them."""
        for number in range(-(-self.regions // len(REGIONS))):
            yield AccountReading(
                self._account(number),
                f"account-{number:05d}",
                ScopeStatus.COMPLETE,
                regions=REGIONS,
                payload={"Name": f"account-{number:05d}", "Status": "ACTIVE"},
            )

    def snapshots(self, night: int, *, first: bool) -> Iterator[AccountRegionSnapshot]:
        """Yield every account-region as it is read on a night, one at a time."""
        for number in range(self.regions):
            yield self.snapshot(number, night, first=first)

    def snapshot(self, number: int, night: int, *, first: bool = False) -> AccountRegionSnapshot:
        """Return one account-region as it is read on a night; on the first all deployments are read."""
        stages, named = self._stages(number, night)
        certificates = [self._certificate(number, slot, night) for slot in range(CERTIFICATES_PER_REGION)]
        present = {certificate.key for certificate in certificates}
        apis = [self._api(number, api, night) for api in range(APIS_PER_REGION)]
        return AccountRegionSnapshot(
            self._account(number // len(REGIONS)),
            REGIONS[number % len(REGIONS)],
            items.readings(
                Reading(ScopeStatus.COMPLETE, items=apis),
                Reading(ScopeStatus.COMPLETE, items=stages),
                Reading(ScopeStatus.COMPLETE, items=self._deployments(number, night, first=first)),
                Reading(ScopeStatus.COMPLETE, items=certificates, absent=named.difference(present)),
            ),
        )

    def _account(self, number: int) -> AccountKey:
        return AccountKey("aws", f"{200_000_000_000 + number}")

    def _revision(self, kind: str, number: int, item: int, night: int) -> tuple[int, int]:
        """Return how often an item has changed by a night, and the night of its last change."""
        if self.churn <= 0:
            return 0, 0
        period = round(1 / self.churn)
        phase = zlib.crc32(b"%s/%d/%d" % (kind.encode(), number, item)) % period
        changes = (night + phase) // period
        return changes, max(0, changes * period - phase)

    def _stages(self, number: int, night: int) -> tuple[list[Item], set[str]]:
        stages, named = [], set()
        for item in range(STAGES_PER_REGION):
            revision, changed = self._revision("stage", number, item, night)
            if revision % 8 == 7:
                continue
            api = item * APIS_PER_REGION // STAGES_PER_REGION
            certificate = None
            if (item + revision) % 5 < 2:
                certificate = self._certificate_id(number, item % CERTIFICATES_PER_REGION, changed)
                named.add(certificate)
            stages.append(self._stage(number, item, api, revision, certificate))
        return stages, named

    def _stage(self, number: int, item: int, api: int, revision: int, certificate: str | None) -> Item:
        deployment = self._deployment_id(number, item, revision)
        name = f"{_NAMES[item % 3]}{item}"
        payload: dict[str, Any] = {
            "deploymentId": deployment,
            "stageName": name,
            "description": f"Stage {item} of account-region {number}",
            "cacheClusterEnabled": False,
            "cacheClusterStatus": "NOT_AVAILABLE",
            "methodSettings": _method_settings(item),
            "variables": {
                "backend": {"hash": f"{number:08x}{item:08x}0123456789abcdef"},
                "table": {"hash": f"{item:08x}{number:08x}fedcba9876543210"},
            },
            "accessLogSettings": {
                "destinationArn": "arn:aws:logs:eu-west-1:200000000000:log-group:api-access",
                "format": "$context.requestId $context.identity.sourceIp $context.status",
            },
            "tracingEnabled": item % 2 == 0,
            "tags": {"team": f"team-{item % 17}", "cost-center": f"{number % 97}", "env": _NAMES[item % 3]},
            "createdDate": "2025-03-01T08:30:00Z",
            "lastUpdatedDate": f"2025-{revision % 12 + 1:02d}-02T10:00:00Z",
        }
        if certificate is not None:
            payload["clientCertificateId"] = certificate
        return items.stage(self._api_id(number, api), name, deployment, certificate, payload)

    def _api(self, number: int, item: int, night: int) -> Item:
        revision, _ = self._revision("api", number, item, night)
        private = (item + revision) % 20 == 0
        kinds = ("PRIVATE",) if private else ("REGIONAL",)
        name = f"service-{item:03d}"
        payload = {
            "id": self._api_id(number, item),
            "name": name,
            "description": f"Service {item}, revision {revision}",
            "createdDate": "2024-11-05T09:00:00Z",
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": list(kinds), "ipAddressType": "ipv4"},
            "tags": {"team": f"team-{item % 17}", "service": name, "managed-by": "terraform"},
            "disableExecuteApiEndpoint": False,
            "rootResourceId": f"r{number:05x}{item:03x}",
            "apiStatus": "AVAILABLE",
        }
        return items.rest_api(self._api_id(number, item), name, kinds, payload)

    def _deployments(self, number: int, night: int, *, first: bool) -> list[Item]:
        """Return the deployments of stages: all on the first night, then those of stages that changed."""
        found = []
        for item in range(STAGES_PER_REGION):
            revision, changed = self._revision("stage", number, item, night)
            if revision % 8 != 7 and (first or (revision and changed == night)):
                api = item * APIS_PER_REGION // STAGES_PER_REGION
                types = _TYPES[(item + revision // 2) % len(_TYPES)]
                deployment = self._deployment_id(number, item, revision)
                found.append(items.deployment(self._api_id(number, api), deployment, types))
        return found

    def _deployment_id(self, number: int, item: int, revision: int) -> str:
        return f"d{number % 1296:04x}{item:03x}{revision:02x}"

    def _certificate(self, number: int, slot: int, night: int) -> Item:
        revision, _ = self._revision("certificate", number, slot, night)
        certificate_id = self._certificate_id(number, slot, night)
        created = FIRST_NIGHT - timedelta(days=slot)
        expires = FIRST_NIGHT + timedelta(days=60 + slot * 20 + revision)
        payload = {
            "clientCertificateId": certificate_id,
            "description": f"Backend {slot}, revision {revision}",
            "pemEncodedCertificate": _PEM,
            "createdDate": created.isoformat(),
            "expirationDate": expires.isoformat(),
            "tags": {"team": f"team-{slot % 17}"},
        }
        return items.certificate(
            CertificateKind.API_GATEWAY, certificate_id, created, expires, f"{number:08x}{slot:08x}",
            f"{number:032x}{slot:032x}", "CN=ApiGateway, C=US", payload,
        )  # fmt: skip

    def _certificate_id(self, number: int, slot: int, night: int) -> str:
        revision, _ = self._revision("certificate", number, slot, night)
        return f"c{number:04x}{slot:02x}{revision // 2:02x}"

    def _api_id(self, number: int, item: int) -> str:
        return f"a{number:05x}{item:04x}"


def night_time(night: int) -> datetime:
    """Return the time of a night's run."""
    return FIRST_NIGHT + timedelta(days=night)
