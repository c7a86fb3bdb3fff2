"""Reading API Gateway: each function asks one question and returns the whole answer or raises."""

from __future__ import annotations

from dataclasses import dataclass

from cmdb.snapshot import Item
from collectors import normalise
from collectors.answers import bodies_of
from collectors.calls import Caller
from collectors.errors import malformed
from collectors.paging import REST, pages
from collectors.values import Hasher, sequence

SERVICE = REST.service


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing holds, and the bodies of the answers that said so (None: not known)."""

    items: list[Item]
    bodies: list[bytes] | None

    def digest(self, hasher: Hasher) -> bytes | None:
        """Return the digest of the answers."""
        return None if self.bodies is None else hasher.answers.of(*self.bodies)


def get_rest_apis(caller: Caller, hasher: Hasher) -> Listing:
    """Return all REST APIs."""
    operation = "GetRestApis"
    answers = list(pages(caller, REST, operation, {}))
    found = [normalise.rest_api(record, hasher) for page in answers for record in page["items"]]
    return Listing(distinct(operation, found), bodies_of(answers))


def get_stages(caller: Caller, hasher: Hasher, rest_api_id: str) -> Listing:
    """Return all stages of a REST API; the listing is not paged."""
    operation = "GetStages"
    answer = caller.call(SERVICE, operation, {"restApiId": rest_api_id}, expect="item")
    records = sequence(operation, answer["item"], "the list of stages")
    found = [normalise.stage(rest_api_id, record, hasher) for record in records]
    return Listing(distinct(operation, found), bodies_of([answer]))


def get_stage(caller: Caller, hasher: Hasher, rest_api_id: str, stage_name: str) -> Item | None:
    """Return one stage as it is now, or None when AWS says that there is none."""
    operation = "GetStage"
    parameters = {"restApiId": rest_api_id, "stageName": stage_name}
    answer = caller.look_up(SERVICE, operation, parameters, expect="stageName")
    if answer is None:
        return None
    stage = normalise.stage(rest_api_id, answer, hasher, operation)
    if stage.key != stage_name:
        raise malformed(operation, "it is another stage than the requested one")
    return stage


def rest_api_is_gone(caller: Caller, rest_api_id: str) -> bool:
    """Return whether a REST API no longer exists: a look at itself ends in NotFound."""
    return caller.look_up(SERVICE, "GetRestApi", {"restApiId": rest_api_id}, expect="id") is None


def get_client_certificates(caller: Caller, hasher: Hasher) -> Listing:
    """Return all client certificates."""
    operation = "GetClientCertificates"
    answers = list(pages(caller, REST, operation, {}))
    found = [
        normalise.client_certificate(operation, record, hasher)
        for page in answers
        for record in page["items"]
    ]
    return Listing(distinct(operation, found), bodies_of(answers))


def get_client_certificate(caller: Caller, hasher: Hasher, certificate_id: str) -> Item | None:
    """Return one client certificate, or None when AWS says that there is none."""
    operation = "GetClientCertificate"
    if certificate_id in {".", ".."}:
        # As part of a path these would ask for something else.
        raise malformed(operation, "the requested id cannot be part of a request")
    answer = caller.look_up(
        SERVICE, operation, {"clientCertificateId": certificate_id}, expect="clientCertificateId"
    )
    if answer is None:
        return None
    certificate = normalise.client_certificate(operation, answer, hasher)
    if certificate.key != certificate_id:
        raise malformed(operation, "it is another certificate than the requested one")
    return certificate


def distinct(operation: str, items: list[Item]) -> list[Item]:
    """Return the items once each; two different ones under one id cannot both be right."""
    by_key: dict[str, Item] = {}
    for item in items:
        if by_key.setdefault(item.key, item) != item:
            raise malformed(operation, "it lists one id twice with different content")
    return list(by_key.values())
