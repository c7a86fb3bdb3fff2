"""Domain names, usage plans and account settings over HTTP: what is wanted is read, what fails is a failure."""

from __future__ import annotations

import pytest

from cmdb.snapshot import FailureKind, Reading, ScopeStatus
from collectors.readers import readable
from simulated_aws import AccountRegion, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import KINDS, Read, patience

DOMAINS = frozenset({"domain_name", "domain_mapping"})


def asked(aws: SimulatedAws) -> dict[str, int]:
    found = {name: times for (name, _), times in aws.log.operations().items()}
    found.pop("GetCallerIdentity", None)
    return found


def led_to(mappings: Reading) -> dict[str | None, tuple[str, ...]]:
    return {item.parent: item.derived["api_ids"] for item in mappings.items}


def test_an_empty_account_region_costs_two_calls_and_three_more_at_most(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    read()
    assert asked(aws) == {"GetRestApis": 1, "GetClientCertificates": 1}
    aws.log.clear()
    readings = read(scopes=readable()).readings
    assert asked(aws).get("GetAccount") is None
    assert sum(asked(aws).values()) <= 5
    assert set(readings) == readable()
    assert {reading.status for reading in readings.values()} == {ScopeStatus.COMPLETE}


def test_only_what_is_wanted_is_asked(aws: SimulatedAws, place: AccountRegion, read: Read) -> None:
    place.add_domain_name("api.example.com")
    readings = read(scopes=frozenset({"domain_name"})).readings
    assert "domain_mapping" not in readings
    assert [item.key for item in readings["domain_name"].items] == ["api.example.com"]
    assert asked(aws) == {"GetDomainNames": 1, "GetRestApis": 1, "GetClientCertificates": 1}


def test_each_kind_of_domain_name_says_where_it_leads(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    # given domain names of all kinds and routing modes
    place.add_domain_name("api.example.com")
    place.map_api("api.example.com", "rest1", "prod", path="orders/v1")
    place.map_api("api.example.com", "http1", "$default")
    place.add_domain_name("edge.example.com", endpoint_type="EDGE")
    place.map_api("edge.example.com", "rest2", "prod")
    private = place.add_domain_name("in.example.com", endpoint_type="PRIVATE")
    place.map_api(private.key, "rest3", "prod", path="in")
    place.add_domain_name("rules.example.com", routingMode="ROUTING_RULE_ONLY")
    place.map_api("rules.example.com", "unused", "prod")
    place.add_routing_rule(
        "rules.example.com",
        "rest4",
        "prod",
        priority=7,
        base_paths=["b", "a"],
        headers=[("x-key", "secret*")],
    )
    place.add_domain_name("both.example.com", routingMode="ROUTING_RULE_THEN_BASE_PATH_MAPPING")
    place.map_api("both.example.com", "rest5", "prod")
    place.add_routing_rule("both.example.com", "rest6", "prod", priority=1)
    # when they are read
    snapshot = read(scopes=DOMAINS)
    domains, mappings = snapshot.readings["domain_name"], snapshot.readings["domain_mapping"]
    # then each leads where AWS would
    arn = f"arn:aws:apigateway:eu-west-1:111111111111:/domainnames/in.example.com+{private.id}"
    assert led_to(mappings) == {
        "api.example.com": ("http1", "rest1"),
        "edge.example.com": ("rest2",),
        arn: ("rest3",),
        "rules.example.com": ("rest4",),
        "both.example.com": ("rest5", "rest6"),
    }
    assert {item.key for item in domains.items} == set(led_to(mappings))
    payloads = {item.parent: item.payload for item in mappings.items}
    assert payloads["api.example.com"] == {
        "mappings": [
            {"path": "", "api_id": "http1", "stage": "$default"},
            {"path": "orders/v1", "api_id": "rest1", "stage": "prod"},
        ]
    }
    (rule,) = payloads["rules.example.com"]["routing_rules"]
    assert (rule["priority"], rule["base_paths"], rule["strips_base_path"]) == (7, ["a", "b"], False)
    assert rule["headers"][0][0] == "x-key"
    assert "secret" not in str(payloads)
    # and once more the same answers give the same digests
    again = read(scopes=DOMAINS).readings["domain_mapping"]
    assert mappings.answers is not None
    assert again.answers is not None
    assert mappings.answers.whole() == again.answers.whole()


@pytest.mark.parametrize(("fault", "kind"), KINDS)
@pytest.mark.parametrize(
    ("operation", "scope"),
    [("GetDomainNames", "domain_name"), ("GetUsagePlans", "usage_plan"), ("GetAccount", "account_settings")],
)
def test_a_call_that_fails_fails_its_scope(
    aws: SimulatedAws,
    place: AccountRegion,
    read: Read,
    operation: str,
    scope: str,
    fault: FaultKind,
    kind: FailureKind,
) -> None:
    if fault is FaultKind.NULL_LIST and scope == "account_settings":
        pytest.skip("it lists nothing")
    place.add_api("orders")
    aws.faults.add(fault, operation, seconds=3.0)
    readings = read(scopes=readable(), **patience(fault)).readings
    failed = readings.pop(scope)
    assert failed.status is ScopeStatus.FAILED
    assert failed.failure is not None
    assert failed.failure.kind is kind
    dependent = {"domain_mapping"} if scope == "domain_name" else set()
    assert {name for name, each in readings.items() if each.status is not ScopeStatus.COMPLETE} == dependent


@pytest.mark.parametrize(
    ("operation", "domain"),
    [
        ("v2.GetApiMappings", "api.example.com"),
        ("GetBasePathMappings", "edge.example.com"),
        ("v2.ListRoutingRules", "rules.example.com"),
    ],
)
def test_a_domain_name_whose_mappings_fail_is_unread_and_not_empty(
    aws: SimulatedAws, place: AccountRegion, read: Read, operation: str, domain: str
) -> None:
    place.add_domain_name("api.example.com")
    place.add_domain_name("edge.example.com", endpoint_type="EDGE")
    place.add_domain_name("rules.example.com", routingMode="ROUTING_RULE_ONLY")
    for name in ("api.example.com", "edge.example.com"):
        place.map_api(name, "rest1", "prod")
    aws.faults.add(FaultKind.DENIED, operation)
    readings = read(scopes=DOMAINS).readings
    assert readings["domain_name"].status is ScopeStatus.COMPLETE
    mappings = readings["domain_mapping"]
    assert mappings.status is ScopeStatus.PARTIAL
    assert set(mappings.unread) == {domain}
    assert domain not in led_to(mappings)
    assert len(mappings.items) == 2


def test_a_domain_name_that_goes_meanwhile_is_not_listed(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    place.add_domain_name("api.example.com")
    place.add_domain_name("other.example.com")
    aws.hooks.after("GetDomainNames", lambda _: place.delete_domain_name("other.example.com"))
    readings = read(scopes=DOMAINS).readings
    assert [item.key for item in readings["domain_name"].items] == ["api.example.com"]
    assert list(led_to(readings["domain_mapping"])) == ["api.example.com"]
    assert readings["domain_mapping"].status is ScopeStatus.COMPLETE
    assert readings["domain_name"].answer is None


def test_settings_are_not_asked_for_while_it_is_not_known_whether_there_are_apis(
    aws: SimulatedAws, place: AccountRegion, read: Read
) -> None:
    aws.faults.add(FaultKind.DENIED, "GetRestApis")
    reading = read(scopes=frozenset({"account_settings"})).readings["account_settings"]
    assert reading.status is ScopeStatus.FAILED
    assert "GetAccount" not in asked(aws)


def test_settings_and_usage_plans_are_as_aws_gives_them(place: AccountRegion, read: Read) -> None:
    api = place.add_api("orders").id
    place.set_account(cloudwatch_role_arn="arn:aws:iam::111111111111:role/logs")
    made = place.add_usage_plan("gold", stages=[(api, "prod")], rate_limit=10.5, burst_limit=20)
    readings = read(scopes=readable()).readings
    (settings,) = readings["account_settings"].items
    assert settings.key == "account"
    assert settings.payload["cloudwatchRoleArn"] == "arn:aws:iam::111111111111:role/logs"
    (plan,) = readings["usage_plan"].items
    assert plan.key == made.id
    assert plan.payload["throttle"] == {"rateLimit": 10.5, "burstLimit": 20}
    assert plan.payload["apiStages"] == [{"apiId": api, "stage": "prod"}]
