"""What stands between this machine and AWS: names, proxies, certificates; one phrase with the next step each.

A failure is permanent when the next try cannot end otherwise: an unknown certificate authority, a bundle that
is none, a proxy that wants a password, a URL without a scheme.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore import exceptions as sdk
from urllib3.exceptions import LocationValueError, NameResolutionError, URLSchemeUnknown

#: OpenSSL's verification codes (``X509_V_ERR_*``).
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_OTHERS_CERTIFICATE = (
    "does not trust the certificate of {host}, which is another host's; check AWS_ENDPOINT_URL"
)
_MISUNDERSTOOD = "did not understand a URL; check AWS_ENDPOINT_URL and HTTPS_PROXY"
#: Stands for a host where a URL has none.
_NOWHERE = "the endpoint"
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


def bundle_problem(session: botocore.session.Session) -> str | None:
    """Return what is wrong with the file of certificate authorities that the environment names, if anything.

    botocore reads ``AWS_CA_BUNDLE``, then ``ca_bundle`` of the profile, then ``REQUESTS_CA_BUNDLE``.
    """
    configured = session.get_config_variable("ca_bundle")
    path = configured or os.environ.get("REQUESTS_CA_BUNDLE")
    if not path:
        return None
    name = "REQUESTS_CA_BUNDLE"
    if configured:
        from_environment = os.environ.get("AWS_CA_BUNDLE") == configured
        name = "AWS_CA_BUNDLE" if from_environment else "ca_bundle of the AWS profile"
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        problem = "holds no certificate in PEM form"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or type(error).__name__})"
    else:
        return None
    return f"{name} names {path!r}, which {problem}: correct it, or unset it"


def unreachable(error: Exception) -> tuple[str, bool]:
    """Say why a request was not answered, and whether that is permanent."""
    if isinstance(error, sdk.ProxyConnectionError):
        return _proxy(error)
    if isinstance(error, sdk.SSLError):
        return _certificate(error)
    if isinstance(error, sdk.ConnectTimeoutError):
        return "could not connect in time; check the network, and HTTPS_PROXY where a proxy is needed", False
    if isinstance(error, sdk.ReadTimeoutError):
        return "was not answered in time", False
    if isinstance(error, sdk.EndpointConnectionError):
        return _endpoint(error)
    return _other(error)


def endpoint_problem(url: str) -> str | None:
    """Return what is wrong with the URL of a client, if anything that the SDK would find out at every call."""
    try:
        urlsplit(url).port  # noqa: B018  it is read when asked for
    except ValueError:
        return (
            "its URL has a port that is no number from 0 to 65535, or something after it: write AWS_ENDPOINT_URL "
            "(or endpoint_url of the profile) as https://HOST or http://HOST:PORT"
        )
    return None


def client_problem(error: Exception) -> str:
    """Say why the SDK made no client: one of its settings is wrong."""
    words = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, ValueError) and words.startswith("Invalid endpoint"):
        return (
            f"{words} is no whole URL: write AWS_ENDPOINT_URL (or endpoint_url of the profile) "
            "as https://HOST or http://HOST:PORT"
        )
    return f"the SDK refuses one of its settings ({words[:200]}): check AWS_* variables and the AWS profile"


def _endpoint(error: Exception) -> tuple[str, bool]:
    host = _host(error)
    if any(isinstance(cause, NameResolutionError | socket.gaierror) for cause in _causes(error)):
        return (
            f"could not resolve the name {host}; check the region's name, DNS and, where a proxy is needed, "
            "HTTPS_PROXY",
            False,
        )
    return f"could not reach {host}; check the region's name and the network", False


def _proxy(error: sdk.ProxyConnectionError) -> tuple[str, bool]:
    proxy = _authority(error.kwargs.get("proxy_url"))
    if proxy == _NOWHERE:
        return _MISUNDERSTOOD, True
    if "socks" in proxy:
        return "cannot use a proxy that speaks SOCKS; name one that speaks HTTP in HTTPS_PROXY", True
    refused = _TUNNEL.search(str(error.kwargs.get("error")))
    if refused is None:
        return f"could not reach the proxy {proxy}; check HTTPS_PROXY and NO_PROXY", False
    status = int(refused.group(1))
    what = "wants a user and a password" if status == 407 else f"refused the connection (HTTP {status})"
    return f"did not pass the proxy {proxy}, which {what}; check HTTPS_PROXY and NO_PROXY", status < 500


def _certificate(error: sdk.SSLError) -> tuple[str, bool]:
    host = _host(error)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _unverified(host, cause), True
    text = str(error.kwargs.get("error"))
    if "doesn't match" in text:  # urllib3 compares names itself
        return _OTHERS_CERTIFICATE.format(host=host), True
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text or "HTTP_REQUEST" in text:
        return f"found no TLS at {host}; check the scheme of AWS_ENDPOINT_URL and of HTTPS_PROXY", True
    if "NO_CERTIFICATE_OR_CRL_FOUND" in text:
        return "found no certificate in the bundle that AWS_CA_BUNDLE names; correct it, or unset it", True
    return f"could not agree on a secure connection with {host}", False


def _unverified(host: str, error: ssl.SSLCertVerificationError) -> str:
    reason = error.verify_message or "the certificate could not be verified"
    if error.verify_code in {_NOT_YET_VALID, _EXPIRED}:
        return f"does not trust the certificate of {host} ({reason}); check this machine's clock"
    if error.verify_code in {_OTHER_HOST, _OTHER_ADDRESS}:
        return _OTHERS_CERTIFICATE.format(host=host)
    return (
        f"does not trust the certificate of {host} ({reason}); where TLS is inspected, AWS_CA_BUNDLE must "
        "name a file that holds the certificate of the inspecting proxy's authority"
    )


def _other(error: Exception) -> tuple[str, bool]:
    direct = getattr(error, "kwargs", {}).get("error")
    if isinstance(direct, ValueError) and "header value" in str(direct):
        return (
            "could not be sent: a setting holds a line break or another character that cannot be in a header; "
            "check AWS_REGION and the AWS profile",
            True,
        )
    for cause in _causes(error):
        if isinstance(cause, LocationValueError | URLSchemeUnknown) or type(direct) in {
            ValueError,
            UnicodeError,
        }:
            return _MISUNDERSTOOD, True
        if isinstance(cause, OSError) and "CA certificate bundle" in str(cause):
            return "found no file where AWS_CA_BUNDLE names one; correct it, or unset it", True
    if isinstance(error, sdk.InvalidProxiesConfigError):
        return "did not understand the proxy's settings; check HTTPS_PROXY and the AWS profile", True
    return "lost its connection", False


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors that led to this one, however they are noted."""
    line: list[Any] = [error]
    seen: set[int] = set()
    while line:
        cause = line.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        noted = getattr(cause, "kwargs", None)
        line += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        if isinstance(noted, dict):
            line.append(noted.get("error"))


def _host(error: Exception) -> str:
    return _authority(getattr(error, "kwargs", {}).get("endpoint_url"))


def _authority(url: object) -> str:
    """Return host and port of a URL, without what may be secret in it."""
    try:
        parts = urlsplit(str(url))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _NOWHERE
    return f"{parts.hostname}{port}" if parts.hostname else _NOWHERE
