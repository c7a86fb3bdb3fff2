"""What stands between the collectors and AWS, over real sockets: the sentence names it, and the next step."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collectors.errors import CollectionError
from collectors.sessions import Sessions, Transport
from simulated_aws import SimulatedAws
from tests.support.tiny_http import answering
from tests.unit.collectors.conftest import QUICK

NOW = datetime.now(UTC)


def certificate(
    directory: Path, *, host: str = "127.0.0.1", since: datetime = NOW - timedelta(days=1), days: int = 2
) -> tuple[Path, ssl.SSLContext]:
    """Make a self-signed certificate; return its file and what a server needs to present it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "inspecting proxy")])
    address = x509.IPAddress(ipaddress.ip_address(host))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, directory / "key.pem")
    return file, context


@pytest.fixture(autouse=True)
def environment(aws: SimulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of the simulated AWS, no proxy and no bundle."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def sentence() -> str:
    with pytest.raises(CollectionError) as caught:
        Sessions(retries=QUICK, transport=Transport(connect_timeout=2.0, read_timeout=2.0))
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


@pytest.mark.parametrize(
    ("since", "fragment"),
    [
        (NOW - timedelta(days=9), "check this machine's clock"),
        (NOW + timedelta(days=9), "check this machine's clock"),
        (NOW - timedelta(days=1), "AWS_CA_BUNDLE must name a file"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_permanent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, since: datetime, fragment: str
) -> None:
    """Given a proxy that inspects TLS, or a wrong clock, the cause is named and nothing is tried again."""
    file, context = certificate(tmp_path, since=since)
    with answering(tls=context) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.port}")
        if "clock" in fragment:
            monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
        said = sentence()
    assert fragment in said
    assert f"127.0.0.1:{server.port}" in said
    assert "tried" not in said


def test_a_certificate_of_another_host_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file, context = certificate(tmp_path, host="127.0.0.2")
    with answering(tls=context) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.port}")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
        assert "another host's; check AWS_ENDPOINT_URL" in sentence()


def test_a_bundle_that_holds_the_authority_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file, context = certificate(tmp_path)
    body = (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/x</Arn>"
        b"<UserId>x</UserId><Account>111111111111</Account></GetCallerIdentityResult>"
        b"<ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    with answering(200, body, tls=context) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.port}")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
        sessions = Sessions(retries=QUICK)
        sessions.close()
    assert sessions.caller.account_id == "111111111111"


def test_an_endpoint_without_tls_is_named_and_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.port}")
        said = sentence()
    assert "found no TLS at 127.0.0.1" in said
    assert "tried" not in said


def test_a_proxy_that_wants_a_password_is_named_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(407) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.invalid")
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{proxy.port}")
        said = sentence()
        assert len(proxy.paths) == 1
    assert "wants a user and a password" in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("status", "fragment", "calls"),
    [
        (407, "which wants a user and a password: check HTTP_PROXY and HTTPS_PROXY", 1),
        (403, "was denied (HTTP 403)", 1),
        (502, "met an error of the service (502: Bad Gateway) (tried 2 times)", 2),
    ],
)
def test_an_error_page_of_a_plain_proxy_is_told_by_its_status(
    monkeypatch: pytest.MonkeyPatch, status: int, fragment: str, calls: int
) -> None:
    with answering(status, b"<html><body><p>Sorry<br></body></html>") as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.invalid")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        said = sentence()
        assert len(proxy.paths) == calls
    assert fragment in said


def set_proxy(url: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setenv("HTTPS_PROXY", url)


@pytest.mark.parametrize(
    ("prepare", "fragment", "tries"),
    [
        (set_proxy("http://user:canary@127.0.0.1:1"), "could not reach the proxy 127.0.0.1:1", 2),
        (set_proxy("ftp://127.0.0.1:1"), "could not reach the proxy", 2),
        (set_proxy("socks5h://127.0.0.1:1"), "cannot use a proxy that speaks SOCKS", 1),
        (set_proxy("http://"), "did not understand a URL; check AWS_ENDPOINT_URL and HTTPS_PROXY", 1),
        (set_proxy("http://[::1"), "did not understand a URL", 1),
        (set_proxy("http://user:c#anary@127.0.0.1:1"), "did not understand a URL", 1),
        (lambda _: None, "could not resolve the name aws.invalid", 2),
    ],
)
def test_what_does_not_lead_to_aws_is_named(
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[pytest.MonkeyPatch], None],
    fragment: str,
    tries: int,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.invalid")
    prepare(monkeypatch)
    said = sentence()
    assert fragment in said
    assert ("(tried 2 times)" in said) == (tries == 2)
    assert "canary" not in said
