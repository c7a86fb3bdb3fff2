"""Reading API Gateway V2: each function asks one question and returns the whole answer or raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cmdb.snapshot import Item
from collectors import http_items
from collectors.answers import bodies_of
from collectors.apigateway import Listing, distinct
from collectors.calls import Caller
from collectors.errors import malformed
from collectors.paging import HTTP, pages
from collectors.values import Hasher

SERVICE = HTTP.service


def get_apis(caller: Caller, hasher: Hasher) -> Listing:
    """Return all HTTP and WebSocket APIs."""
    return _listing(caller, "GetApis", {}, lambda record: http_items.api(record, hasher))


def get_stages(caller: Caller, hasher: Hasher, api_id: str) -> Listing:
    """Return all stages of an API."""
    return _listing(
        caller, "GetStages", {"ApiId": api_id}, lambda record: http_items.stage(api_id, record, hasher)
    )


def get_routes(caller: Caller, api_id: str) -> Listing:
    """Return all routes of an API, as one item."""
    answers = _pages(caller, "GetRoutes", {"ApiId": api_id})
    return Listing([http_items.routes(api_id, _records(answers))], bodies_of(answers))


def get_integrations(caller: Caller, api_id: str) -> Listing:
    """Return all integrations of an API, as one item."""
    answers = _pages(caller, "GetIntegrations", {"ApiId": api_id})
    return Listing([http_items.integrations(api_id, _records(answers))], bodies_of(answers))


def get_stage(caller: Caller, hasher: Hasher, api_id: str, stage_name: str) -> Item | None:
    """Return one stage as it is now, or None when AWS says that there is none."""
    operation = "GetStage"
    parameters = {"ApiId": api_id, "StageName": stage_name}
    answer = caller.look_up(SERVICE, operation, parameters, expect="StageName")
    if answer is None:
        return None
    stage = http_items.stage(api_id, answer, hasher, operation)
    if stage.key != stage_name:
        raise malformed(operation, "it is another stage than the requested one")
    return stage


def api_is_gone(caller: Caller, api_id: str) -> bool:
    """Return whether an API no longer exists: a look at itself ends in NotFound."""
    return caller.look_up(SERVICE, "GetApi", {"ApiId": api_id}, expect="ApiId") is None


def _listing(
    caller: Caller, operation: str, parameters: dict[str, Any], item: Callable[[Any], Item]
) -> Listing:
    answers = _pages(caller, operation, parameters)
    return Listing(distinct(operation, [item(record) for record in _records(answers)]), bodies_of(answers))


def _pages(caller: Caller, operation: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pages(caller, HTTP, operation, parameters))


def _records(answers: list[dict[str, Any]]) -> list[Any]:
    return [record for answer in answers for record in answer[HTTP.items]]
