"""Security Token Service: GetCallerIdentity and AssumeRole (query protocol, XML)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from simulated_aws.services.calls import Answer, Caller, Route, World, refuse_unknown
from simulated_aws.services.errors import AwsError, Problem, aws_error, not_simulated

_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]{1,64})")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ASSUME = ["RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"]


def read_route(form: Mapping[str, str]) -> Route:
    """Recognise a request by its form's Action."""
    operation = form.get("Action")
    if operation == "GetCallerIdentity":
        refuse_unknown("sts", operation, form, ["Action", "Version"])
        # AWS asks no permission for it, nor can it be denied (STS API reference, GetCallerIdentity).
        return Route(operation, form, None, None, "*")
    if operation == "AssumeRole":
        refuse_unknown("sts", operation, form, ["Action", "Version", *_ASSUME])
        arn = form.get("RoleArn", "")
        return Route(operation, form, arn, "sts:AssumeRole", arn)
    raise not_simulated(f"{operation or 'a request without Action'} of sts")


def answer(world: World, caller: Caller, route: Route) -> Answer:
    """Answer a recognised call."""
    if route.operation == "GetCallerIdentity":
        return _caller_identity(caller)
    return _assume_role(world, caller, route.parameters)


def _caller_identity(caller: Caller) -> Answer:
    who = caller.principal
    user_id = f"AIDA{who.account_id}" if who.role is None else f"AROA{who.account_id}:{who.session_name}"
    inner = (
        f"<Arn>{escape(who.arn(caller.account.partition))}</Arn>"
        f"<UserId>{escape(user_id)}</UserId><Account>{who.account_id}</Account>"
    )
    return _wrapped("GetCallerIdentity", inner)


def _assume_role(world: World, caller: Caller, form: Mapping[str, str]) -> Answer:
    arn, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
    named = _ROLE_ARN.fullmatch(arn)
    if named is None:
        raise AwsError(400, "ValidationError", f"{arn} is invalid")
    if not _SESSION_NAME.fullmatch(session):
        raise AwsError(400, "ValidationError", "RoleSessionName must have 2 to 64 characters of [\\w+=,.@-]")
    seconds = form.get("DurationSeconds", "3600")
    if not seconds.isdigit() or not 900 <= int(seconds) <= 43200:
        raise AwsError(400, "ValidationError", "DurationSeconds must be between 900 and 43200")
    partition, account_id, name = named.groups()
    account = world.estate.accounts.get(account_id)
    role = account.roles.get(name) if account is not None else None
    # Whatever the reason (no such account or role, another's trust, a suspended account), AWS says no more.
    if (
        account is None
        or role is None
        or not role.assumable
        or account.status != "ACTIVE"
        or account.partition != partition
        or caller.account.partition != partition
        or role.external_id not in {None, form.get("ExternalId")}
    ):
        raise denied(caller, "sts:AssumeRole", arn)
    keys, expires_at = world.credentials.start_session(account_id, name, session, int(seconds))
    expiration = datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assumed = f"arn:{partition}:sts::{account_id}:assumed-role/{name}/{session}"
    inner = (
        f"<Credentials><AccessKeyId>{keys.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{keys.secret_access_key}</SecretAccessKey>"
        f"<SessionToken>{keys.session_token}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
        f"<AssumedRoleUser><AssumedRoleId>AROA{account_id}:{escape(session)}</AssumedRoleId>"
        f"<Arn>{escape(assumed)}</Arn></AssumedRoleUser>"
    )
    return _wrapped("AssumeRole", inner)


def denied(caller: Caller, action: str, resource: str, service: str = "sts") -> AwsError:
    """Return AWS's sentence for a call that IAM does not allow."""
    who = caller.principal.arn(caller.account.partition)
    message = f"User: {who} is not authorized to perform: {action} on resource: {resource}"
    return aws_error(service, Problem.DENIED, message)


def _wrapped(operation: str, inner: str) -> Answer:
    text = (
        f'<{operation}Response xmlns="{_NAMESPACE}"><{operation}Result>{inner}</{operation}Result>'
        f"<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"
        f"</{operation}Response>"
    )
    return Answer(text.encode())
