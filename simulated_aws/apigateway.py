"""API Gateway's control plane: the six read calls on REST APIs, stages, resources and certificates.

Paths, parameters and limits: API Gateway REST API reference, "GetRestApis" and its neighbours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from simulated_aws.calls import Answer, Route, decode_position, encode_position, refuse_unknown
from simulated_aws.errors import AwsError, not_simulated
from simulated_aws.model import RestApi
from simulated_aws.region import AccountRegion

DEFAULT_LIMIT = 25
MOST = 500

_PAGED = ("limit", "position")
_PARAMETERS = {
    "GetRestApis": _PAGED,
    "GetRestApi": (),
    "GetStages": ("deploymentId",),
    "GetResources": (*_PAGED, "embed"),
    "GetClientCertificates": _PAGED,
    "GetClientCertificate": (),
}
_SHAPES = {
    ("restapis",): "GetRestApis",
    ("restapis", ""): "GetRestApi",
    ("restapis", "", "stages"): "GetStages",
    ("restapis", "", "resources"): "GetResources",
    ("clientcertificates",): "GetClientCertificates",
    ("clientcertificates", ""): "GetClientCertificate",
}


@lru_cache(maxsize=65536)
def read_route(method: str, target: str) -> Route:
    """Recognise a request by its method and target (path and query).

    :raises AwsError: 501 for any call that is not simulated, 400 for a bad limit or position.
    """
    path, _, query = target.partition("?")
    parts = path.strip("/").split("/")
    shape = tuple("" if at == 1 else part for at, part in enumerate(parts))
    operation = _SHAPES.get(shape)
    resource_id = unquote(parts[1]) if len(parts) > 1 else None
    if method != "GET" or operation is None or resource_id == "":
        raise not_simulated(f"{method} {path} of apigateway")
    given: dict[str, Any] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in given:
            raise not_simulated(f"repeated parameter {key!r} of apigateway {operation}")
        given[key] = value
    refuse_unknown("apigateway", operation, given, _PARAMETERS[operation])
    page = _read_paging(given) if "limit" in _PARAMETERS[operation] else None
    if given.get("embed", "methods") != "methods":
        raise not_simulated(f"embed={given['embed']} of apigateway {operation}")
    resource = f"arn:{{partition}}:apigateway:{{region}}::/{'/'.join(parts)}"
    return Route(operation, given, resource_id, f"apigateway:{method}", resource, page)


def answer(route: Route, place: AccountRegion, page_limit: int | None = None) -> Answer:
    """Answer a recognised call from what an account-region holds, at most ``page_limit`` items a page."""
    if page_limit is not None and route.parameters.get("limit", 0) > page_limit:
        route = replace(route, parameters={**route.parameters, "limit": page_limit})
    return _ANSWERS[route.operation](route, place)


def _read_paging(given: dict[str, Any]) -> int:
    try:
        given["limit"] = int(given.get("limit", DEFAULT_LIMIT))
    except ValueError:
        raise AwsError(400, "BadRequestException", "Invalid limit parameter specified") from None
    if not 1 <= given["limit"] <= MOST:
        raise AwsError(400, "BadRequestException", f"Invalid limit parameter: 1 to {MOST} are possible")
    try:
        page, given["after"] = decode_position(given.get("position"))
    except ValueError:
        raise AwsError(400, "BadRequestException", "Invalid position parameter specified") from None
    return page


def _listing(route: Route, items: Mapping[str, Any], wire: Callable[[Any], dict[str, Any]]) -> Answer:
    keys = sorted(items)
    first = bisect_right(keys, route.parameters["after"]) if route.parameters["after"] else 0
    shown = keys[first : first + route.parameters["limit"]]
    body: dict[str, Any] = {"item": [wire(items[key]) for key in shown]}
    is_last = first + len(shown) >= len(keys)
    if not is_last:
        body["position"] = encode_position((route.page or 1) + 1, shown[-1])
    return Answer(orjson.dumps(body), is_last)


def _api(route: Route, place: AccountRegion) -> RestApi:
    found = place.apis.get(route.resource_id or "")
    if found is None:
        message = f"Invalid API identifier specified {place.account_id}:{route.resource_id}"
        raise AwsError(404, "NotFoundException", message)
    return found


def _rest_apis(route: Route, place: AccountRegion) -> Answer:
    return _listing(route, place.apis, RestApi.wire)


def _rest_api(route: Route, place: AccountRegion) -> Answer:
    return Answer(orjson.dumps(_api(route, place).wire()))


def _stages(route: Route, place: AccountRegion) -> Answer:
    deployment = route.parameters.get("deploymentId")
    stages = _api(route, place).stages.values()
    shown = [each.wire() for each in stages if deployment in {None, each.deployment_id}]
    return Answer(orjson.dumps({"item": shown}))


def _resources(route: Route, place: AccountRegion) -> Answer:
    embed = "embed" in route.parameters
    return _listing(route, _api(route, place).resources, lambda each: each.wire(embed_methods=embed))


def _client_certificates(route: Route, place: AccountRegion) -> Answer:
    return _listing(route, place.certificates, lambda each: each.wire())


def _client_certificate(route: Route, place: AccountRegion) -> Answer:
    found = place.certificates.get(route.resource_id or "")
    if found is None:
        raise AwsError(404, "NotFoundException", "Invalid Client Certificate identifier specified")
    return Answer(orjson.dumps(found.wire()))


_ANSWERS: dict[str, Callable[[Route, AccountRegion], Answer]] = {
    "GetRestApis": _rest_apis,
    "GetRestApi": _rest_api,
    "GetStages": _stages,
    "GetResources": _resources,
    "GetClientCertificates": _client_certificates,
    "GetClientCertificate": _client_certificate,
}
