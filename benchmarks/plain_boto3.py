"""boto3 by itself, in a process of its own: ``python -m benchmarks.plain_boto3 WHAT REGIONS CALLS``.

``stages``: GetStages ``CALLS`` times on one ready client in one thread, the floor of collecting.
``organization``: as often as ``CALLS`` (JSON: operation to number) says what reading an organization asks, on
ready clients, one a region, in one thread.
``script``: what a user would write in thirty lines: region after region, one request at a time.
Prints one line of JSON: wall and CPU seconds of the calls alone, and how many there were.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import boto3

from simulated_aws.estate import DEFAULT_ROLE


def stages(clients: list[Any], calls: int) -> int:
    """Ask for stages of the APIs of the first region."""
    ids = [api["id"] for page in _pages(clients[0], "get_rest_apis") for api in page["items"]]
    began, busy = time.perf_counter(), time.process_time()
    for number in range(calls):
        clients[0].get_stages(restApiId=ids[number % len(ids)])
    return _tell(began, busy, calls)


def organization(clients: list[Any], numbers: dict[str, int]) -> int:
    """Make the calls of an organization's collection, listings on one region's client after the other."""
    sts, ec2, organizations = (boto3.client(name) for name in ("sts", "ec2", "organizations"))
    members = [account["Id"] for account in organizations.list_accounts()["Accounts"]]
    role = {"RoleArn": f"arn:aws:iam::{members[-1]}:role/{DEFAULT_ROLE}", "RoleSessionName": "plain"}
    used, rest_api_id = _in_use(sts, clients, members)
    around = cycle(clients)
    calls: dict[str, Callable[[], Any]] = {
        "GetCallerIdentity": sts.get_caller_identity,
        "AssumeRole": lambda: sts.assume_role(**role),
        "DescribeRegions": ec2.describe_regions,
        "ListAccounts": organizations.list_accounts,
        "GetRestApis": lambda: next(around).get_rest_apis(limit=500),
        "GetClientCertificates": lambda: next(around).get_client_certificates(limit=500),
        "GetStages": lambda: used.get_stages(restApiId=rest_api_id),
    }
    for call in calls.values():
        call()
    began, busy = time.perf_counter(), time.process_time()
    for operation, number in numbers.items():
        for _ in range(number):
            calls[operation]()
    return _tell(began, busy, sum(numbers.values()))


def _in_use(sts: Any, clients: list[Any], members: list[str]) -> tuple[Any, str]:
    """Return a client that may see a REST API, and the API."""
    for member in members:
        role = f"arn:aws:iam::{member}:role/{DEFAULT_ROLE}"
        given = sts.assume_role(RoleArn=role, RoleSessionName="plain")["Credentials"]
        for client in clients:
            own = boto3.client(
                "apigateway",
                region_name=client.meta.region_name,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
            for api in own.get_rest_apis(limit=1)["items"]:
                return own, api["id"]
    raise SystemExit("No account has a REST API.")


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
        {"stages": stages, "organization": organization, "script": script}[sys.argv[1]](
            ready, json.loads(sys.argv[3])
        )
    )
