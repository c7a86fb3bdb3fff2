"""API Gateway's control plane: reading REST APIs, stages, deployments, drafts, exports and certificates.

Paths, parameters and limits: API Gateway REST API reference, "GetRestApis" and its neighbours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from simulated_aws.estate import AccountRegion
from simulated_aws.estate.rest_apis import RestApi, Stage
from simulated_aws.regions import DNS_SUFFIX
from simulated_aws.services.calls import Answer, Route, encode_position
from simulated_aws.services.errors import AwsError, not_simulated
from simulated_aws.services.export import document
from simulated_aws.services.routing import Paging, Router, Shape, smaller_pages

_ROUTER = Router(
    [
        Shape("GetRestApis", "/restapis", paged=True),
        Shape("GetRestApi", "/restapis/*"),
        Shape("GetStages", "/restapis/*/stages", ["deploymentId"]),
        Shape("GetStage", "/restapis/*/stages/*"),
        Shape("GetExport", "/restapis/*/stages/*/exports/*", ["extensions"]),
        Shape("GetDeployments", "/restapis/*/deployments", paged=True),
        Shape("GetDeployment", "/restapis/*/deployments/*", embeds="apisummary"),
        Shape("GetResources", "/restapis/*/resources", paged=True, embeds="methods"),
        Shape("GetClientCertificates", "/clientcertificates", paged=True),
        Shape("GetClientCertificate", "/clientcertificates/*"),
    ],
    Paging("limit", "position", default=25, most=500),
)


@lru_cache(maxsize=65536)
def read_route(method: str, target: str, accept: str) -> Route:
    """Recognise a request by its method, its target (path and query) and its Accept header.

    :raises AwsError: 501 for any call that is not simulated, 400 for a bad limit or position.
    """
    route = _ROUTER.read(method, target)
    if route.operation == "GetExport":
        _check_export(route.parameters, accept)
        parameters = {**route.parameters, "accept": accept}
        return replace(route, parameters=parameters)
    return route


def answer(route: Route, place: AccountRegion, page_limit: int | None = None) -> Answer:
    """Answer a recognised call from what an account-region holds, at most ``page_limit`` items a page."""
    route = replace(route, parameters=smaller_pages(route.parameters, page_limit))
    return _ANSWERS[route.operation](route, place)


def _check_export(given: Mapping[str, Any], accept: str) -> None:
    if given["kind"] != "oas30":
        raise not_simulated(f"export type {given['kind']!r} of apigateway GetExport")
    if accept not in {"", "*/*", "application/json"}:
        raise not_simulated(f"Accept: {accept} of apigateway GetExport")
    if given.get("extensions") != "apigateway":
        wanted = given.get("extensions", "no extensions")
        raise not_simulated(f"{wanted!r} of apigateway GetExport, only extensions=apigateway")


def _listing(route: Route, items: Mapping[str, Any], wire: Callable[[Any], dict[str, Any]]) -> Answer:
    keys = sorted(items)
    first = bisect_right(keys, route.parameters["after"]) if route.parameters["after"] else 0
    shown = keys[first : first + route.parameters["limit"]]
    body: dict[str, Any] = {"item": [wire(items[key]) for key in shown]}
    is_last = first + len(shown) >= len(keys)
    if not is_last:
        body["position"] = encode_position((route.page or 1) + 1, shown[-1])
    return Answer(orjson.dumps(body), is_last)


def _not_found(message: str) -> AwsError:
    return AwsError(404, "NotFoundException", message)


def _api(route: Route, place: AccountRegion) -> RestApi:
    found = place.apis.get(route.resource_id or "")
    if found is None:
        raise _not_found(f"Invalid API identifier specified {place.account_id}:{route.resource_id}")
    return found


def _one_stage(route: Route, api: RestApi) -> Stage:
    found = api.stages.get(route.part_id or "")
    if found is None:
        raise _not_found("Invalid stage identifier specified")
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


def _stage(route: Route, place: AccountRegion) -> Answer:
    return Answer(orjson.dumps(_one_stage(route, _api(route, place)).wire()))


def _export(route: Route, place: AccountRegion) -> Answer:
    api = _api(route, place)
    stage = _one_stage(route, api)
    if not api.served(stage.name).can_be_exported:
        message = "Unable to export the API: JSON body models are not found"
        raise AwsError(400, "BadRequestException", message)
    made_at = api.deployments[stage.deployment_id].created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body = document(api, stage, place.region, DNS_SUFFIX[place.partition], place.export_dice())
    headers = (("Content-Disposition", f'attachment; filename="oas30_{made_at}.json"'),)
    kind = "application/octet-stream" if route.parameters["accept"] in {"", "*/*"} else "application/json"
    return Answer(orjson.dumps(body), headers=headers, content_type=kind, once=True)


def _deployments(route: Route, place: AccountRegion) -> Answer:
    return _listing(route, _api(route, place).deployments, lambda each: each.wire())


def _deployment(route: Route, place: AccountRegion) -> Answer:
    found = _api(route, place).deployments.get(route.part_id or "")
    if found is None:
        raise _not_found("Invalid Deployment identifier specified")
    return Answer(orjson.dumps(found.wire(embed_summary="embed" in route.parameters)))


def _resources(route: Route, place: AccountRegion) -> Answer:
    embed = "embed" in route.parameters
    return _listing(route, _api(route, place).resources, lambda each: each.wire(embed_methods=embed))


def _client_certificates(route: Route, place: AccountRegion) -> Answer:
    return _listing(route, place.certificates, lambda each: each.wire())


def _client_certificate(route: Route, place: AccountRegion) -> Answer:
    found = place.certificates.get(route.resource_id or "")
    if found is None:
        raise _not_found("Invalid Client Certificate identifier specified")
    return Answer(orjson.dumps(found.wire()))


_ANSWERS: dict[str, Callable[[Route, AccountRegion], Answer]] = {
    "GetRestApis": _rest_apis,
    "GetRestApi": _rest_api,
    "GetStages": _stages,
    "GetStage": _stage,
    "GetExport": _export,
    "GetDeployments": _deployments,
    "GetDeployment": _deployment,
    "GetResources": _resources,
    "GetClientCertificates": _client_certificates,
    "GetClientCertificate": _client_certificate,
}
