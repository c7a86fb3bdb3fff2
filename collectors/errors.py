"""What can go wrong when AWS is asked, as typed failures: a failed read is never an empty list.

Messages carry AWS's own words only where AWS explains itself (denied, throttled, absent, credentials). What a
parser complains about is never repeated, since it may quote the answer's content.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from cmdb.errors import GateledgerError
from cmdb.masking import masked
from cmdb.snapshot import Failure, FailureKind
from collectors.network import unreachable

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
#: What AWS understood and cannot do, however often it is asked.
_REFUSED = frozenset({"AWSOrganizationsNotInUseException", "BadRequestException"})
_SERVER = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
#: Seconds that a signature's time may differ from AWS's (IAM User Guide, signing of requests).
_SKEW_SECONDS = 300.0
_CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_CLOCK_WORDS = ("signature expired", "signature not yet current", "not yet valid")
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


class Retry(Enum):
    """Whether asking again may help."""

    NEVER = "never"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    MALFORMED = "malformed"


class ReadFailure(GateledgerError):
    """Something could not be read from AWS."""

    def __init__(self, failure: Failure, retry: Retry = Retry.NEVER) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.retry = retry


class CollectionError(GateledgerError):
    """The collection cannot begin."""


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
        return Diagnosis(error.failure, error.retry)
    if isinstance(error, sdk.ClientError):
        return _client_error(operation, error)
    return _sdk_error(operation, error)


def _sdk_error(operation: str, error: Exception) -> Diagnosis | None:
    if isinstance(error, _SDK_CREDENTIALS):
        return _diagnosis(
            FailureKind.CREDENTIALS,
            operation,
            f"found no usable credentials: {brief(str(error))}",
            Retry.NEVER,
        )
    if isinstance(error, sdk.NoRegionError | sdk.InvalidRegionError):
        return _diagnosis(
            FailureKind.UNREACHABLE, operation, f"has no region to ask: {brief(str(error))}", Retry.NEVER
        )
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError | sdk.InvalidProxiesConfigError):
        what, permanent = unreachable(error)
        retry = Retry.NEVER if permanent else Retry.TRANSIENT
        return _diagnosis(FailureKind.UNREACHABLE, operation, what, retry)
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
    words = brief(str(details.get("Message") or ""))
    said = f"{code}: {words}" if words and code else code or words or f"HTTP {status}"
    headers = metadata.get("HTTPHeaders")
    if code in _THROTTLED or status == 429:
        kind, what, retry = FailureKind.THROTTLED, f"was throttled ({said})", Retry.THROTTLED
        return _diagnosis(kind, operation, what, retry, _retry_after(headers))
    if code in _CREDENTIALS:
        what = f"was refused for its credentials ({said}): {_advice(code, words, headers)}"
        return _diagnosis(FailureKind.CREDENTIALS, operation, what, Retry.NEVER)
    kind, what, retry = _refusal(code, status, said)
    return _diagnosis(kind, operation, what, retry)


def _refusal(code: str, status: int, said: str) -> tuple[FailureKind, str, Retry]:
    if code in _ABSENT:
        return FailureKind.ABSENT, f"found nothing ({said})", Retry.NEVER
    if status >= 500 or code in _SERVER:
        return FailureKind.UNREACHABLE, f"met an error of the service ({said})", Retry.TRANSIENT
    if status == 407:
        what = "did not pass the proxy, which wants a user and a password: check HTTP_PROXY and HTTPS_PROXY"
        return FailureKind.UNREACHABLE, what, Retry.NEVER
    if code in _DENIED or status in {401, 403}:
        return FailureKind.DENIED, f"was denied ({said})", Retry.NEVER
    if code in _REFUSED:
        return FailureKind.REFUSED, f"was refused ({said})", Retry.NEVER
    return FailureKind.MALFORMED, f"was answered unexpectedly ({said})", Retry.NEVER


def _diagnosis(
    kind: FailureKind, operation: str, what: str, retry: Retry, retry_after: float | None = None
) -> Diagnosis:
    return Diagnosis(Failure(kind, operation, f"{operation} {what}."), retry, retry_after)


def _advice(code: str, words: str, headers: Any) -> str:
    """Return the next step after AWS refused credentials."""
    ahead = _seconds_ahead(headers)
    if ahead is not None and abs(ahead) > _SKEW_SECONDS:
        direction = "ahead of" if ahead > 0 else "behind"
        return f"this machine's clock is {abs(ahead) / 60:,.0f} minutes {direction} AWS's; set it"
    if code in _CLOCK or any(hint in words.lower() for hint in _CLOCK_WORDS):
        return "check this machine's clock"
    if code.startswith("ExpiredToken"):
        return "the session has expired; open it anew, for SSO with `aws sso login`"
    return "check AWS_PROFILE, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"


def _seconds_ahead(headers: Any) -> float | None:
    """Return how far this machine's clock is ahead of the answer's ``Date``; None without one."""
    date = headers.get("date") if isinstance(headers, dict) else None
    try:
        said = parsedate_to_datetime(str(date))
    except (TypeError, ValueError):
        return None
    return (datetime.now(UTC) - said).total_seconds() if said.tzinfo is not None else None


def _retry_after(headers: Any) -> float | None:
    """Return the seconds of a ``Retry-After`` header; None without one, or when it is no number."""
    if not isinstance(headers, dict):
        return None
    try:
        seconds = float(headers.get("retry-after", "nan"))
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def brief(text: str) -> str:
    """Return AWS's words on one printable line of bounded length, without secrets or the final full stop."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = masked(" ".join(line.split()).rstrip("."))
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 3] + "..."
