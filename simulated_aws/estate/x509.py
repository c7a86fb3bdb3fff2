"""Real X.509 client certificates, the same bytes every time for the same id and dates.

AWS makes its client certificates with RSA keys. Here one P-256 key, derived from a fixed number, signs all
of them with deterministic ECDSA: signing is ten times faster, and an estate that is built again from the
same seed (in another process, on another night) has the same certificates to the last byte.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def serial_number(identity: str) -> int:
    """Return a positive serial number of at most 127 bits that belongs to ``identity``."""
    return (int.from_bytes(hashlib.sha256(identity.encode()).digest()[:16], "big") >> 1) | 1


def client_certificate_pem(identity: str, not_before: datetime, not_after: datetime) -> str:
    """Return a self-signed certificate in PEM, with the subject API Gateway gives its own."""
    key = _signing_key()
    name = _name()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial_number(identity))
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


@lru_cache(maxsize=1)
def _signing_key() -> ec.EllipticCurvePrivateKey:
    secret = int.from_bytes(hashlib.sha256(b"gateledger simulated client certificates").digest(), "big")
    return ec.derive_private_key(secret >> 1, ec.SECP256R1())


@lru_cache(maxsize=1)
def _name() -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Washington"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "Seattle"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Amazon.com"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "ApiGateway"),
            x509.NameAttribute(NameOID.COMMON_NAME, "ApiGateway"),
        ]
    )
