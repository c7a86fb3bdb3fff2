"""API Gateway's control plane: domain names, their mappings, account settings and usage plans.

Paths, parameters and limits: API Gateway REST API reference, "GetDomainNames" and its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from simulated_aws.estate import AccountRegion
from simulated_aws.estate.account_settings import UsagePlan
from simulated_aws.estate.domain_names import NO_PATH, ApiMapping, DomainName
from simulated_aws.services.calls import Answer, Route
from simulated_aws.services.errors import not_simulated
from simulated_aws.services.listings import listing, not_found
from simulated_aws.services.routing import Shape

SHAPES = (
    Shape("GetDomainNames", "/domainnames", ["resourceOwner"], paged=True),
    Shape("GetDomainName", "/domainnames/*", ["domainNameId"]),
    Shape("GetBasePathMappings", "/domainnames/*/basepathmappings", ["domainNameId"], paged=True),
    Shape("GetAccount", "/account"),
    Shape("GetUsagePlans", "/usageplans", paged=True),
)


def check(route: Route) -> None:
    """Refuse what only sharing between accounts needs.

    :raises AwsError: 501.
    """
    owner = route.parameters.get("resourceOwner", "SELF")
    if owner != "SELF":
        raise not_simulated(f"resourceOwner={owner} of apigateway {route.operation}")


def domain_name(route: Route, place: AccountRegion) -> DomainName:
    """Return the domain name of a call; a private one is found by name and id together only.

    :raises AwsError: 404.
    """
    own_id = route.parameters.get("domainNameId")
    key = str(route.resource_id) if own_id is None else f"{route.resource_id}+{own_id}"
    found = place.domain_names.get(key)
    if found is None or found.id != own_id:
        raise not_found("Invalid domain name identifier specified")
    return found


def _domain_names(route: Route, place: AccountRegion) -> Answer:
    return listing(route, place.domain_names, DomainName.wire)


def _domain_name(route: Route, place: AccountRegion) -> Answer:
    return Answer(orjson.dumps(domain_name(route, place).wire()))


def _base_path_mappings(route: Route, place: AccountRegion) -> Answer:
    mappings: Mapping[str, Any] = {
        each.path or NO_PATH: each
        for each in domain_name(route, place).mappings.values()
        # This API knows REST APIs and paths of one level; GetApiMappings shows all.
        if each.api_id not in place.http_apis and "/" not in each.path
    }
    return listing(route, mappings, ApiMapping.wire)


def _account(_: Route, place: AccountRegion) -> Answer:
    return Answer(orjson.dumps(place.settings.wire()))


def _usage_plans(route: Route, place: AccountRegion) -> Answer:
    return listing(route, place.usage_plans, UsagePlan.wire)


ANSWERS: dict[str, Callable[[Route, AccountRegion], Answer]] = {
    "GetDomainNames": _domain_names,
    "GetDomainName": _domain_name,
    "GetBasePathMappings": _base_path_mappings,
    "GetAccount": _account,
    "GetUsagePlans": _usage_plans,
}
