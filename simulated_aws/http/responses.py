"""From an answer to bytes on the wire, whole or damaged by a fault."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import count

import orjson

from simulated_aws.faults import LIST_KEYS, FaultKind, Rule
from simulated_aws.http.http11 import Ending, Reply
from simulated_aws.services.calls import Answer
from simulated_aws.services.errors import AwsError, Problem, aws_error, content_type, error_body

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_numbers = count(1)

_PROBLEMS = {
    FaultKind.DENIED: Problem.DENIED,
    FaultKind.THROTTLED: Problem.THROTTLED,
    FaultKind.EXPIRED_TOKEN: Problem.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of a service, not yet on the wire."""

    service: str
    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    request_id: str = ""
    content_type: str | None = None
    """``None``: that of the service."""

    def encode(self, *, declared_length: int | None = None) -> bytes:
        """Return the response's bytes; ``declared_length`` lets Content-Length lie."""
        length = len(self.body) if declared_length is None else declared_length
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        head = (
            f"HTTP/1.1 {self.status} {_REASONS[self.status]}\r\n"
            f"Content-Type: {self.content_type or content_type(self.service)}\r\n"
            f"x-amzn-RequestId: {self.request_id}\r\n{extra}Content-Length: {length}\r\n\r\n"
        )
        return head.encode("latin-1") + self.body


def success(service: str, answer: Answer) -> Response:
    """Return a 200 with an answer."""
    return Response(service, 200, answer.body, list(answer.headers), _request_id(), answer.content_type)


def failure(service: str, error: AwsError) -> Response:
    """Return an error as the service writes it."""
    request_id = _request_id()
    body, headers = error_body(service, error, request_id)
    return Response(service, error.status, body, headers, request_id)


def suffer(response: Response, rule: Rule, operation: str, delay: float) -> tuple[int, Reply]:
    """Return what is sent instead of ``response`` under a fault, and the HTTP status to log (0: none)."""
    kind = rule.kind
    if kind is FaultKind.TIMEOUT:
        return 0, Reply(b"", Ending.HANG, delay)
    if kind is FaultKind.CONNECTION_RESET:
        return 0, Reply(b"", Ending.RESET, delay)
    if kind is FaultKind.SLOW:
        return response.status, Reply(response.encode(), Ending.KEEP, delay + rule.seconds)
    if kind is FaultKind.CUT_OFF:
        whole = response.body
        sent = whole[: len(whole) // 2 if rule.after_bytes is None else rule.after_bytes]
        cut = replace(response, body=sent)
        if rule.honest_length:
            return response.status, Reply(cut.encode(), Ending.KEEP, delay)
        return response.status, Reply(cut.encode(declared_length=len(whole)), Ending.CLOSE, delay)
    damaged = _changed_answer(response, rule, operation)
    return damaged.status, Reply(damaged.encode(), Ending.KEEP, delay)


def _changed_answer(response: Response, rule: Rule, operation: str) -> Response:
    service, kind = response.service, rule.kind
    if kind in _PROBLEMS:
        return failure(service, aws_error(service, _PROBLEMS[kind], retry_after=rule.retry_after))
    if kind is FaultKind.SERVER_ERROR:
        problem = Problem.INTERNAL if rule.status == 500 else Problem.UNAVAILABLE
        return failure(service, aws_error(service, problem))
    return replace(response, body=_changed_body(response, rule, operation))


def _changed_body(response: Response, rule: Rule, operation: str) -> bytes:
    whole = response.body
    if rule.kind is FaultKind.HUGE_BODY:
        return whole.ljust(rule.size)
    if rule.kind is FaultKind.MALFORMED_JSON:
        return whole[: len(whole) // 2] + b"\x00<<garbled>>"
    if rule.kind is FaultKind.REPLACE_BODY:
        given = rule.body if rule.body is not None else b""
        return given(whole) if callable(given) else given
    # What is left concerns the list of a good answer; an error has none to lose.
    if response.status != 200:
        return whole
    content = orjson.loads(whole)
    if rule.kind is FaultKind.NULL_LIST:
        content[LIST_KEYS[operation]] = None
    else:
        del content[LIST_KEYS[operation]]
    return orjson.dumps(content)


def _request_id() -> str:
    return f"00000000-0000-4000-8000-{next(_numbers):012x}"
