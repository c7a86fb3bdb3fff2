"""API Gateway V2's control plane: HTTP and WebSocket APIs, domain names, mappings and routing rules.

It shares its signing name, its quota and the names of some operations with API Gateway; here its operations
are named ``v2.GetStages`` and so on. Paths and parameters: botocore's model of API Gateway V2 (2018-11-29).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from simulated_aws.estate import AccountRegion
from simulated_aws.estate.domain_names import ApiMapping, DomainName, RoutingRule
from simulated_aws.estate.http_apis import HttpApi, HttpStage
from simulated_aws.services.account_settings import domain_name
from simulated_aws.services.calls import Answer, Route
from simulated_aws.services.listings import listing, not_found
from simulated_aws.services.routing import Paging, Shape

PAGING = Paging("maxResults", "nextToken", default=25, most=500)
"""AWS names no default; API Gateway's own is taken."""

SHAPES = (
    Shape("v2.GetApis", "/apis", paged=True),
    Shape("v2.GetApi", "/apis/*"),
    Shape("v2.GetStages", "/apis/*/stages", paged=True),
    Shape("v2.GetStage", "/apis/*/stages/*"),
    Shape("v2.GetRoutes", "/apis/*/routes", paged=True),
    Shape("v2.GetIntegrations", "/apis/*/integrations", paged=True),
    Shape("v2.GetDomainNames", "/domainnames", paged=True),
    Shape("v2.GetApiMappings", "/domainnames/*/apimappings", paged=True),
    Shape("v2.ListRoutingRules", "/domainnames/*/routingrules", ["domainNameId"], paged=True, most=100),
)


def _page(
    route: Route, items: Mapping[str, Any], wire: Callable[[Any], dict[str, Any]], key: str = "items"
) -> Answer:
    return listing(route, items, wire, key=key, next_page="nextToken")


def _api(route: Route, place: AccountRegion) -> HttpApi:
    found = place.http_apis.get(route.resource_id or "")
    if found is None:
        raise not_found(f"Invalid API identifier specified {place.account_id}:{route.resource_id}")
    return found


def _apis(route: Route, place: AccountRegion) -> Answer:
    return _page(route, place.http_apis, HttpApi.wire)


def _one_api(route: Route, place: AccountRegion) -> Answer:
    return Answer(orjson.dumps(_api(route, place).wire()))


def _stages(route: Route, place: AccountRegion) -> Answer:
    return _page(route, _api(route, place).stages, HttpStage.wire)


def _stage(route: Route, place: AccountRegion) -> Answer:
    found = _api(route, place).stages.get(route.part_id or "")
    if found is None:
        raise not_found("Invalid stage identifier specified")
    return Answer(orjson.dumps(found.wire()))


def _routes(route: Route, place: AccountRegion) -> Answer:
    return _page(route, _api(route, place).routes, dict)


def _integrations(route: Route, place: AccountRegion) -> Answer:
    return _page(route, _api(route, place).integrations, dict)


def _domain_names(route: Route, place: AccountRegion) -> Answer:
    # The model has no private endpoint type: private domain names are for REST APIs only.
    public = {key: each for key, each in place.domain_names.items() if each.id is None}
    return _page(route, public, DomainName.v2_wire)


def _api_mappings(route: Route, place: AccountRegion) -> Answer:
    return _page(route, domain_name(route, place).mappings, ApiMapping.v2_wire)


def _routing_rules(route: Route, place: AccountRegion) -> Answer:
    domain = domain_name(route, place)
    owner = f"arn:{place.partition}:apigateway:{place.region}:{place.account_id}:"
    arn = f"{owner}/domainnames/{domain.key}"
    ordered = {f"{each.priority:07d}": each for each in domain.rules.values()}

    def wire(rule: RoutingRule) -> dict[str, Any]:
        return rule.wire(arn)

    return _page(route, ordered, wire, "routingRules")


ANSWERS: dict[str, Callable[[Route, AccountRegion], Answer]] = {
    "v2.GetApis": _apis,
    "v2.GetApi": _one_api,
    "v2.GetStages": _stages,
    "v2.GetStage": _stage,
    "v2.GetRoutes": _routes,
    "v2.GetIntegrations": _integrations,
    "v2.GetDomainNames": _domain_names,
    "v2.GetApiMappings": _api_mappings,
    "v2.ListRoutingRules": _routing_rules,
}
