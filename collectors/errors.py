"""What can go wrong when AWS is asked, as typed failures: a failed read is never an empty list.

Messages carry AWS's own words only where AWS explains itself (denied, throttled, absent, credentials). What a
parser complains about is never repeated, since it may quote the answer's content.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from cmdb.errors import GateledgerError
from cmdb.snapshot import Failure, FailureKind

_MESSAGE_LIMIT = 300

_THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "TooManyRequests",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "EC2ThrottledException",
        "SlowDown",
    }
)
_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "Forbidden",
        "ForbiddenException",
        "NotAuthorized",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnauthorizedAccess",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
_ABSENT = frozenset({"NotFoundException", "ResourceNotFoundException"})
_SERVER = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_SDK_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.MetadataRetrievalError,
    sdk.TokenRetrievalError,
    sdk.SSOError,
    sdk.InvalidConfigError,
    sdk.ConfigNotFound,
    sdk.ConfigParseError,
    sdk.ProfileNotFound,
    sdk.UnknownCredentialError,
    sdk.RefreshWithMFAUnsupportedError,
)
_NETWORK: tuple[tuple[type[Exception], str], ...] = (
    (sdk.ConnectTimeoutError, "could not connect in time"),
    (sdk.ReadTimeoutError, "was not answered in time"),
    (sdk.EndpointConnectionError, "could not reach its endpoint; check the region's name and the network"),
    (sdk.ProxyConnectionError, "could not reach the proxy"),
    (sdk.SSLError, "could not agree on a secure connection"),
)
#: What botocore's parsers let through when an answer has not the shape that its service model promises.
_PARSER_ERRORS = (
    sdk.BotoCoreError,
    ResponseParserError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class ReadFailure(GateledgerError):
    """Something could not be read from AWS."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class CollectionError(GateledgerError):
    """The collection cannot begin."""


class Retry(Enum):
    """Whether asking again may help."""

    NEVER = "never"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A failure, whether to ask again, and the seconds that AWS asked to wait (None: it did not say)."""

    failure: Failure
    retry: Retry
    retry_after: float | None = None


def malformed(operation: str, what: str) -> ReadFailure:
    """Return the failure of an answer that cannot be trusted; ``what`` never quotes its content."""
    return ReadFailure(
        Failure(FailureKind.MALFORMED, operation, f"The answer to {operation} cannot be trusted: {what}.")
    )


def interrupted(operation: str) -> ReadFailure:
    """Return the failure of a call that was not made because the run is stopping."""
    return ReadFailure(
        Failure(FailureKind.INTERRUPTED, operation, f"{operation} was not called: the run was stopped.")
    )


def diagnose(operation: str, error: Exception) -> Diagnosis | None:
    """Say what an exception of the SDK means; None when it is none that the SDK is known to raise."""
    if isinstance(error, ReadFailure):
        return Diagnosis(error.failure, Retry.NEVER)
    if isinstance(error, sdk.ClientError):
        return _client_error(operation, error)
    return _sdk_error(operation, error)


def _sdk_error(operation: str, error: Exception) -> Diagnosis | None:
    if isinstance(error, _SDK_CREDENTIALS):
        return _diagnosis(
            FailureKind.CREDENTIALS,
            operation,
            f"found no usable credentials: {_brief(str(error))}",
            Retry.NEVER,
        )
    if isinstance(error, sdk.NoRegionError | sdk.InvalidRegionError):
        return _diagnosis(
            FailureKind.UNREACHABLE, operation, f"has no region to ask: {_brief(str(error))}", Retry.NEVER
        )
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError):
        return _diagnosis(FailureKind.UNREACHABLE, operation, _unreachable(error), Retry.TRANSIENT)
    if isinstance(error, _PARSER_ERRORS):
        broken = malformed(operation, "it does not have the form that AWS documents")
        return Diagnosis(broken.failure, Retry.MALFORMED)
    return None


def _client_error(operation: str, error: sdk.ClientError) -> Diagnosis:
    response: dict[str, Any] = dict(error.response)
    details = response.get("Error")
    details = details if isinstance(details, dict) else {}
    code = str(details.get("Code") or "")
    metadata = response.get("ResponseMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    status = metadata.get("HTTPStatusCode")
    status = status if isinstance(status, int) else 0
    words = _brief(str(details.get("Message") or ""))
    said = f"{code}: {words}" if words and code else code or words or f"HTTP {status}"
    if code in _THROTTLED or status == 429:
        wait = _retry_after(metadata.get("HTTPHeaders"))
        return _diagnosis(FailureKind.THROTTLED, operation, f"was throttled ({said})", Retry.THROTTLED, wait)
    if code in _CREDENTIALS:
        return _diagnosis(
            FailureKind.CREDENTIALS, operation, f"was refused for its credentials ({said})", Retry.NEVER
        )
    if code in _ABSENT:
        return _diagnosis(FailureKind.ABSENT, operation, f"found nothing ({said})", Retry.NEVER)
    if status >= 500 or code in _SERVER:
        return _diagnosis(
            FailureKind.UNREACHABLE, operation, f"met an error of the service ({said})", Retry.TRANSIENT
        )
    if code in _DENIED or status in {401, 403}:
        return _diagnosis(FailureKind.DENIED, operation, f"was denied ({said})", Retry.NEVER)
    kind, what = FailureKind.MALFORMED, f"was answered unexpectedly ({said})"
    if code == "BadRequestException":
        kind, what = FailureKind.REFUSED, f"was refused ({said})"
    return _diagnosis(kind, operation, what, Retry.NEVER)


def _diagnosis(
    kind: FailureKind, operation: str, what: str, retry: Retry, retry_after: float | None = None
) -> Diagnosis:
    return Diagnosis(Failure(kind, operation, f"{operation} {what}."), retry, retry_after)


def _unreachable(error: Exception) -> str:
    for kind, what in _NETWORK:
        if isinstance(error, kind):
            return what
    return "lost its connection"


def _retry_after(headers: Any) -> float | None:
    """Return the seconds of a ``Retry-After`` header; None without one, or when it is no number."""
    if not isinstance(headers, dict):
        return None
    try:
        seconds = float(headers.get("retry-after", "nan"))
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _brief(text: str) -> str:
    """Return AWS's words on one printable line of bounded length, without the final full stop."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split()).rstrip(".")
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 3] + "..."
