"""A PostgreSQL that says it is of another version: a proxy before a real server, on the wire protocol.

Whatever a client asks, the real server answers; only what it tells of its version is replaced: the parameter
``server_version`` at the start of each connection, and the answers to ``SHOW server_version``,
``SHOW server_version_num`` and ``SELECT version()``.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import make_url

_HEADER = struct.Struct("!cI")
#: Types of messages: ParameterStatus, RowDescription, DataRow.
_PARAMETER, _COLUMNS, _ROW = b"S", b"T", b"D"


@contextmanager
def claiming(version: tuple[int, int], url: str, folder: Path) -> Iterator[str]:
    """Give the URL of the same database, behind a server that claims to be ``version``.

    ``url`` names a Unix socket; ``folder`` is where the proxy's own lies.
    """
    real = make_url(url)
    behind = str(Path(str(real.query["host"])) / f".s.PGSQL.{real.query.get('port', real.port or 5432)}")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / ".s.PGSQL.5432"))
        door.listen()
        threading.Thread(target=_admit, args=(door, behind, version), daemon=True).start()
        try:
            yield real.set(query={"host": str(folder), "port": "5432"}).render_as_string(hide_password=False)
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _admit(door: socket.socket, behind: str, version: tuple[int, int]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = door.accept()
            threading.Thread(target=_serve, args=(client, behind, version), daemon=True).start()


def _serve(client: socket.socket, behind: str, version: tuple[int, int]) -> None:
    with client, socket.socket(socket.AF_UNIX) as server:
        server.connect(behind)
        asking = threading.Thread(target=_ask, args=(client, server), daemon=True)
        asking.start()
        with contextlib.suppress(OSError), server.makefile("rb") as answers:
            _answer(answers, client, version)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        asking.join()


def _ask(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while asked := client.recv(65_536):
            server.sendall(asked)
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)


def _answer(answers: BinaryIO, client: socket.socket, version: tuple[int, int]) -> None:
    """Pass the server's messages on, those that tell its version changed."""
    major, minor = version
    told = {
        b"server_version": f"{major}.{minor}".encode(),
        b"server_version_num": f"{major}{minor:04}".encode(),
        b"version": f"PostgreSQL {major}.{minor} on x86_64-pc-linux-gnu".encode(),
    }
    column = b""
    while header := answers.read(_HEADER.size):
        kind, length = _HEADER.unpack(header)
        body = answers.read(length - 4)
        if kind == _PARAMETER and body.startswith(b"server_version\0"):
            body = b"server_version\0" + told[b"server_version"] + b"\0"
        elif kind == _COLUMNS:
            # The name of the only column; of more than one, none tells a version here.
            column = body[2:].split(b"\0", 1)[0] if body[:2] == b"\0\1" else b""
        elif kind == _ROW and column in told:
            body = struct.pack("!hi", 1, len(told[column])) + told[column]
        client.sendall(_HEADER.pack(kind, len(body) + 4) + body)
