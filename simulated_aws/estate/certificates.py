"""Client certificates of API Gateway and certificates of ACM, and how each looks on the wire.

Field names on the wire are those of the botocore service models of API Gateway (2015-07-09) and ACM
(2015-12-08); both write times as seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulated_aws.estate.rest_apis import epoch
from simulated_aws.estate.x509 import client_certificate_pem, serial_number


@dataclass(slots=True)
class ClientCertificate:
    """A client certificate of API Gateway; its PEM is made when it is first requested."""

    id: str
    created_at: datetime
    expires_at: datetime
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    _pem: str | None = None

    @property
    def pem(self) -> str:
        """The public certificate in PEM."""
        if self._pem is None:
            self._pem = client_certificate_pem(self.id, self.created_at, self.expires_at)
        return self._pem

    def wire(self) -> dict[str, Any]:
        """Return the certificate as GetClientCertificates writes it."""
        body: dict[str, Any] = {"clientCertificateId": self.id}
        if self.description is not None:
            body["description"] = self.description
        body |= {
            "pemEncodedCertificate": self.pem,
            "createdDate": epoch(self.created_at),
            "expirationDate": epoch(self.expires_at),
        }
        if self.tags:
            body["tags"] = self.tags
        return body


@dataclass(slots=True)
class AcmCertificate:
    """A certificate of ACM, imported or of a private CA; dates are ``None`` while it is pending."""

    arn: str
    domain: str
    created_at: datetime
    not_before: datetime | None
    not_after: datetime | None
    status: str = "ISSUED"
    type: str = "PRIVATE"

    def wire(self) -> dict[str, Any]:
        """Return the certificate as DescribeCertificate writes it."""
        digits = f"{serial_number(self.arn):032x}"
        body: dict[str, Any] = {
            "CertificateArn": self.arn,
            "DomainName": self.domain,
            "SubjectAlternativeNames": [self.domain],
            "Serial": ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
            "Subject": f"CN={self.domain}",
            "Issuer": "Example Private CA",
            "CreatedAt": epoch(self.created_at),
            "Status": self.status,
            "KeyAlgorithm": "RSA-2048",
            "SignatureAlgorithm": "SHA256WITHRSA",
            "InUseBy": [],
            "Type": self.type,
            "RenewalEligibility": "INELIGIBLE",
        }
        if self.not_before is not None:
            body["NotBefore"] = epoch(self.not_before)
        if self.not_after is not None:
            body["NotAfter"] = epoch(self.not_after)
        return body
