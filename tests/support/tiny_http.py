"""A server on the loopback interface that answers every request alike, and remembers the paths asked for."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class TinyServer:
    """Where it listens, and what it was asked."""

    port: int
    paths: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address without TLS."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def answering(
    status: int = 200,
    body: bytes = b"{}",
    *,
    headers: dict[str, str] | None = None,
    silent_seconds: float = 0.0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[TinyServer]:
    """Serve this answer to every request, after a silence, while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            made.paths.append(self.path)
            length = int(self.headers.get("content-length") or 0)
            self.rfile.read(length)
            time.sleep(silent_seconds)
            try:
                self.send_response_only(status)
                for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked has gone

        do_GET = do_PUT = do_POST = do_CONNECT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = TinyServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
