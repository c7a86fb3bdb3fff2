"""Which regions an account has: EC2 DescribeRegions (query, XML) and Account ListRegions (REST JSON)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from simulated_aws.estate import Account
from simulated_aws.regions import DNS_SUFFIX, needs_opt_in, regions_of
from simulated_aws.services.calls import (
    Answer,
    Caller,
    Route,
    World,
    decode_position,
    encode_position,
    json_parameters,
)
from simulated_aws.services.errors import AwsError, Problem, aws_error, not_simulated

_STATUSES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")
_FORM = re.compile(r"Action|Version|AllRegions|RegionName\.\d+|Filter\.\d+\.(?:Name|Value\.\d+)")
_FILTERS = ("opt-in-status", "region-name", "endpoint")


def read_ec2_route(form: Mapping[str, str]) -> Route:
    """Recognise an EC2 request by its form's Action."""
    if form.get("Action") != "DescribeRegions":
        raise not_simulated(f"{form.get('Action') or 'a request without Action'} of ec2")
    for key in form:
        if not _FORM.fullmatch(key):
            raise not_simulated(f"parameter {key!r} of ec2 DescribeRegions")
    return Route("DescribeRegions", form, None, "ec2:DescribeRegions", "*")


def answer_ec2(_world: World, caller: Caller, route: Route) -> Answer:
    """List the regions enabled for the caller's account, or all with AllRegions."""
    form, account = route.parameters, caller.account
    everything = form.get("AllRegions", "false").lower() == "true"
    rows = []
    for name in regions_of(account.partition):
        row = {
            "region-name": name,
            "endpoint": f"ec2.{name}.{DNS_SUFFIX[account.partition]}",
            "opt-in-status": _opt_in_status(account, name),
        }
        if everything or row["opt-in-status"] != "not-opted-in":
            rows.append(row)
    named = {value for key, value in form.items() if key.startswith("RegionName.")}
    if missing := named - set(regions_of(account.partition)):
        message = f"Invalid region names: [{', '.join(sorted(missing))}]"
        raise AwsError(400, "InvalidParameterValue", message)
    rows = [row for row in rows if not named or row["region-name"] in named]
    for name, values in _filters(form):
        rows = [row for row in rows if row[name] in values]
    items = "".join(
        f"<item><regionName>{row['region-name']}</regionName><regionEndpoint>{row['endpoint']}</regionEndpoint>"
        f"<optInStatus>{row['opt-in-status']}</optInStatus></item>"
        for row in rows
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        "<requestId>00000000-0000-4000-8000-000000000000</requestId>"
        f"<regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
    )
    return Answer(text.encode())


def _filters(form: Mapping[str, str]) -> list[tuple[str, set[str]]]:
    made = []
    for key, name in form.items():
        if key.startswith("Filter.") and key.endswith(".Name"):
            if name not in _FILTERS:
                raise AwsError(400, "InvalidParameterValue", f"The filter '{name}' is invalid")
            stem = key.removesuffix("Name") + "Value."
            made.append((name, {value for other, value in form.items() if other.startswith(stem)}))
    return made


def _opt_in_status(account: Account, region: str) -> str:
    if region not in account.regions:
        return "not-opted-in"
    return "opted-in" if needs_opt_in(account.partition, region) else "opt-in-not-required"


def read_account_route(method: str, path: str, body: bytes) -> Route:
    """Recognise an Account Management request by its method and path."""
    if (method, path) != ("POST", "/listRegions"):
        raise not_simulated(f"{method} {path} of account")
    known = ["AccountId", "MaxResults", "NextToken", "RegionOptStatusContains"]
    given = json_parameters("account", "ListRegions", body, known)
    limit = given.setdefault("MaxResults", 50)
    wanted = given.setdefault("RegionOptStatusContains", [])
    if not isinstance(limit, int) or not 1 <= limit <= 50 or set(wanted) - set(_STATUSES):
        raise AwsError(
            400, "ValidationException", "The input fails to satisfy the constraints of ListRegions."
        )
    try:
        page, given["after"] = decode_position(given.get("NextToken"))
    except ValueError:
        raise AwsError(400, "ValidationException", "The provided NextToken is invalid.") from None
    return Route("ListRegions", given, given.get("AccountId"), "account:ListRegions", "*", page)


def answer_account(world: World, caller: Caller, route: Route) -> Answer:
    """List regions with their opt-in status; another account's only for the management account."""
    given = route.parameters
    account = caller.account
    other = given.get("AccountId")
    if other is not None and other != account.account_id:
        found = world.estate.accounts.get(other)
        if found is None or world.estate.management.get(account.partition) != account.account_id:
            raise aws_error("account", Problem.DENIED)
        account = found
    rows = [{"RegionName": name, "RegionOptStatus": _account_status(account, name)} for name in
            sorted(regions_of(account.partition)) if name > given["after"]]  # fmt: skip
    wanted = given["RegionOptStatusContains"]
    rows = [row for row in rows if not wanted or row["RegionOptStatus"] in wanted]
    shown = rows[: given["MaxResults"]]
    body: dict[str, Any] = {"Regions": shown}
    is_last = len(shown) == len(rows)
    if not is_last:
        body["NextToken"] = encode_position((route.page or 1) + 1, shown[-1]["RegionName"])
    return Answer(orjson.dumps(body), is_last)


def _account_status(account: Account, region: str) -> str:
    if region not in account.regions:
        return "DISABLED"
    return "ENABLED" if needs_opt_in(account.partition, region) else "ENABLED_BY_DEFAULT"
