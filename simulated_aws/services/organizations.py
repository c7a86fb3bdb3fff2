"""AWS Organizations: ListAccounts, DescribeOrganization and ListTagsForResource (JSON 1.1)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import orjson

from simulated_aws.estate import Account
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

MOST = 20
"""Accounts on one page at most, and by default (Organizations API reference, ListAccounts)."""

_ACCOUNT_ID = re.compile(r"\d{12}")
_PREFIX = "AWSOrganizationsV20161128."


def read_route(target: str, body: bytes) -> Route:
    """Recognise a request by its X-Amz-Target header."""
    operation = target.removeprefix(_PREFIX)
    if target == _PREFIX + "DescribeOrganization":
        given = json_parameters("organizations", operation, body, [])
        return Route(operation, given, None, "organizations:DescribeOrganization", "*")
    if target == _PREFIX + "ListTagsForResource":
        return _read_tags_route(body)
    if target != _PREFIX + "ListAccounts":
        raise not_simulated(f"{target or 'a request without X-Amz-Target'} of organizations")
    given = json_parameters("organizations", operation, body, ["NextToken", "MaxResults"])
    limit = given.setdefault("MaxResults", MOST)
    if not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise AwsError(400, "InvalidInputException", f"MaxResults must be between 1 and {MOST}.")
    page = _read_token(given)
    return Route(operation, given, None, "organizations:ListAccounts", "*", page)


def _read_tags_route(body: bytes) -> Route:
    operation = "ListTagsForResource"
    given = json_parameters("organizations", operation, body, ["ResourceId", "NextToken"])
    wanted = given.get("ResourceId")
    if not isinstance(wanted, str) or not _ACCOUNT_ID.fullmatch(wanted):
        raise not_simulated(f"ResourceId {wanted!r} of organizations {operation}, only accounts")
    page = _read_token(given)
    # IAM's name of an account holds the organization's id, which a request does not say: "*" stands for it.
    return Route(operation, given, wanted, "organizations:ListTagsForResource", "*", page)


def _read_token(given: dict[str, Any]) -> int:
    try:
        page, given["after"] = decode_position(given.get("NextToken"))
    except ValueError:
        raise AwsError(400, "InvalidInputException", "You specified an invalid NextToken.") from None
    return page


def answer(world: World, caller: Caller, route: Route) -> Answer:
    """Answer a member of an organization; the list of accounts only to its management account."""
    partition = caller.account.partition
    management = world.estate.accounts.get(world.estate.management.get(partition, ""))
    if management is None or not caller.account.in_organization:
        message = "Your account is not a member of an organization."
        raise AwsError(400, "AWSOrganizationsNotInUseException", message)
    if route.operation == "DescribeOrganization":
        return Answer(orjson.dumps({"Organization": _organization(management)}))
    if management is not caller.account:
        message = "You don't have permissions to access this resource."
        raise aws_error("organizations", Problem.DENIED, message)
    if route.operation == "ListTagsForResource":
        return _tags(world, route, partition)
    members = sorted(
        (
            each
            for each in world.estate.accounts.values()
            if each.in_organization and each.partition == partition
        ),
        key=lambda each: each.account_id,
    )
    later = [each for each in members if each.account_id > route.parameters["after"]]
    shown = later[: min(route.parameters["MaxResults"], world.estate.page_limit or MOST)]
    body: dict[str, Any] = {"Accounts": [_account(each, management) for each in shown]}
    is_last = len(shown) == len(later)
    if not is_last:
        body["NextToken"] = encode_position((route.page or 1) + 1, shown[-1].account_id)
    return Answer(orjson.dumps(body), is_last)


def _tags(world: World, route: Route, partition: str) -> Answer:
    account = world.estate.accounts.get(route.parameters["ResourceId"])
    if account is None or not account.in_organization or account.partition != partition:
        message = "We can't find a root, OU, account, or policy with the TargetId that you specified."
        raise AwsError(400, "TargetNotFoundException", message)
    later = [key for key in sorted(account.tags) if key > route.parameters["after"]]
    shown = later[: world.estate.page_limit or len(later)]
    body: dict[str, Any] = {"Tags": [{"Key": key, "Value": account.tags[key]} for key in shown]}
    is_last = len(shown) == len(later)
    if not is_last:
        body["NextToken"] = encode_position((route.page or 1) + 1, shown[-1])
    return Answer(orjson.dumps(body), is_last)


def _organization_id(management: Account) -> str:
    return "o-" + hashlib.sha256(management.account_id.encode()).hexdigest()[:10]


def _arn(account: Account, management: Account) -> str:
    return (
        f"arn:{management.partition}:organizations::{management.account_id}"
        f":account/{_organization_id(management)}/{account.account_id}"
    )


def _account(account: Account, management: Account) -> dict[str, Any]:
    # A closed account is listed as suspended until it is gone; only State distinguishes them.
    status = "SUSPENDED" if account.status == "CLOSED" else account.status
    return {
        "Id": account.account_id,
        "Arn": _arn(account, management),
        "Email": f"aws-{account.account_id}@example.com",
        "Name": account.name,
        "Status": status,
        "State": account.status,
        "JoinedMethod": "INVITED" if account is management else "CREATED",
        "JoinedTimestamp": account.joined_at.timestamp(),
    }


def _organization(management: Account) -> dict[str, Any]:
    organization_id = _organization_id(management)
    owner = management.account_id
    return {
        "Id": organization_id,
        "Arn": f"arn:{management.partition}:organizations::{owner}:organization/{organization_id}",
        "FeatureSet": "ALL",
        "MasterAccountArn": _arn(management, management),
        "MasterAccountId": owner,
        "MasterAccountEmail": f"aws-{owner}@example.com",
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }
