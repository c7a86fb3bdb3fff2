"""Errors of the simulated AWS, in the words and the wire format of each service.

Codes and HTTP statuses: the "Common Errors" pages of the API references of API Gateway, ACM, STS,
Organizations, EC2 and Account Management, and the error shapes of their botocore models.
"""

from __future__ import annotations

from enum import StrEnum
from xml.sax.saxutils import escape

import orjson


class Problem(StrEnum):
    """What can go wrong in every service alike, each under a name of its own."""

    DENIED = "denied"
    THROTTLED = "throttled"
    BAD_CREDENTIALS = "bad_credentials"
    EXPIRED = "expired"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


class AwsError(Exception):
    """An answer other than success. ``status`` is the HTTP status, ``code`` what boto3 shows as ``Code``."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


REST_JSON = frozenset({"apigateway", "account"})
JSON = frozenset({"acm", "organizations"})
SERVICES = REST_JSON | JSON | {"sts", "ec2"}

_REST = {
    Problem.DENIED: (403, "AccessDeniedException"),
    Problem.THROTTLED: (429, "TooManyRequestsException"),
    Problem.BAD_CREDENTIALS: (403, "UnrecognizedClientException"),
    Problem.EXPIRED: (403, "ExpiredTokenException"),
    Problem.INTERNAL: (500, "InternalFailure"),
    Problem.UNAVAILABLE: (503, "ServiceUnavailableException"),
}
_JSON = {
    Problem.DENIED: (400, "AccessDeniedException"),
    Problem.THROTTLED: (400, "ThrottlingException"),
    Problem.BAD_CREDENTIALS: (400, "UnrecognizedClientException"),
    Problem.EXPIRED: (400, "ExpiredTokenException"),
    Problem.INTERNAL: (500, "InternalFailure"),
    Problem.UNAVAILABLE: (503, "ServiceUnavailable"),
}
_CODES: dict[str, dict[Problem, tuple[int, str]]] = {
    "apigateway": _REST,
    "account": _REST,
    "acm": _JSON,
    "organizations": _JSON | {Problem.THROTTLED: (400, "TooManyRequestsException")},
    "sts": {
        Problem.DENIED: (403, "AccessDenied"),
        Problem.THROTTLED: (400, "Throttling"),
        Problem.BAD_CREDENTIALS: (403, "InvalidClientTokenId"),
        Problem.EXPIRED: (403, "ExpiredToken"),
        Problem.INTERNAL: (500, "InternalFailure"),
        Problem.UNAVAILABLE: (503, "ServiceUnavailable"),
    },
    "ec2": {
        Problem.DENIED: (403, "UnauthorizedOperation"),
        Problem.THROTTLED: (503, "RequestLimitExceeded"),
        Problem.BAD_CREDENTIALS: (401, "AuthFailure"),
        Problem.EXPIRED: (400, "RequestExpired"),
        Problem.INTERNAL: (500, "InternalError"),
        Problem.UNAVAILABLE: (503, "Unavailable"),
    },
}
_MESSAGES = {
    Problem.DENIED: "The caller is not authorized to perform this operation.",
    Problem.THROTTLED: "Too Many Requests",
    Problem.BAD_CREDENTIALS: "The security token included in the request is invalid.",
    Problem.EXPIRED: "The security token included in the request is expired",
    Problem.INTERNAL: "The request processing has failed because of an unknown error.",
    Problem.UNAVAILABLE: "The service is unavailable, please try again shortly.",
}


def aws_error(
    service: str, problem: Problem, message: str | None = None, *, retry_after: int | None = None
) -> AwsError:
    """Return the error by which ``service`` reports ``problem``; ``retry_after`` is in seconds."""
    status, code = _CODES[service][problem]
    return AwsError(status, code, message or _MESSAGES[problem], retry_after=retry_after)


def not_simulated(what: str) -> AwsError:
    """Return the refusal (501) of a call, or a parameter, that the simulated AWS does not know."""
    return AwsError(501, "NotImplemented", f"The simulated AWS does not know {what}.")


def content_type(service: str) -> str:
    """Return the content type in which a service answers."""
    if service in REST_JSON:
        return "application/json"
    return "application/x-amz-json-1.1" if service in JSON else "text/xml;charset=UTF-8"


def error_body(service: str, error: AwsError, request_id: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Return an error's body and the headers that go with it, in the format of the service."""
    headers = [] if error.retry_after is None else [("Retry-After", str(error.retry_after))]
    if service in REST_JSON:
        headers.append(("x-amzn-ErrorType", error.code))
        return orjson.dumps({"message": error.message}), headers
    if service in JSON:
        return orjson.dumps({"__type": error.code, "message": error.message}), headers
    code, message = escape(error.code), escape(error.message)
    if service == "ec2":
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
            f"<Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    else:
        side = "Sender" if error.status < 500 else "Receiver"
        text = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return text.encode(), headers
