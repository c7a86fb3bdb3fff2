"""What a certificate says of itself, read from its PEM."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256


@dataclass(frozen=True, slots=True)
class Parsed:
    """Serial (hexadecimal), SHA-256 fingerprint (hexadecimal), subject (RFC 4514) and end of validity."""

    serial: str | None = None
    fingerprint_sha256: str | None = None
    subject: str | None = None
    not_after: datetime | None = None


def parse_pem(pem: object) -> Parsed:
    """Read a certificate; one that cannot be read, or none at all, leaves every field None.

    Such a certificate is no failure: that it exists, and until when, AWS says beside the PEM.
    """
    if not isinstance(pem, str):
        return Parsed()
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("utf-8", "replace"))
        return Parsed(
            serial=f"{certificate.serial_number:x}",
            fingerprint_sha256=certificate.fingerprint(SHA256()).hex(),
            subject=certificate.subject.rfc4514_string().replace("\x00", "\ufffd"),
            not_after=certificate.not_valid_after_utc,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError, Warning):
        return Parsed()


# Certificates with odd serial numbers are other people's: nothing that a log line about them would change.
warnings.filterwarnings("ignore", message="Parsed a (negative |)serial number", module="collectors.pem")
