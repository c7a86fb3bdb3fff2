"""The regions that are enabled for an account."""

from __future__ import annotations

from typing import Any

from cmdb.snapshot import FailureKind
from collectors import values
from collectors.calls import Caller
from collectors.errors import ReadFailure, malformed

_PAGE_SIZE = 50
_MOST_PAGES = 100
#: EC2 API reference, Region: ``OptInStatus``; Account Management API reference, Region: ``RegionOptStatus``.
_EC2_ENABLED = frozenset({"opt-in-not-required", "opted-in"})
_ACCOUNT_ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})


def enabled_regions(caller: Caller) -> set[str]:
    """Return the names of the enabled regions, from EC2 or, where that is denied, from Account Management.

    Raises ``ReadFailure`` of the first when both are denied.
    """
    try:
        return _describe_regions(caller)
    except ReadFailure as error:
        failure = error.failure
        if failure.kind is not FailureKind.DENIED or failure.operation != "DescribeRegions":
            raise
        first = error
    try:
        return _list_regions(caller)
    except ReadFailure as error:
        if error.failure.kind is FailureKind.DENIED:
            raise first from None
        raise


def _describe_regions(caller: Caller) -> set[str]:
    operation = "DescribeRegions"
    answer = caller.call("ec2", operation, {}, expect="Regions")
    records = values.sequence(operation, answer["Regions"], "the list of regions")
    return _some(operation, _names(operation, records, "OptInStatus", _EC2_ENABLED, "opt-in-not-required"))


def _list_regions(caller: Caller) -> set[str]:
    operation = "ListRegions"
    names: set[str] = set()
    parameters: dict[str, Any] = {"MaxResults": _PAGE_SIZE}
    for _ in range(_MOST_PAGES):
        answer = caller.call("account", operation, parameters, expect="Regions")
        records = values.sequence(operation, answer["Regions"], "the list of regions")
        names |= _names(operation, records, "RegionOptStatus", _ACCOUNT_ENABLED, None)
        token = answer.get("NextToken")
        if token is None:
            return _some(operation, names)
        if not isinstance(token, str) or not token or token == parameters.get("NextToken"):
            raise malformed(operation, "its pages lead nowhere new")
        parameters = {**parameters, "NextToken": token}
    raise malformed(operation, f"it does not end after {_MOST_PAGES} pages")


def _names(
    operation: str, records: list[Any], status: str, enabled: frozenset[str], default: str | None
) -> set[str]:
    names = set()
    for record in records:
        fields = values.structure(operation, record, "a region")
        name = values.key_text(operation, fields, "RegionName")
        if (values.optional_key(operation, fields, status) or default) in enabled:
            names.add(name)
    return names


def _some(operation: str, names: set[str]) -> set[str]:
    if not names:
        raise malformed(operation, "it names no enabled region")
    return names
