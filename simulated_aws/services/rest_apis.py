"""API Gateway's control plane: reading REST APIs, stages, deployments, drafts, exports and certificates.

Paths, parameters and limits: API Gateway REST API reference, "GetRestApis" and its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson

from simulated_aws.estate import AccountRegion
from simulated_aws.estate.rest_apis import RestApi, Stage
from simulated_aws.regions import DNS_SUFFIX
from simulated_aws.services.calls import Answer, Route
from simulated_aws.services.errors import AwsError, not_simulated
from simulated_aws.services.export import document
from simulated_aws.services.listings import listing, not_found
from simulated_aws.services.routing import Shape

SHAPES = (
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
)


def export_route(route: Route, accept: str) -> Route:
    """Return the route of an export in the format of the Accept header.

    :raises AwsError: 501 for any but an OpenAPI 3.0 document in JSON with API Gateway's extensions.
    """
    given = route.parameters
    if given["kind"] != "oas30":
        raise not_simulated(f"export type {given['kind']!r} of apigateway GetExport")
    if accept not in {"", "*/*", "application/json"}:
        raise not_simulated(f"Accept: {accept} of apigateway GetExport")
    if given.get("extensions") != "apigateway":
        wanted = given.get("extensions", "no extensions")
        raise not_simulated(f"{wanted!r} of apigateway GetExport, only extensions=apigateway")
    return replace(route, parameters={**given, "accept": accept})


def _api(route: Route, place: AccountRegion) -> RestApi:
    found = place.apis.get(route.resource_id or "")
    if found is None:
        raise not_found(f"Invalid API identifier specified {place.account_id}:{route.resource_id}")
    return found


def _one_stage(route: Route, api: RestApi) -> Stage:
    found = api.stages.get(route.part_id or "")
    if found is None:
        raise not_found("Invalid stage identifier specified")
    return found


def _rest_apis(route: Route, place: AccountRegion) -> Answer:
    return listing(route, place.apis, RestApi.wire)


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
    return listing(route, _api(route, place).deployments, lambda each: each.wire())


def _deployment(route: Route, place: AccountRegion) -> Answer:
    found = _api(route, place).deployments.get(route.part_id or "")
    if found is None:
        raise not_found("Invalid Deployment identifier specified")
    return Answer(orjson.dumps(found.wire(embed_summary="embed" in route.parameters)))


def _resources(route: Route, place: AccountRegion) -> Answer:
    embed = "embed" in route.parameters
    return listing(route, _api(route, place).resources, lambda each: each.wire(embed_methods=embed))


def _client_certificates(route: Route, place: AccountRegion) -> Answer:
    return listing(route, place.certificates, lambda each: each.wire())


def _client_certificate(route: Route, place: AccountRegion) -> Answer:
    found = place.certificates.get(route.resource_id or "")
    if found is None:
        raise not_found("Invalid Client Certificate identifier specified")
    return Answer(orjson.dumps(found.wire()))


ANSWERS: dict[str, Callable[[Route, AccountRegion], Answer]] = {
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
