"""Domain names, account settings, usage plans, and the tags of accounts."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulated_aws import AccountRegion, Estate, SimulatedAws

MANAGEMENT, MEMBER = "111111111111", "222222222222"


@pytest.fixture
def v2(client: Any) -> Any:
    return client("apigatewayv2")


def test_a_domain_name_shows_its_kind_and_settings(gateway: Any, place: AccountRegion) -> None:
    place.add_domain_name(
        "api.example.com",
        certificate_arn="arn:aws:acm:eu-west-1:1:certificate/x",
        securityPolicy="TLS_1_2",
        mutualTlsAuthentication={
            "truststoreUri": "s3://b/k",
            "truststoreWarnings": ["a certificate expired"],
        },
        tags={"team": "a"},
    )
    place.add_domain_name("edge.example.com", endpoint_type="EDGE")
    place.add_domain_name(
        "new.example.com",
        securityPolicy="SecurityPolicy_TLS13_1_3_2025_09",
        endpointAccessMode="STRICT",
        routingMode="ROUTING_RULE_ONLY",
    )
    private = place.add_domain_name("in.example.com", endpoint_type="PRIVATE", policy="{}")

    read = {each["domainName"]: each for each in gateway.get_domain_names()["items"]}

    regional, edge = read["api.example.com"], read["edge.example.com"]
    assert regional["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert regional["regionalCertificateArn"] == "arn:aws:acm:eu-west-1:1:certificate/x"
    assert regional["mutualTlsAuthentication"]["truststoreWarnings"] == ["a certificate expired"]
    assert regional["tags"] == {"team": "a"}
    assert regional["routingMode"] == "BASE_PATH_MAPPING_ONLY"
    assert regional["domainNameArn"] == "arn:aws:apigateway:eu-west-1::/domainnames/api.example.com"
    assert edge["distributionDomainName"].endswith(".cloudfront.net")
    assert "regionalDomainName" not in edge
    assert read["new.example.com"]["securityPolicy"] == "SecurityPolicy_TLS13_1_3_2025_09"
    assert read["new.example.com"]["endpointAccessMode"] == "STRICT"
    assert read["new.example.com"]["routingMode"] == "ROUTING_RULE_ONLY"
    assert read["in.example.com"]["domainNameId"] == private.id
    assert read["in.example.com"]["domainNameArn"].endswith(
        f":{MANAGEMENT}:/domainnames/in.example.com+{private.id}"
    )


def test_the_second_api_shows_public_domain_names_its_own_way(
    gateway: Any, v2: Any, place: AccountRegion
) -> None:
    place.add_domain_name(
        "api.example.com",
        routingMode="ROUTING_RULE_THEN_BASE_PATH_MAPPING",
        mutualTlsAuthentication={"truststoreUri": "s3://b/k"},
    )
    place.add_domain_name("in.example.com", endpoint_type="PRIVATE")

    (read,) = v2.get_domain_names()["Items"]

    assert read["DomainName"] == "api.example.com"
    assert read["RoutingMode"] == "ROUTING_RULE_THEN_API_MAPPING"
    assert read["MutualTlsAuthentication"] == {"TruststoreUri": "s3://b/k"}
    assert read["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"
    assert read["DomainNameConfigurations"][0]["EndpointType"] == "REGIONAL"
    assert len(gateway.get_domain_names()["items"]) == 2


def test_mappings_lead_to_stages_of_every_kind_of_api(gateway: Any, v2: Any, place: AccountRegion) -> None:
    rest, http = place.add_api("rest"), place.add_http_api("http")
    key = place.add_domain_name("api.example.com").key
    place.map_api(key, rest.id, "prod")
    place.map_api(key, rest.id, "prod", path="orders")
    deep = place.map_api(key, rest.id, "prod", path="orders/v1")
    place.map_api(key, http.id, "$default", path="http")

    first = gateway.get_base_path_mappings(domainName="api.example.com")["items"]
    second = v2.get_api_mappings(DomainName="api.example.com")["Items"]

    assert first == [
        {"basePath": "(none)", "restApiId": rest.id, "stage": "prod"},
        {"basePath": "orders", "restApiId": rest.id, "stage": "prod"},
    ]
    assert {(each["ApiMappingKey"], each["ApiId"]) for each in second} == {
        ("", rest.id),
        ("orders", rest.id),
        ("orders/v1", rest.id),
        ("http", http.id),
    }
    with pytest.raises(ValueError, match="somewhere already"):
        place.map_api(key, http.id, "$default", path="orders")
    place.unmap_api(key, deep)
    assert len(v2.get_api_mappings(DomainName="api.example.com")["Items"]) == 3


def test_a_private_domain_name_is_found_by_its_id(
    aws: SimulatedAws, gateway: Any, v2: Any, place: AccountRegion
) -> None:
    api = place.add_api("inside")
    first = place.add_domain_name("in.example.com", endpoint_type="PRIVATE")
    place.add_domain_name("in.example.com", endpoint_type="PRIVATE")
    place.map_api(first.key, api.id, "prod")

    found = gateway.get_base_path_mappings(domainName="in.example.com", domainNameId=first.id)["items"]

    assert [each["restApiId"] for each in found] == [api.id]
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_base_path_mappings(domainName="in.example.com")
    aws.permissions.allow("apigateway:GET", resources=["arn:aws:apigateway:*::/*"])
    with pytest.raises(
        ClientError, match=rf"{MANAGEMENT}:/domainnames/in.example.com\+{first.id}/routingrules"
    ):
        v2.list_routing_rules(DomainName="in.example.com", DomainNameId=first.id)
    # IAM has an action of its own for it
    resources = [f"arn:aws:apigateway:eu-west-1:{MANAGEMENT}:/domainnames/*"]
    aws.permissions.allow("apigateway:GET", resources=resources)
    with pytest.raises(ClientError, match="apigateway:ListRoutingRules"):
        v2.list_routing_rules(DomainName="in.example.com", DomainNameId=first.id)
    aws.permissions.allow("apigateway:ListRoutingRules", resources=resources)
    assert v2.list_routing_rules(DomainName="in.example.com", DomainNameId=first.id)["RoutingRules"] == []


def test_routing_rules_come_by_priority(v2: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    domain = place.add_domain_name("api.example.com", routingMode="ROUTING_RULE_ONLY")
    last = place.add_routing_rule(domain.key, api.id, "prod", priority=1000)
    first = place.add_routing_rule(
        domain.key, api.id, "dev", priority=50, base_paths=["orders"], headers=[("x-beta", "1*")]
    )

    rules = v2.list_routing_rules(DomainName="api.example.com")["RoutingRules"]
    pages = list(
        v2.get_paginator("list_routing_rules").paginate(
            DomainName="api.example.com", PaginationConfig={"PageSize": 1}
        )
    )

    assert [each["RoutingRuleId"] for each in rules] == [first, last]
    assert rules[0]["Actions"][0]["InvokeApi"] == {"ApiId": api.id, "Stage": "dev", "StripBasePath": False}
    assert {"MatchBasePaths": {"AnyOf": ["orders"]}} in rules[0]["Conditions"]
    assert rules[1]["Conditions"] == []
    assert rules[1]["RoutingRuleArn"].endswith(f"/domainnames/api.example.com/routingrules/{last}")
    assert [len(page["RoutingRules"]) for page in pages] == [1, 1]
    with pytest.raises(ValueError, match="priority 50"):
        place.add_routing_rule(domain.key, api.id, "prod", priority=50)
    place.delete_routing_rule(domain.key, first)
    assert len(v2.list_routing_rules(DomainName="api.example.com")["RoutingRules"]) == 1


def test_domain_names_change_go_and_come_back(gateway: Any, place: AccountRegion) -> None:
    key = place.add_domain_name("api.example.com").key
    place.update_domain_name(
        key, securityPolicy="TLS_1_0", mutualTlsAuthentication={"truststoreUri": "s3://b/k"}
    )

    def read() -> list[tuple[str, bool]]:
        return [
            (each["securityPolicy"], "mutualTlsAuthentication" in each)
            for each in gateway.get_domain_names()["items"]
        ]

    assert read() == [("TLS_1_0", True)]
    with pytest.raises(ValueError, match="mutual TLS does not go"):
        place.update_domain_name(key, securityPolicy="SecurityPolicy_TLS13_1_3_2025_09")
    place.clear_domain_name(key, "mutualTlsAuthentication")
    assert read() == [("TLS_1_0", False)]
    place.delete_domain_name(key)
    assert read() == []
    with pytest.raises(gateway.exceptions.NotFoundException, match="domain name"):
        gateway.get_base_path_mappings(domainName="api.example.com")
    place.restore_domain_name(key)
    assert read() == [("TLS_1_0", False)]


def test_a_domain_name_that_cannot_be_is_refused(place: AccountRegion) -> None:
    place.add_domain_name("api.example.com")

    with pytest.raises(ValueError, match="already"):
        place.add_domain_name("api.example.com")
    with pytest.raises(ValueError, match="endpoint type"):
        place.add_domain_name("x.example.com", endpoint_type="LUNAR")
    with pytest.raises(ValueError, match="routing mode"):
        place.add_domain_name("x.example.com", routingMode="ANY")
    with pytest.raises(ValueError, match="no field"):
        place.add_domain_name("x.example.com", colour="red")


def test_account_settings_have_no_logging_role_until_it_is_set(
    aws: SimulatedAws, gateway: Any, place: AccountRegion
) -> None:
    before = gateway.get_account()
    place.set_account(cloudwatch_role_arn="arn:aws:iam::111111111111:role/logs", rate_limit=500.0)
    after = gateway.get_account()

    assert "cloudwatchRoleArn" not in before
    assert before["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    assert before["features"] == ["UsagePlans"]
    assert after["cloudwatchRoleArn"].endswith(":role/logs")
    assert after["throttleSettings"]["rateLimit"] == 500.0
    aws.permissions.allow("apigateway:GET", resources=["arn:aws:apigateway:*::/restapis"])
    with pytest.raises(ClientError, match="apigateway:eu-west-1::/account"):
        gateway.get_account()


def test_usage_plans_show_limits_quota_and_stages(gateway: Any, place: AccountRegion) -> None:
    api = place.add_api("orders")
    plan = place.add_usage_plan(
        "gold",
        stages=[(api.id, "prod")],
        rate_limit=10.0,
        burst_limit=20,
        quota={"limit": 1000, "offset": 0, "period": "DAY"},
        tags={"team": "a"},
    )
    for number in range(30):
        place.add_usage_plan(f"plan {number}")

    pages = list(gateway.get_paginator("get_usage_plans").paginate())
    read = {each["id"]: each for page in pages for each in page["items"]}

    assert [len(page["items"]) for page in pages] == [25, 6]
    assert read[plan.id]["throttle"] == {"rateLimit": 10.0, "burstLimit": 20}
    assert read[plan.id]["quota"] == {"limit": 1000, "offset": 0, "period": "DAY"}
    assert read[plan.id]["apiStages"] == [{"apiId": api.id, "stage": "prod"}]
    assert sum("throttle" not in each for each in read.values()) == 30
    place.update_usage_plan(plan.id, throttle=None, description="for all")
    place.delete_usage_plan(next(key for key in read if key != plan.id))
    now = {each["id"]: each for each in gateway.get_usage_plans(limit=500)["items"]}
    assert len(now) == 30
    assert "throttle" not in now[plan.id]
    place.restore_usage_plan(next(key for key in read if key not in now))
    assert len(gateway.get_usage_plans(limit=500)["items"]) == 31


def test_the_organization_lists_the_tags_of_an_account(
    aws: SimulatedAws, client: Any, estate: Estate
) -> None:
    estate.add_account("333333333333", "tagged", tags={"owner": "team-a"})
    estate.set_tags(MEMBER, {"owner": "team-b", "env": "prod"})
    estate.leave_organization("333333333333")
    organizations = client("organizations")

    def tags(account: str) -> list[tuple[str, str]]:
        pages = organizations.get_paginator("list_tags_for_resource").paginate(ResourceId=account)
        return [(each["Key"], each["Value"]) for page in pages for each in page["Tags"]]

    assert tags(MANAGEMENT) == []
    assert tags(MEMBER) == [("env", "prod"), ("owner", "team-b")]
    estate.page_limit = 1
    assert tags(MEMBER) == [("env", "prod"), ("owner", "team-b")]
    for gone in ("333333333333", "999999999999"):
        with pytest.raises(ClientError, match="TargetNotFoundException"):
            tags(gone)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client("organizations", account=MEMBER).list_tags_for_resource(ResourceId=MEMBER)
    aws.faults.add("missing_list_key", "ListTagsForResource", times=1)
    assert "Tags" not in organizations.list_tags_for_resource(ResourceId=MEMBER)
    aws.permissions.allow("organizations:ListAccounts")
    with pytest.raises(ClientError, match="not authorized to perform: organizations:ListTagsForResource"):
        organizations.list_tags_for_resource(ResourceId=MEMBER)


@pytest.mark.parametrize(
    ("operation", "call", "arguments", "key"),
    [
        ("GetDomainNames", "get_domain_names", {}, "items"),
        ("GetBasePathMappings", "get_base_path_mappings", {"domainName": "api.example.com"}, "items"),
        ("GetAccount", "get_account", {}, "throttleSettings"),
        ("GetUsagePlans", "get_usage_plans", {}, "items"),
    ],
)
@pytest.mark.parametrize("fault", ["cut_off", "malformed_json", "missing_list_key", "null_list"])
def test_a_damaged_answer_comes_without_what_matters(
    aws: SimulatedAws,
    gateway: Any,
    place: AccountRegion,
    operation: str,
    call: str,
    arguments: dict[str, str],
    key: str,
    fault: str,
) -> None:
    place.add_domain_name("api.example.com")
    aws.faults.add(fault, operation, times=1)

    assert key not in getattr(gateway, call)(**arguments)
    assert key in getattr(gateway, call)(**arguments)
