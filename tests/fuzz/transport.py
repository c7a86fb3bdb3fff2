"""The simulated AWS behind the SDK's HTTP layer: real boto3, no sockets, and answers that a test spoils."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from simulated_aws import Estate, Faults
from simulated_aws.http.http11 import Request
from simulated_aws.service import Service

#: More requests than any reading of the small estate needs: beyond, it runs in circles.
MOST_REQUESTS = 300


@dataclass(frozen=True)
class Call:
    """What was asked."""

    operation: str
    resource_id: str | None
    page: int | None


@dataclass
class Answer:
    """What is answered; a test may change it."""

    status: int
    headers: dict[str, str]
    body: bytes


Spoil = Callable[[Call, Answer], None]


@dataclass
class Wire:
    """Answers requests from the estate; ``spoil`` sees every answer on its way."""

    estate: Estate
    spoil: Spoil | None = None
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = Service(self.estate, Faults(), quota=False, latency_ms=0, retry_after=None)

    def fresh(self, spoil: Spoil | None = None) -> None:
        """Begin a new reading."""
        self.spoil = spoil
        self.calls.clear()

    def send(self, _session: Any, request: Any) -> AWSResponse:
        """Stand in for ``URLLib3Session.send``."""
        assert len(self.calls) < MOST_REQUESTS, "the reading runs in circles"
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {name.lower().encode(): _bytes(value) for name, value in request.headers.items()}
        body = b"" if request.body is None else _bytes(request.body)
        data = self.service.handle(Request(request.method, target, headers, body)).data
        entry = self.service.log.entries()[-1]
        self.service.log.clear()
        call = Call(entry.operation, entry.resource_id, entry.page)
        self.calls.append(call)
        answer = _parsed(data)
        if self.spoil is not None:
            self.spoil(call, answer)
        response = AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))
        assert response.content == answer.body
        return response


class _Raw:
    """The part of urllib3's response that botocore uses."""

    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)

    def stream(self) -> Iterator[bytes]:
        yield self._body.getvalue()

    def read(self, amount: int | None = None) -> bytes:
        return self._body.read(amount)

    def close(self) -> None:
        self._body.close()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(status.split(" ")[1]), headers, body)


def connect(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request of the SDK go to the wire."""

    def send(session: Any, request: Any) -> AWSResponse:
        return wire.send(session, request)

    monkeypatch.setattr(URLLib3Session, "send", send)
