"""Reading what a stage serves: the export of its deployment, streamed and bounded.

GetExport (API Gateway REST API reference) "exports a deployed version of a RestApi": the deployment that the
stage has at that moment, never its canary's. The answer names no deployment, so that whose definition it is
follows from the stage's deployment before and after, and from nothing else.
"""

from __future__ import annotations

import json
import time
from typing import Any

import orjson

from cmdb.snapshot import Failure, FailureKind
from collectors.apigateway import SERVICE
from collectors.calls import Caller
from collectors.definitions import Method, of_export
from collectors.errors import ReadFailure, malformed

OPERATION = "GetExport"
#: Bytes that an export may have; a REST API of the greatest size that AWS allows stays far below.
LARGEST = 16 * 1024 * 1024
#: Seconds that a body may take to arrive, however steadily it does.
_LONGEST = 120.0
_CHUNK = 64 * 1024


def get_export(caller: Caller, rest_api_id: str, stage_name: str) -> list[Method]:
    """Return the methods of the deployment that a stage serves. Raises ``ReadFailure``."""
    parameters = {
        "restApiId": rest_api_id,
        "stageName": stage_name,
        "exportType": "oas30",
        "accepts": "application/json",
        "parameters": {"extensions": "apigateway"},
    }
    return of_export(caller.call(SERVICE, OPERATION, parameters, expect="paths", read=read_document))


def read_document(answer: Any) -> Any:
    """Return the JSON document that an answer streams, and close it. Raises what the SDK and parsers raise."""
    body = answer["body"]
    parts: list[bytes] = []
    size = 0
    began = time.monotonic()
    try:
        while part := body.read(_CHUNK):
            size += len(part)
            if size > LARGEST:
                raise malformed(OPERATION, f"it is longer than {LARGEST // 1024**2} MiB")
            if time.monotonic() - began > _LONGEST:
                raise ReadFailure(
                    Failure(FailureKind.UNREACHABLE, OPERATION, f"{OPERATION} was not answered in time.")
                )
            parts.append(part)
    finally:
        body.close()
    return _parsed(b"".join(parts))


def _parsed(body: bytes) -> Any:
    """Return the document that a body holds; one of two values under the same name would be passed over."""
    document = orjson.loads(body)
    json.loads(body, object_pairs_hook=_each_once)
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise malformed(OPERATION, "an object has a name twice")
