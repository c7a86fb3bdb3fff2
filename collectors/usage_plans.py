"""Reading usage plans, in one listing."""

from __future__ import annotations

from collections.abc import Mapping

from cmdb.snapshot import Reading, ScopeStatus
from collectors import normalise
from collectors.answers import bodies_of
from collectors.apigateway import Listing, distinct
from collectors.errors import ReadFailure
from collectors.paging import REST, pages
from collectors.reader import Reader, Readings, RegionAccess, pages_for

_OPERATION = "GetUsagePlans"


def read(access: RegionAccess, _so_far: Readings) -> dict[str, Reading]:
    """Read the usage plans. Raises nothing of AWS."""
    try:
        answers = list(pages(access.caller, REST, _OPERATION, {}))
        found = [normalise.usage_plan(record, access.hasher) for page in answers for record in page["items"]]
        listed = Listing(distinct(_OPERATION, found), bodies_of(answers))
    except ReadFailure as error:
        return {"usage_plan": Reading(ScopeStatus.FAILED, error.failure)}
    return {
        "usage_plan": Reading(ScopeStatus.COMPLETE, items=listed.items, answer=listed.digest(access.hasher))
    }


def _calls(sizes: Mapping[str, int]) -> dict[str, int]:
    return {"usage_plan": pages_for(sizes.get("usage_plan", 0))}


READER = Reader(
    scopes=("usage_plan",),
    read=read,
    calls=_calls,
    costs={"usage_plan": "1"},
    resources=("usageplans",),
)
