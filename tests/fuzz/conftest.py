"""A small estate, read by the real collectors without sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import pytest

from cmdb.snapshot import AccountKey, AccountRegionSnapshot, KnownRegion
from collectors.calls import RetryPolicy
from collectors.collection import Collection, collect_account_region
from collectors.plan import CollectionPlan
from collectors.readers import readable
from simulated_aws import DEFAULT_ROLE, Estate, SimulatedAws
from tests.fuzz.transport import Answer, Call, Spoil, Wire, connect

OWN, MEMBER = "111111111111", "222222222222"
REGION = "eu-west-1"
AS_OF = datetime(2026, 11, 20, 2, tzinfo=UTC)

Read = Callable[[Spoil | None], AccountRegionSnapshot]


@dataclass
class Fuzzed:
    """The wire, a way to read through it, and what unspoiled answers lead to."""

    wire: Wire
    plan: CollectionPlan
    collection: Collection
    truth: AccountRegionSnapshot
    calls: list[Call]

    def read(self, spoil: Spoil | None = None) -> AccountRegionSnapshot:
        """Read the account-region."""
        self.wire.fresh(_hiding(spoil))
        return collect_account_region(self.collection, AccountKey("aws", OWN), REGION, KnownRegion())


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Fuzzed]:
    estate = Estate(seed="fuzz", now=AS_OF)
    estate.page_limit = 2
    estate.add_account(OWN, "Management", management=True)
    estate.add_account(MEMBER, "Member")
    place = estate.region(OWN, REGION)
    listed = place.create_certificate("listed", tags={"team": "blue"}).id
    hidden = place.create_certificate("hidden").id
    place.create_certificate("unused")
    arn = place.add_acm_certificate("client.example.com").arn
    for number, (types, endpoint, named) in enumerate(
        [
            (("HTTP_PROXY", "MOCK"), "REGIONAL", (listed, hidden)),
            (("AWS_PROXY",), "PRIVATE", (None, "")),
            (("HTTP",), "EDGE", (arn, "ghost1")),
        ]
    ):
        api = place.add_api(f"api {number}", integrations=types, endpoint_types=(endpoint,))
        place.add_stage(api.id, "prod", certificate_id=named[0], variables={"secret": "value"})
        place.add_stage(api.id, "test", certificate_id=named[1], tags={"team": "red"})
    # What only some runs read: domain names of each kind, so that each of their calls is made.
    place.add_domain_name("api.example.com", routingMode="ROUTING_RULE_THEN_BASE_PATH_MAPPING")
    place.map_api("api.example.com", api.id, "prod", path="a/b")
    place.add_routing_rule(
        "api.example.com", api.id, "prod", priority=1, base_paths=["a"], headers=[("x-key", "value*")]
    )
    private = place.add_domain_name("in.example.com", endpoint_type="PRIVATE", tags={"team": "blue"})
    place.map_api(private.key, api.id, "prod")
    place.add_usage_plan("gold", stages=[(api.id, "prod"), (api.id, "test")], rate_limit=10.0, burst_limit=5)
    socket = place.add_http_api("socket", "WEBSOCKET", tags={"team": "green"})
    calls = place.add_http_integration(socket.id, integrationUri="https://backend.example.com/secret")
    place.add_route(socket.id, "$connect", integration_id=calls)
    place.add_http_stage(socket.id, "live", stageVariables={"a": "value"}, clientCertificateId="ghost2")
    wire = Wire(estate)
    with pytest.MonkeyPatch.context() as patch, SimulatedAws(estate) as aws:
        environment = aws.environment(OWN)
        # The credentials are those of the wire's own service; nothing is sent to this address.
        keys = wire.service.credentials.of_account(OWN)
        environment["AWS_ACCESS_KEY_ID"] = keys.access_key_id
        environment["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        patch.delenv("AWS_PROFILE", raising=False)
        connect(wire, patch)
        plan = CollectionPlan(
            hash_key=b"a key of the tests",
            accounts="organization",
            role_name=DEFAULT_ROLE,
            scopes=readable(),
            threads=1,
            quota=None,
            retries=RetryPolicy(
                throttled_tries=2, transient_tries=2, first_pause=0.0001, longest_pause=0.0002
            ),
        )
        with Collection(plan) as collection:
            made = Fuzzed(wire, plan, collection, None, [])  # type: ignore[arg-type]
            made.truth = made.read()
            made.calls = sorted(set(wire.calls), key=str)
            yield made


def _hiding(spoil: Spoil | None) -> Spoil:
    """Leave one certificate out of listings, so that a direct look has to find it."""

    def spoiled(call: Call, answer: Answer) -> None:
        if call.operation == "GetClientCertificates":
            body = orjson.loads(answer.body)
            body["item"] = [item for item in body["item"] if item.get("description") != "hidden"]
            answer.body = orjson.dumps(body)
        if spoil is not None:
            spoil(call, answer)

    return spoiled
