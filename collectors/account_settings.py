"""Reading API Gateway's settings of an account and region, where anything is there that they could concern.

They are read after the stages: whoever turns logging on sets the role first, so that a stage that logs is never
judged by the settings from before.
"""

from __future__ import annotations

from collections.abc import Mapping

from cmdb.snapshot import Reading, ScopeStatus
from collectors import normalise
from collectors.answers import bodies_of
from collectors.apigateway import SERVICE, Listing
from collectors.errors import ReadFailure
from collectors.reader import Reader, Readings, RegionAccess
from collectors.readings import because

_OPERATION = "GetAccount"
#: Scopes of what the settings concern, as far as the run reads them.
_USERS = ("rest_api", "api", "domain_name")


def read(access: RegionAccess, so_far: Readings) -> dict[str, Reading]:
    """Read the settings; where complete listings hold nothing that they concern, there are none to read.

    Raises nothing of AWS.
    """
    users = [so_far[scope] for scope in _USERS if scope in so_far]
    if not any(reading.items for reading in users):
        for reading in users:
            if reading.failure is not None:
                failure = because("Whether there are APIs is not known", reading.failure)
                return {"account_settings": Reading(ScopeStatus.FAILED, failure)}
        nothing = access.hasher.answers.of()
        return {"account_settings": Reading(ScopeStatus.COMPLETE, answer=nothing)}
    try:
        answer = access.caller.call(SERVICE, _OPERATION, {}, expect="throttleSettings")
        found = Listing([normalise.account_settings(answer, access.hasher)], bodies_of([answer]))
    except ReadFailure as error:
        return {"account_settings": Reading(ScopeStatus.FAILED, error.failure)}
    return {
        "account_settings": Reading(
            ScopeStatus.COMPLETE, items=found.items, answer=found.digest(access.hasher)
        )
    }


def _calls(sizes: Mapping[str, int]) -> dict[str, int]:
    return {"account_settings": int(any(sizes.get(scope, 0) for scope in _USERS))}


READER = Reader(
    scopes=("account_settings",),
    read=read,
    calls=_calls,
    costs={"account_settings": "1 where there are APIs or domain names"},
    resources=("account",),
)
