"""The certificates of an account-region: API Gateway's own, and those of ACM."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulated_aws.estate.certificates import AcmCertificate, ClientCertificate
from simulated_aws.estate.ground import Ground

CERTIFICATE_LIFE = timedelta(days=365)
"""How long API Gateway makes its client certificates valid (API Gateway developer guide)."""


class KeptCertificates(Ground):
    """Certificates of both kinds, by id and by ARN."""

    def __init__(self, **grounds: Any) -> None:
        super().__init__(**grounds)
        self.certificates: dict[str, ClientCertificate] = {}
        self.acm_certificates: dict[str, AcmCertificate] = {}

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
