"""A PostgreSQL 15 that is reached over TLS alone, by password or by a client's certificate."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cmdb.server.embedded_user import server_user
from tests.support.servers import _system_15, scratch_folder

HOST = "127.0.0.1"
#: Passwords with every character that means something in a URL.
PASSWORD = "c4nary@1/2?3#4%5:6&7=8 9"
KEY_PASSWORD = "c4nary-of-the-key/?"


@dataclass(frozen=True)
class Guarded:
    """Where the server is, and what a client needs."""

    port: int
    folder: Path
    """With ``ca.crt``, and ``client.crt`` and ``client.key`` of the role ``certified``."""


@contextmanager
def guarded_server() -> Iterator[Guarded]:
    """Run the server with an empty database ``ledger`` for the roles ``guarded`` and ``certified``."""
    with scratch_folder() as folder, scratch_folder() as ours, socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
        free.close()
        _write_certificates(ours)
        data = folder / "tls"
        data.mkdir()
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy(ours / name, data / name)
        (data / "hba.conf").write_text(
            "local all gateledger trust\n"
            f"hostssl all certified {HOST}/32 cert\n"
            f"hostssl all all {HOST}/32 scram-sha-256\n"
        )
        (data / "server.key").chmod(0o600)
        user = server_user(data)
        if user is not None:
            for path in (data, *data.iterdir()):
                user.own(path)
        settings = {
            "listen_addresses": HOST,
            "port": port,
            "ssl": "on",
            "ssl_cert_file": data / "server.crt",
            "ssl_key_file": data / "server.key",
            "ssl_ca_file": data / "ca.crt",
            "hba_file": data / "hba.conf",
        }
        with _system_15(folder, *(f"-c {name}={value}" for name, value in settings.items())):
            admin = f"postgresql://gateledger@/postgres?host={folder}&port={port}"
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'".encode())
                connection.execute("CREATE ROLE certified LOGIN IN ROLE guarded")
                connection.execute("CREATE DATABASE ledger OWNER guarded")
            yield Guarded(port, ours)


def _write_certificates(folder: Path) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", authority_key, None, authority_key, is_authority=True)
    (folder / "ca.crt").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for name, subject in (("server", "localhost"), ("client", "certified")):
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(subject, key, authority, authority_key)
        (folder / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        locked = serialization.BestAvailableEncryption(KEY_PASSWORD.encode())
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                locked if name == "client" else serialization.NoEncryption(),
            )
        )
        (folder / f"{name}.key").chmod(0o600)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
