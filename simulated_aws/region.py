"""One account-region of the simulated AWS and everything that can happen to it."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeVar

from simulated_aws.model import (
    API_SETTINGS,
    INTEGRATION_TYPES,
    STAGE_SETTINGS,
    AcmCertificate,
    ClientCertificate,
    Resource,
    RestApi,
    Stage,
)

CERTIFICATE_LIFE = timedelta(days=365)
"""How long API Gateway makes its client certificates valid (API Gateway developer guide)."""

ThingT = TypeVar("ThingT")

_ID_ALPHABET = string.ascii_lowercase + string.digits


class AccountRegion:
    """REST APIs and certificates of one account in one region.

    Change it only through its methods: each holds the estate's lock, stamps the estate's time, and drops the
    answers that were encoded before. ``KeyError`` is raised for a thing that is not there, ``ValueError``
    for a value AWS does not have. Ids follow from the seed and the order of calls.
    """

    def __init__(
        self,
        *,
        lock: RLock,
        clock: Callable[[], datetime],
        seed: str,
        partition: str,
        account_id: str,
        region: str,
    ) -> None:
        self.partition = partition
        self.account_id = account_id
        self.region = region
        self.apis: dict[str, RestApi] = {}
        self.certificates: dict[str, ClientCertificate] = {}
        self.acm_certificates: dict[str, AcmCertificate] = {}
        self.answers: dict[Hashable, Any] = {}
        """Encoded answers, kept until something changes; owned by the server."""
        self._deleted: dict[tuple[str, ...], Any] = {}
        self._lock = lock
        self._clock = clock
        self._seed = seed
        self._random: random.Random | None = None

    def add_api(
        self,
        name: str,
        *,
        endpoint_types: Sequence[str] = ("REGIONAL",),
        integrations: Sequence[str | None] = ("HTTP_PROXY",),
        created_at: datetime | None = None,
        **settings: Any,
    ) -> RestApi:
        """Create a REST API with a root and one path per integration; ``settings`` are wire fields."""
        _refuse_unknown(settings, API_SETTINGS, "REST API")
        with self._lock:
            api = RestApi(
                self._new_id(10), name, created_at or self._clock(), tuple(endpoint_types), dict(settings)
            )
            self.apis[api.id] = api
            self._lay_out(api, integrations)
            return self._changed(api)

    def update_api(self, api_id: str, *, name: str | None = None, **settings: Any) -> None:
        """Rename a REST API or set wire fields of it (``tags``, ``policy``, ...)."""
        _refuse_unknown(settings, API_SETTINGS, "REST API")
        with self._lock:
            api = self.apis[api_id]
            api.name = api.name if name is None else name
            api.settings |= settings
            self._changed(api)

    def set_endpoint_types(self, api_id: str, types: Sequence[str]) -> None:
        """Set a REST API's endpoint types: ``EDGE``, ``REGIONAL``, ``PRIVATE``."""
        with self._lock:
            self.apis[api_id].endpoint_types = tuple(types)
            self._changed(None)

    def delete_api(self, api_id: str) -> None:
        """Delete a REST API and its stages."""
        with self._lock:
            self._deleted["api", api_id] = self.apis.pop(api_id)
            self._changed(None)

    def restore_api(self, api_id: str) -> RestApi:
        """Bring back a deleted REST API, stages and all, under the same id."""
        with self._lock:
            api: RestApi = self._deleted.pop(("api", api_id))
            self.apis[api_id] = api
            return self._changed(api)

    def set_integrations(self, api_id: str, types: Sequence[str | None], *, deploy: bool = True) -> None:
        """Replace a REST API's methods by one per given integration type.

        As on AWS, stages show the change only in their deployment, hence ``deploy``.
        """
        with self._lock:
            api = self.apis[api_id]
            api.resources.clear()
            self._lay_out(api, types)
            for name in api.stages if deploy else ():
                self.deploy(api_id, name)
            self._changed(None)

    def add_stage(
        self,
        api_id: str,
        name: str,
        *,
        certificate_id: str | None = None,
        deployment_id: str | None = None,
        created_at: datetime | None = None,
        **settings: Any,
    ) -> Stage:
        """Create a stage; a stage of the same name that was deleted before is not remembered."""
        _refuse_unknown(settings, STAGE_SETTINGS, "stage")
        with self._lock:
            made = created_at or self._clock()
            deployment = deployment_id or self._new_id(6)
            stage = Stage(name, deployment, made, made, certificate_id, dict(settings))
            self.apis[api_id].stages[name] = stage
            return self._changed(stage)

    def update_stage(self, api_id: str, name: str, **settings: Any) -> None:
        """Set wire fields of a stage (``variables``, ``description``, ``cacheClusterStatus``, ...)."""
        _refuse_unknown(settings, STAGE_SETTINGS, "stage")
        self._touch(api_id, name, lambda stage: stage.settings.update(settings))

    def attach_certificate(self, api_id: str, name: str, certificate_id: str) -> None:
        """Let a stage name a certificate: an id, an ACM ARN, or any text (blank, long gone)."""
        self._touch(api_id, name, lambda stage: setattr(stage, "client_certificate_id", certificate_id))

    def detach_certificate(self, api_id: str, name: str) -> None:
        """Take a stage's certificate field away."""
        self._touch(api_id, name, lambda stage: setattr(stage, "client_certificate_id", None))

    def deploy(self, api_id: str, name: str) -> str:
        """Give a stage a new deployment; return its id."""
        with self._lock:
            deployment = self._new_id(6)
            self._touch(api_id, name, lambda stage: setattr(stage, "deployment_id", deployment))
            return deployment

    def delete_stage(self, api_id: str, name: str) -> None:
        """Delete a stage."""
        with self._lock:
            self._deleted["stage", api_id, name] = self.apis[api_id].stages.pop(name)
            self._changed(None)

    def restore_stage(self, api_id: str, name: str) -> Stage:
        """Bring back a deleted stage as it was."""
        with self._lock:
            stage: Stage = self._deleted.pop(("stage", api_id, name))
            self.apis[api_id].stages[name] = stage
            return self._changed(stage)

    def create_certificate(
        self,
        description: str | None = None,
        *,
        created_at: datetime | None = None,
        expires_at: datetime | None = None,
        tags: dict[str, str] | None = None,
    ) -> ClientCertificate:
        """Generate a client certificate, valid for 365 days unless told otherwise."""
        with self._lock:
            made = created_at or self._clock()
            end = expires_at or made + CERTIFICATE_LIFE
            certificate = ClientCertificate(self._new_id(6), made, end, description, dict(tags or {}))
            self.certificates[certificate.id] = certificate
            return self._changed(certificate)

    def delete_certificate(self, certificate_id: str) -> None:
        """Delete a client certificate; stages go on naming it."""
        with self._lock:
            self._deleted["certificate", certificate_id] = self.certificates.pop(certificate_id)
            self._changed(None)

    def restore_certificate(self, certificate_id: str) -> ClientCertificate:
        """Bring back a deleted client certificate under its id (AWS cannot; stories of doubt need it)."""
        with self._lock:
            found: ClientCertificate = self._deleted.pop(("certificate", certificate_id))
            self.certificates[certificate_id] = found
            return self._changed(found)

    def add_acm_certificate(
        self,
        domain: str,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        status: str = "ISSUED",
        certificate_type: str = "PRIVATE",
    ) -> AcmCertificate:
        """Add a certificate of ACM, valid from now for 395 days unless told otherwise."""
        with self._lock:
            made = self._clock()
            parts = [self._new_hex(length) for length in (8, 4, 4, 4, 12)]
            arn = f"arn:{self.partition}:acm:{self.region}:{self.account_id}:certificate/{'-'.join(parts)}"
            start, end = not_before or made, not_after or made + timedelta(days=395)
            certificate = AcmCertificate(arn, domain, made, start, end, status, certificate_type)
            if status == "PENDING_VALIDATION":
                certificate.not_before = certificate.not_after = None
            self.acm_certificates[arn] = certificate
            return self._changed(certificate)

    def update_acm_certificate(
        self, arn: str, *, status: str | None = None, not_after: datetime | None = None
    ) -> None:
        """Change an ACM certificate's status (``EXPIRED``, ``REVOKED``, ...) or its end of validity."""
        with self._lock:
            found = self.acm_certificates[arn]
            found.status = found.status if status is None else status
            found.not_after = found.not_after if not_after is None else not_after
            self._changed(None)

    def delete_acm_certificate(self, arn: str) -> None:
        """Delete a certificate from ACM."""
        with self._lock:
            self._deleted["acm", arn] = self.acm_certificates.pop(arn)
            self._changed(None)

    def restore_acm_certificate(self, arn: str) -> AcmCertificate:
        """Bring back a deleted ACM certificate."""
        with self._lock:
            found: AcmCertificate = self._deleted.pop(("acm", arn))
            self.acm_certificates[arn] = found
            return self._changed(found)

    def _touch(self, api_id: str, name: str, change: Callable[[Stage], None]) -> None:
        with self._lock:
            stage = self.apis[api_id].stages[name]
            change(stage)
            stage.updated_at = self._clock()
            self._changed(None)

    def _lay_out(self, api: RestApi, types: Sequence[str | None]) -> None:
        root = Resource(self._new_id(10), "/", None)
        api.resources[root.id] = root
        for number, kind in enumerate(types, start=1):
            if kind is not None and kind not in INTEGRATION_TYPES:
                raise ValueError(f"API Gateway has no integration type {kind!r}")
            child = Resource(self._new_id(6), f"/path{number}", root.id, {"GET": kind})
            api.resources[child.id] = child

    def _changed(self, subject: ThingT) -> ThingT:
        self.answers.clear()
        return subject

    def _dice(self) -> random.Random:
        if self._random is None:
            self._random = random.Random(f"{self._seed}/{self.account_id}/{self.region}")  # noqa: S311 - ids, no secrets
        return self._random

    def _new_id(self, length: int) -> str:
        return "".join(self._dice().choices(_ID_ALPHABET, k=length))

    def _new_hex(self, length: int) -> str:
        return "".join(self._dice().choices("0123456789abcdef", k=length))


def _refuse_unknown(settings: dict[str, Any], known: frozenset[str], thing: str) -> None:
    if unknown := settings.keys() - known:
        raise ValueError(f"a {thing} has no field {sorted(unknown)[0]!r}")
