"""The simulated AWS's own ceiling: ``python -m benchmarks.raw_http REGION CALLS CONNECTIONS``.

Sends GetStages requests that were signed beforehand over kept connections and reads no more of an answer than
where it ends, so that next to nothing but the server is measured. Prints one line of JSON: seconds and calls.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import time
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest


def signed(region: str) -> list[bytes]:
    """Return a whole request for the stages of each REST API of a region."""
    session = boto3.session.Session()
    client: Any = session.client("apigateway", region_name=region)
    endpoint = client.meta.endpoint_url
    signer = SigV4Auth(session.get_credentials(), "apigateway", region)
    requests = []
    for api in client.get_rest_apis(limit=100)["items"]:
        path = f"/restapis/{api['id']}/stages"
        request = AWSRequest("GET", endpoint + path, headers={"Accept": "application/json"})
        signer.add_auth(request)
        headers = {"Host": urlsplit(endpoint).netloc, **dict(request.headers.items())}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        requests.append(("\r\n".join(lines) + "\r\n\r\n").encode())
    return requests


def send(requests: list[bytes], calls: int, connections: int) -> float:
    """Send so many requests over so many connections, one at a time on each; return the seconds."""
    target = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    order = cycle(requests)
    begun = answered = 0
    waiting = selectors.DefaultSelector()
    for _ in range(connections):
        connection = socket.create_connection((target.hostname, target.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ, bytearray())
    began = time.perf_counter()
    for key in list(waiting.get_map().values()):
        key.fileobj.sendall(next(order))  # type: ignore[union-attr]
        begun += 1
    while answered < calls:
        for key, _ in waiting.select():
            held: bytearray = key.data
            connection = key.fileobj  # type: ignore[assignment]
            held += connection.recv(65536)
            if not _is_whole(held):
                continue
            held.clear()
            answered += 1
            if begun < calls:
                connection.sendall(next(order))
                begun += 1
    return time.perf_counter() - began


def _is_whole(held: bytearray) -> bool:
    end = held.find(b"\r\n\r\n")
    if end < 0:
        return False
    if not held.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"The simulated AWS refused: {bytes(held[:end]).decode()}")
    head = bytes(held[:end]).lower()
    at = head.index(b"content-length:") + len(b"content-length:")
    return len(held) >= end + 4 + int(head[at:].split(b"\r\n", 1)[0])


def main(region: str, calls: int, connections: int) -> None:
    """Measure and print."""
    seconds = send(signed(region), calls, connections)
    sys.stdout.write(json.dumps({"seconds": seconds, "calls": calls}) + os.linesep)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
