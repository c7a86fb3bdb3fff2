"""boto3 by itself, in a process of its own: ``python -m benchmarks.plain_boto3 WHAT REGIONS CALLS``.

``stages``: GetStages ``CALLS`` times on one ready client in one thread, the floor of collecting.
``listings``: GetRestApis and GetClientCertificates in turn, ``CALLS`` in all, on ready clients, one a region.
``script``: what a user would write in thirty lines: region after region, one request at a time.
Prints one line of JSON: wall and CPU seconds of the calls alone, and how many there were.
"""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import cycle
from typing import Any

import boto3


def stages(clients: list[Any], calls: int) -> int:
    """Ask for stages of the APIs of the first region."""
    ids = [api["id"] for page in _pages(clients[0], "get_rest_apis") for api in page["items"]]
    began, busy = time.perf_counter(), time.process_time()
    for number in range(calls):
        clients[0].get_stages(restApiId=ids[number % len(ids)])
    return _tell(began, busy, calls)


def listings(clients: list[Any], calls: int) -> int:
    """List APIs and certificates, on one client after the other."""
    began, busy = time.perf_counter(), time.process_time()
    for _, client in zip(range(calls // 2), cycle(clients), strict=False):
        client.get_rest_apis(limit=500)
        client.get_client_certificates(limit=500)
    return _tell(began, busy, calls // 2 * 2)


def script(clients: list[Any], _: int) -> int:
    """Find stages without a certificate, the plain way."""
    calls, found = 0, []
    began, busy = time.perf_counter(), time.process_time()
    for client in clients:
        certificates = {
            certificate["clientCertificateId"]
            for page in _pages(client, "get_client_certificates")
            for certificate in page["items"]
        }
        calls += 1
        for page in _pages(client, "get_rest_apis"):
            calls += 1
            for api in page["items"]:
                calls += 1
                for stage in client.get_stages(restApiId=api["id"])["item"]:
                    if stage.get("clientCertificateId") not in certificates:
                        found.append((api["id"], stage["stageName"]))
    return _tell(began, busy, calls)


def _pages(client: Any, operation: str) -> Any:
    return client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 500})


def _tell(began: float, busy: float, calls: int) -> int:
    told = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - busy, "calls": calls}
    sys.stdout.write(json.dumps(told) + os.linesep)
    return 0


if __name__ == "__main__":
    ready = [boto3.client("apigateway", region_name=region) for region in sys.argv[2].split(",")]
    raise SystemExit(
        {"stages": stages, "listings": listings, "script": script}[sys.argv[1]](ready, int(sys.argv[3]))
    )
