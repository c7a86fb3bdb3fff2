"""What happens to a request, from its signature to the reply."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from simulated_aws.credentials import Credentials
from simulated_aws.estate import Estate
from simulated_aws.faults import Faults, Occasion
from simulated_aws.hooks import Hooks
from simulated_aws.http.http11 import Reply, Request
from simulated_aws.http.responses import Response, failure, success, suffer
from simulated_aws.iam import Permissions
from simulated_aws.log import Entry, RequestLog
from simulated_aws.quota import Quota
from simulated_aws.regions import home_region
from simulated_aws.services import acm, apigateway, organizations, region_lists, sts
from simulated_aws.services.calls import Answer, Caller, Route, World
from simulated_aws.services.errors import SERVICES, AwsError, Problem, aws_error, not_simulated


class Signature(NamedTuple):
    """What a SigV4 Authorization header says; the signature itself is not checked."""

    access_key_id: str
    region: str
    service: str


@lru_cache(maxsize=65536)
def read_signature(header: bytes) -> Signature | None:
    """Read ``AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request``; ``None``: not one.

    ``header`` ends before the first comma, so that all requests of a client share one text a day.
    """
    words = header.decode("latin-1").removeprefix("AWS4-HMAC-SHA256 Credential=").split("/")
    if len(words) != 5 or words[4] != "aws4_request":
        return None
    return Signature(words[0], words[2], words[3])


def _token(request: Request) -> str | None:
    token = request.headers.get(b"x-amz-security-token")
    return None if token is None else token.decode("latin-1")


def _occasion(
    signature: Signature, account_id: str | None, route: Route, *, is_last: bool = False
) -> Occasion:
    return Occasion(
        signature.service,
        route.operation,
        account_id,
        signature.region,
        route.resource_id,
        route.page or 1,
        is_last,
        route.part_id,
    )


class Service:
    """The simulated AWS without its socket. ``handle`` is called by the server's thread alone."""

    def __init__(
        self, estate: Estate, faults: Faults, *, quota: bool, latency_ms: float, retry_after: int | None
    ) -> None:
        self.estate = estate
        self.faults = faults
        self.hooks = Hooks()
        self.credentials = Credentials(seed=estate.seed)
        self.permissions = Permissions()
        self.log = RequestLog()
        self.latency_ms = latency_ms
        self.retry_after = retry_after
        self.quota_enabled = quota
        self.quota = Quota()
        self._world = World(estate, self.credentials)

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        arrived = time.monotonic()
        delay = self.latency_ms / 1000.0
        signature = read_signature(request.headers.get(b"authorization", b"").partition(b",")[0])
        if signature is None or signature.service not in SERVICES:
            return self._refuse(signature, arrived)
        service = signature.service
        try:
            route = self._route(service, request)
        except AwsError as error:
            self._note(arrived, signature, None, None, error.status, None)
            return Reply(failure(service, error).encode(), delay=delay)
        # Who calls is looked up twice when there are hooks: before one the estate may be another.
        if not self.hooks.idle:
            who = self.credentials.find(signature.access_key_id, _token(request))
            account_id = None if who is None else who.account_id
            if not self.hooks.run("before", _occasion(signature, account_id, route)):
                return self._fail(arrived, signature, account_id, route)
        account_id, is_last = None, False
        try:
            with self.estate.lock:
                caller = self._caller(signature, request)
                account_id = caller.account.account_id
                self._admit(service, caller, route, arrived)
                made = self._answer(service, caller, route, request.target)
            is_last = made.is_last
            response = success(service, made)
        except AwsError as error:
            response = failure(service, error)
        if self.hooks.idle and self.faults.idle:
            self._note(arrived, signature, account_id, route, response.status, None)
            return Reply(response.encode(), delay=delay)
        occasion = _occasion(signature, account_id, route, is_last=is_last)
        status, fault, reply = self._reply(response, occasion, delay)
        if not self.hooks.run("after", occasion):
            return self._fail(arrived, signature, account_id, route)
        self._note(arrived, signature, account_id, route, status, fault)
        return reply

    def _reply(self, response: Response, occasion: Occasion, delay: float) -> tuple[int, str | None, Reply]:
        """Return HTTP status, name of a fault, and what is sent."""
        rule = self.faults.strike(occasion)
        if rule is None:
            return response.status, None, Reply(response.encode(), delay=delay)
        status, reply = suffer(response, rule, occasion.operation, delay)
        return status, rule.kind.value, reply

    def _fail(self, arrived: float, signature: Signature, account_id: str | None, route: Route) -> Reply:
        """Answer a call whose hook raised: the error itself is raised where the simulated AWS ends."""
        error = aws_error(signature.service, Problem.INTERNAL)
        self._note(arrived, signature, account_id, route, error.status, "hook")
        return Reply(failure(signature.service, error).encode())

    def _refuse(self, signature: Signature | None, arrived: float) -> Reply:
        if signature is None:
            error = AwsError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        else:
            error = not_simulated(f"service {signature.service!r}")
        self._note(arrived, signature, None, None, error.status, None)
        # In which format an unknown service answers is unknown too; JSON shows boto3 the code.
        return Reply(failure("apigateway", error).encode(), delay=self.latency_ms / 1000.0)

    def _route(self, service: str, request: Request) -> Route:
        if service == "apigateway":
            accept = request.headers.get(b"accept", b"").decode("latin-1")
            return apigateway.read_route(request.method, request.target, accept)
        path = request.target.partition("?")[0]
        if service == "account":
            return region_lists.read_account_route(request.method, path, request.body)
        if (request.method, request.target) != ("POST", "/"):
            raise not_simulated(f"{request.method} {path} of {service}")
        if service in {"acm", "organizations"}:
            target = request.headers.get(b"x-amz-target", b"").decode("latin-1")
            reader = acm.read_route if service == "acm" else organizations.read_route
            return reader(target, request.body)
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        return sts.read_route(form) if service == "sts" else region_lists.read_ec2_route(form)

    def _caller(self, signature: Signature, request: Request) -> Caller:
        service = signature.service
        found = self.credentials.find(signature.access_key_id, _token(request))
        account = None if found is None else self.estate.accounts.get(found.account_id)
        if found is None or account is None or account.status == "CLOSED":
            raise aws_error(service, Problem.BAD_CREDENTIALS)
        if self.credentials.expired(found):
            raise aws_error(service, Problem.EXPIRED)
        if account.status != "ACTIVE":
            raise aws_error(service, Problem.DENIED)
        # A region that is not enabled does not know the account's credentials at all. Organizations and
        # Account Management are global; STS and EC2 answer in the home region in any case.
        regional = service in {"apigateway", "acm"}
        away = regional or (service in {"sts", "ec2"} and signature.region != home_region(account.partition))
        if away and signature.region not in account.regions:
            raise aws_error(service, Problem.BAD_CREDENTIALS)
        return Caller(found, account, signature.region)

    def _admit(self, service: str, caller: Caller, route: Route, now: float) -> None:
        if (
            self.quota_enabled
            and service == "apigateway"
            and not self.quota.take(caller.account.account_id, caller.region, route.operation, now)
        ):
            raise aws_error(service, Problem.THROTTLED, retry_after=self.retry_after)
        if route.action is None or self.permissions.unrestricted:
            return
        resource = (
            route.resource.replace("{partition}", caller.account.partition)
            .replace("{region}", caller.region)
            .replace("{account}", caller.account.account_id)
        )
        if not self.permissions.permits(caller.principal, caller.region, route.action, resource):
            raise sts.denied(caller, route.action, resource, service)

    def _answer(self, service: str, caller: Caller, route: Route, target: str) -> Answer:
        if service == "apigateway":
            place = self.estate.region(caller.account.account_id, caller.region)
            kept: Answer | None = place.answers.get(target)
            if kept is None:
                kept = apigateway.answer(route, place, self.estate.page_limit)
                if not kept.once:
                    place.answers[target] = kept
            return kept
        if service == "acm":
            return acm.answer(self._world, caller, route)
        if service == "organizations":
            return organizations.answer(self._world, caller, route)
        if service == "sts":
            return sts.answer(self._world, caller, route)
        if service == "ec2":
            return region_lists.answer_ec2(self._world, caller, route)
        return region_lists.answer_account(self._world, caller, route)

    def _note(
        self,
        arrived: float,
        signature: Signature | None,
        account_id: str | None,
        route: Route | None,
        status: int,
        fault: str | None,
    ) -> None:
        self.log.add(
            Entry(
                arrived,
                "unknown" if signature is None else signature.service,
                account_id,
                None if signature is None else signature.region,
                "unknown" if route is None else route.operation,
                None if route is None else route.resource_id,
                None if route is None else route.page,
                status,
                fault,
                None if route is None else route.part_id,
            )
        )
