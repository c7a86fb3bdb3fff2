"""Reading custom domain names, and where each of them leads.

They are read before the REST APIs. Whoever moves an API behind a domain name maps it first and closes its own
endpoint after: read in this order, an API that is mapped is never seen with the endpoint that it had before.

A public regional domain name may have mappings of several levels and to APIs of every kind, which only API Gateway
V2 lists (GetApiMappings). It knows no private domain names, and an edge-optimized one leads to REST APIs only:
for these GetBasePathMappings is asked. Routing rules are listed where the routing mode uses them, and mappings
where it does. A domain name whose mappings or rules could not be read is unread in the scope of mappings; its own
settings are known all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cmdb.snapshot import FailureKind, Item, Reading, ScopeStatus
from collectors import normalise
from collectors.answers import bodies_of
from collectors.apigateway import Listing, distinct
from collectors.errors import ReadFailure
from collectors.paging import HTTP, REST, ROUTING_RULES, Paging, pages
from collectors.patience import Patience
from collectors.reader import Reader, Readings, RegionAccess, pages_for
from collectors.readings import because, conclude

_RULES_ONLY = "ROUTING_RULE_ONLY"
_MAPPINGS_ONLY = frozenset({None, "BASE_PATH_MAPPING_ONLY"})


def read(access: RegionAccess, _so_far: Readings) -> dict[str, Reading]:
    """Read the domain names, and their mappings where they are wanted. Raises nothing of AWS."""
    try:
        listed = _list(access)
    except ReadFailure as error:
        failure = because("The custom domain names could not be listed", error.failure)
        return {
            "domain_name": Reading(ScopeStatus.FAILED, error.failure),
            "domain_mapping": Reading(ScopeStatus.FAILED, failure),
        }
    domains = Reading(ScopeStatus.COMPLETE, items=listed.items, answer=listed.digest(access.hasher))
    if "domain_mapping" not in access.wanted:
        return {"domain_name": domains}
    return {"domain_name": domains, "domain_mapping": _Mappings(access).read(domains)}


class _Mappings:
    """The mappings of one account-region's domain names."""

    def __init__(self, access: RegionAccess) -> None:
        self._access = access
        self._patience = Patience()

    def read(self, domains: Reading) -> Reading:
        """Read where each domain name leads; one that is gone meanwhile is taken off ``domains``."""
        found = Reading(ScopeStatus.COMPLETE)
        answers = self._access.hasher.answers.by_api()
        found.answers = answers
        there = []
        for domain in domains.items:
            try:
                mapping, body = self._patience.guarded(partial(self._lead, domain))
            except ReadFailure as error:
                if error.failure.kind is FailureKind.ABSENT and self._is_gone(domain):
                    domains.answer = None
                    continue
                found.unread[domain.key] = error.failure
            else:
                found.items.append(mapping)
                if body is None:
                    found.answers = None
                else:
                    answers.add(domain.key, body)
            there.append(domain)
        domains.items = there
        conclude(found, "custom domain name", "whose mappings", nothing_read=bool(there) and not found.items)
        return found

    def _lead(self, domain: Item) -> tuple[Item, bytes | None]:
        """Return where a domain name leads, and the bodies of the answers that say so (None: not known)."""
        mode = domain.payload.get("routingMode")
        mappings = None if mode == _RULES_ONLY else self._mappings(domain)
        rules = None if mode in _MAPPINGS_ONLY else self._rules(domain)
        bodies = [None if answers is None else bodies_of(answers) for answers in (mappings, rules) if answers]
        item = normalise.domain_mapping(domain.key, mappings, rules, self._access.hasher)
        return item, None if None in bodies else b"".join(part for body in bodies for part in body or ())

    def _mappings(self, domain: Item) -> list[dict[str, Any]]:
        types = (domain.payload.get("endpointConfiguration") or {}).get("types") or []
        if "REGIONAL" in types and not domain.payload.get("domainNameId"):
            return self._pages(HTTP, "GetApiMappings", {"DomainName": domain.payload["domainName"]})
        return self._pages(REST, "GetBasePathMappings", _named(domain, "domainName", "domainNameId"))

    def _rules(self, domain: Item) -> list[dict[str, Any]]:
        return self._pages(ROUTING_RULES, "ListRoutingRules", _named(domain, "DomainName", "DomainNameId"))

    def _pages(self, paging: Paging, operation: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        return list(pages(self._access.caller, paging, operation, parameters))

    def _is_gone(self, domain: Item) -> bool:
        """Return whether a domain name no longer exists: a look at itself ends in NotFound."""
        parameters = _named(domain, "domainName", "domainNameId")
        try:
            self._patience.guarded(
                lambda: self._access.caller.call(
                    REST.service, "GetDomainName", parameters, expect="domainName"
                )
            )
        except ReadFailure as error:
            return error.failure.kind is FailureKind.ABSENT
        return False


def _list(access: RegionAccess) -> Listing:
    operation = "GetDomainNames"
    answers = list(pages(access.caller, REST, operation, {}))
    found = [
        normalise.domain_name(record, access.hasher, access.account, access.region)
        for page in answers
        for record in page["items"]
    ]
    return Listing(distinct(operation, found), bodies_of(answers))


def _named(domain: Item, name: str, own_id: str) -> dict[str, Any]:
    """Return the parameters that name a domain name; a private one by its id too."""
    named = {name: domain.payload["domainName"]}
    if domain.payload.get("domainNameId"):
        named[own_id] = domain.payload["domainNameId"]
    return named


def _calls(sizes: Mapping[str, int]) -> dict[str, int]:
    domains = sizes.get("domain_name", 0)
    return {"domain_name": pages_for(domains), "domain_mapping": domains}


READER = Reader(
    scopes=("domain_name", "domain_mapping"),
    read=read,
    calls=_calls,
    costs={
        "domain_name": "1",
        "domain_mapping": "1 for each domain name, 2 where its routing mode has rules and mappings",
    },
    resources=("domainnames",),
    of_accounts=("domainnames/*",),
    # Service Authorization Reference, API Gateway Management V2: no matter of apigateway:GET.
    actions={"apigateway:ListRoutingRules": "domainnames/*"},
    is_first=True,
)
