"""HTTP/1.1 over asyncio, no more than AWS SDKs use, and less well-behaved on demand.

A protocol of our own instead of a web framework, for two reasons: faults need the bare connection (a body
that stops in the middle, a reset, silence), and the simulated AWS must cost far less than the client that
is measured against it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

_MOST_HEAD = 64 * 1024
_MOST_BODY = 1024 * 1024


class Request(NamedTuple):
    """A whole request; header names are lower case."""

    method: str
    target: str
    headers: dict[bytes, bytes]
    body: bytes


class Ending(Enum):
    """What happens to the connection once ``data`` of a reply is written."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"


class Reply(NamedTuple):
    """Bytes to write ``delay`` seconds from now, and what follows."""

    data: bytes
    ending: Ending = Ending.KEEP
    delay: float = 0.0


class BadRequestError(Exception):
    """The bytes received are not a request that is understood; ``status`` is the answer's status line."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


Handler = Callable[[Request], Reply]


def parse_request(buffer: bytearray) -> Request | None:
    """Take the first whole request off ``buffer``; ``None`` while there is none.

    :raises BadRequestError: when what is there can never become one.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > _MOST_HEAD:
            raise BadRequestError("431 Request Header Fields Too Large")
        return None
    lines = bytes(buffer[:end]).split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or words[2] != b"HTTP/1.1":
        raise BadRequestError("400 Bad Request")
    headers: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name[-1:].isspace():
            raise BadRequestError("400 Bad Request")
        headers[name.lower()] = value.strip()
    if b"transfer-encoding" in headers:
        raise BadRequestError("501 Not Implemented")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise BadRequestError("400 Bad Request")
    size = int(length)
    if size > _MOST_BODY:
        raise BadRequestError("413 Content Too Large")
    start = end + 4
    if len(buffer) < start + size:
        return None
    body = bytes(buffer[start : start + size])
    del buffer[: start + size]
    return Request(words[0].decode("latin-1"), words[1].decode("latin-1"), headers, body)


class HttpConnection(asyncio.Protocol):
    """One client connection: answers its requests one after the other."""

    def __init__(self, handler: Handler, connections: set[HttpConnection]) -> None:
        self._handler = handler
        self._connections = connections
        self._buffer = bytearray()
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection, so that the server can end it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server makes
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection and whatever was to be sent."""
        self._transport = None
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until they make a request."""
        self._buffer += data
        if not self._busy:
            self._next()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        while not self._busy and self._transport is not None and self._buffer:
            try:
                request = parse_request(self._buffer)
            except BadRequestError as error:
                refusal = f"HTTP/1.1 {error.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                self._finish(Reply(refusal.encode(), Ending.CLOSE))
                return
            if request is None:
                return
            reply = self._handler(request)
            self._busy = True
            if reply.delay > 0:
                self._timer = asyncio.get_running_loop().call_later(reply.delay, self._finish_later, reply)
                return
            self._finish(reply)

    def _finish_later(self, reply: Reply) -> None:
        self._timer = None
        self._finish(reply)
        self._next()

    def _finish(self, reply: Reply) -> None:
        transport = self._transport
        if transport is None:
            return
        if reply.data:
            transport.write(reply.data)
        if reply.ending is Ending.KEEP:
            self._busy = False
        elif reply.ending is Ending.CLOSE:
            self._busy = True
            transport.close()
        elif reply.ending is Ending.RESET:
            # With no time to linger, closing sends RST instead of FIN.
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
