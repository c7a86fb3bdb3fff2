"""API Gateway, both of its APIs: which call a request is, and its answer."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from simulated_aws.estate import AccountRegion
from simulated_aws.services import account_settings, http_apis, rest_apis
from simulated_aws.services.calls import Answer, Route
from simulated_aws.services.routing import Paging, Router, smaller_pages

V2 = "/v2"

_ROUTER = Router(
    [*rest_apis.SHAPES, *account_settings.SHAPES], Paging("limit", "position", default=25, most=500)
)
# IAM's names of resources leave the version out: arn:aws:apigateway:REGION::/apis/ID.
_V2_ROUTER = Router(http_apis.SHAPES, http_apis.PAGING, hidden_prefix=V2)
_ANSWERS = rest_apis.ANSWERS | account_settings.ANSWERS | http_apis.ANSWERS


@lru_cache(maxsize=65536)
def read_route(method: str, target: str, accept: str) -> Route:
    """Recognise a request by its method, its target (path and query) and its Accept header.

    :raises AwsError: 501 for any call that is not simulated, 400 for a bad limit or position.
    """
    router = _V2_ROUTER if target.startswith(f"{V2}/") else _ROUTER
    route = router.read(method, target)
    account_settings.check(route)
    if route.operation == "GetExport":
        return rest_apis.export_route(route, accept)
    if route.operation == "v2.ListRoutingRules":
        # Service Authorization Reference, API Gateway Management V2: an action of its own, on rules by account.
        return replace(route, action="apigateway:ListRoutingRules", resource=_of_rules(route))
    if "domainNameId" in route.parameters:
        return replace(route, resource=_of_private_domain(route))
    return route


def answer(route: Route, place: AccountRegion, page_limit: int | None = None) -> Answer:
    """Answer a recognised call from what an account-region holds, at most ``page_limit`` items a page."""
    route = replace(route, parameters=smaller_pages(route.parameters, page_limit))
    return _ANSWERS[route.operation](route, place)


def _of_private_domain(route: Route) -> str:
    """Return the name that IAM has for what belongs to a private domain name.

    API Gateway developer guide, "ARN reference": it carries the account, and the domain's id after a plus.
    """
    domain = f"{route.resource_id}+{route.parameters['domainNameId']}"
    of_domain = f"arn:{{partition}}:apigateway:{{region}}:{{account}}:/domainnames/{domain}"
    return (
        of_domain
        if route.operation == "GetDomainName"
        else f"{of_domain}/{route.resource.rpartition('/')[2]}"
    )


def _of_rules(route: Route) -> str:
    own_id = route.parameters.get("domainNameId")
    domain = route.resource_id if own_id is None else f"{route.resource_id}+{own_id}"
    return f"arn:{{partition}}:apigateway:{{region}}:{{account}}:/domainnames/{domain}/routingrules/*"
