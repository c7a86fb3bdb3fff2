"""What must hold of a reading, whatever was answered."""

from __future__ import annotations

import re
from typing import Any

import orjson

from cmdb.snapshot import AccountRegionSnapshot, Reading, ScopeStatus
from collectors.readers import readable

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

#: Scopes that only some runs read, and the calls that say which items there are.
_DOMAINS = frozenset({"GetDomainNames", "GetDomainName"})
_APIS = frozenset({"v2.GetApis", "v2.GetApi"})
_FURTHER = {
    "api": _APIS,
    "api_stage": _APIS | {"v2.GetStages", "v2.GetStage"},
    "api_routes": _APIS,
    "api_integrations": _APIS,
    "domain_name": _DOMAINS,
    "domain_mapping": _DOMAINS,
    "usage_plan": frozenset({"GetUsagePlans"}),
    "account_settings": frozenset({"GetDomainNames", "GetRestApis"}),
}


def complaints(
    snapshot: AccountRegionSnapshot, truth: AccountRegionSnapshot, operation: str, *, is_noticeable: bool
) -> list[str]:
    """Return what is wrong with a reading, given the one of unspoiled answers.

    ``is_noticeable``: nothing was taken out or renamed so that a whole answer without it remains.
    """
    found = _explicit(snapshot) + _storable(snapshot)
    spoiled_listing = not is_noticeable
    if not (spoiled_listing and operation == "GetRestApis"):
        found += _missing(
            "REST API",
            snapshot.readings["rest_api"],
            _apis(truth.readings["rest_api"]),
            _apis(snapshot.readings["rest_api"]),
        )
        apis = {item.key for item in snapshot.readings["rest_api"].items}
        if not (spoiled_listing and operation == "GetStages"):
            # An API that a spoiled look said to be gone is a loss of its own, reported above.
            due = {
                key
                for key in _stages(truth)
                if key[0] in apis and key[0] not in snapshot.readings["stage"].unread
            }
            found += _missing("stage", snapshot.readings["stage"], due, _stages(snapshot))
        if operation not in {"GetStages", "GetStage", "GetRestApis"}:
            # A spoiled export may say anything of a deployment, but not nothing.
            unread = snapshot.readings["deployment"].unread
            due = {key for key in _types(truth) if key[0] in apis and key[0] not in unread}
            found += _missing("deployment", snapshot.readings["deployment"], due, set(_types(snapshot)))
        if operation not in {"GetExport", "GetStages", "GetStage", "GetRestApis"}:
            found += _equal("integration types", _types(snapshot), _types(truth))
    present = {item.key for item in truth.readings["client_certificate"].items}
    if not (spoiled_listing and operation in {"GetClientCertificates", "GetClientCertificate"}):
        due = present - snapshot.readings["client_certificate"].unread.keys()
        if operation in {"GetStages", "GetRestApis"}:
            # One that is missing from the listing is only looked for where a stage is seen to name it.
            due &= {item.key for item in snapshot.readings["client_certificate"].items} | _listed(truth)
        found += _missing(
            "certificate", snapshot.readings["client_certificate"], due, _certificates(snapshot)
        )
        wrong = snapshot.readings["client_certificate"].absent & present
        if wrong:
            found.append(f"certificates {sorted(wrong)} are told to be deleted")
    arns = {item.key for item in truth.readings["acm_certificate"].items}
    wrong = snapshot.readings["acm_certificate"].absent & arns
    if wrong and is_noticeable:
        found.append(f"certificates of ACM {sorted(wrong)} are told to be deleted")
    for scope, operations in _FURTHER.items():
        reading = snapshot.readings[scope]
        if not (spoiled_listing and operation in operations):
            due = _keys(truth.readings[scope]) - reading.unread.keys()
            found += _missing(scope, reading, due, _keys(reading))
    return found


def _keys(reading: Reading) -> set[str]:
    return {item.parent or item.key for item in reading.items}


def _listed(truth: AccountRegionSnapshot) -> set[str]:
    return {
        item.key
        for item in truth.readings["client_certificate"].items
        if item.payload.get("description") != "hidden"
    }


def _explicit(snapshot: AccountRegionSnapshot) -> list[str]:
    found = [] if set(snapshot.readings) == readable() else [f"read is only {list(snapshot.readings)}"]
    for name, reading in snapshot.readings.items():
        if reading.status is ScopeStatus.COMPLETE and (reading.failure is not None or reading.unread):
            found.append(f"{name} are complete and yet {reading.failure}")
        if reading.status is not ScopeStatus.COMPLETE and reading.failure is None:
            found.append(f"{name} are {reading.status} without a reason")
        if reading.failure is not None and reading.failure.operation == "collect":
            found.append(f"the collector crashed: {reading.failure.message}")
    return found


def _storable(snapshot: AccountRegionSnapshot) -> list[str]:
    found = []
    for name, reading in snapshot.readings.items():
        for item in reading.items:
            try:
                text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS, default=str).decode()
            except (TypeError, ValueError) as error:
                found.append(f"{name} hold what cannot be stored: {error}")
            else:
                if "\\u0000" in text.replace("\\\\", ""):
                    found.append(f"{name} hold NUL")
    return found


def _missing(what: str, reading: Reading, due: set[Any], there: set[Any]) -> list[str]:
    if reading.status not in {ScopeStatus.COMPLETE, ScopeStatus.PARTIAL} or due <= there:
        return []
    return [f"{what} {sorted(due - there)} would be closed although the scope is {reading.status}"]


def _equal(what: str, one: Any, other: Any) -> list[str]:
    return [] if one == other else [f"{what} are {one} instead of {other}"]


def _apis(reading: Reading) -> set[str]:
    return {item.key for item in reading.items}


def _stages(snapshot: AccountRegionSnapshot) -> set[tuple[str | None, str]]:
    return {(item.parent, item.key) for item in snapshot.readings["stage"].items}


def _types(snapshot: AccountRegionSnapshot) -> dict[tuple[str | None, str], Any]:
    return {(item.parent, item.key): item.derived["types"] for item in snapshot.readings["deployment"].items}


def _certificates(snapshot: AccountRegionSnapshot) -> set[str]:
    return {item.key for item in snapshot.readings["client_certificate"].items}
