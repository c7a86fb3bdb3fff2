"""Reading drafts of REST APIs: resources with their methods, one API after the other.

A draft is what the next deployment would take along; no stage serves it. It is read after the stages of the same
night, so that one that was deployed before is never taken for one that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from cmdb.snapshot import FailureKind, Item, Reading, ScopeStatus
from collectors import definitions
from collectors.answers import bodies_of
from collectors.apigateway import rest_api_is_gone
from collectors.errors import ReadFailure
from collectors.paging import REST, pages
from collectors.patience import Patience
from collectors.reader import Reader, Readings, RegionAccess
from collectors.readings import because, conclude

_OPERATION = "GetResources"


def read(access: RegionAccess, so_far: Readings) -> dict[str, Reading]:
    """Read the drafts of the REST APIs that were listed. Raises nothing of AWS."""
    apis = so_far["rest_api"]
    if apis.status is ScopeStatus.FAILED:
        assert apis.failure is not None  # noqa: S101 - what failed says why
        return {
            "draft": Reading(ScopeStatus.FAILED, because("The REST APIs could not be listed", apis.failure))
        }
    found = Reading(ScopeStatus.COMPLETE)
    found.answers = answers = access.hasher.answers.by_api()
    patience = Patience()
    for api in apis.items:
        rest_api_id = api.key
        try:
            draft, body = patience.guarded(partial(_draft, access, rest_api_id))
        except ReadFailure as error:
            if error.failure.kind is not FailureKind.ABSENT or not _is_gone(access, patience, rest_api_id):
                found.unread[rest_api_id] = error.failure
            continue
        found.items.append(draft)
        if body is None:
            found.answers = None
        else:
            answers.add(rest_api_id, body)
    conclude(found, "REST API", "whose draft", nothing_read=not found.items)
    return {"draft": found}


def _draft(access: RegionAccess, rest_api_id: str) -> tuple[Item, bytes | None]:
    """Return a draft, and the bodies of the answers that show it (None: not known)."""
    listed = list(pages(access.caller, REST, _OPERATION, {"restApiId": rest_api_id, "embed": ["methods"]}))
    bodies = bodies_of(listed)
    methods = definitions.of_resources(record for page in listed for record in page["items"])
    return definitions.draft(rest_api_id, methods), None if bodies is None else b"".join(bodies)


def _is_gone(access: RegionAccess, patience: Patience, rest_api_id: str) -> bool:
    try:
        return patience.guarded(lambda: rest_api_is_gone(access.caller, rest_api_id))
    except ReadFailure:
        return False


def _calls(sizes: Mapping[str, int]) -> dict[str, int]:
    return {"draft": sizes.get("rest_api", 0)}


READER = Reader(
    scopes=("draft",),
    read=read,
    calls=_calls,
    costs={"draft": "1 for each REST API, 5 in 2 s at most"},
    resources=("restapis", "restapis/*"),
)
