"""Domain names, default endpoints, usage plans and the logging role, from AWS to findings over several nights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cmdb.runs import runs
from gateledger.cli.entry import execute
from gateledger.nightly import job as nightly
from gateledger.nightly.forecast import forecast
from gateledger.nightly.jobs import exit_code
from gateledger.terminal.exits import ExitCode
from simulated_aws import FaultKind, SimulatedAws
from tests.acceptance.conftest import MakeNights
from tests.support.checks import breaches
from tests.support.nights import SSL, Nights
from tests.support.published import asff_problems, ocsf_validator

OURS = (
    "rest-api-default-endpoint", "domain-name-tls-policy", "domain-name-mutual-tls", "account-logging-role",
    "usage-plan-throttling",
)  # fmt: skip
ENDPOINT, TLS, MUTUAL, ROLE, PLAN = (f"/gateledger/aws/apigateway/{name}" for name in OURS)
ROLE_ARN = "arn:aws:iam::111122223333:role/api-gateway-logs"
#: The calls that further item types take, and the scopes that each of them leaves unread.
CALLS = {
    "GetDomainNames": {"domain_name", "domain_mapping"},
    "v2.GetApiMappings": {"domain_mapping"},
    "GetBasePathMappings": {"domain_mapping"},
    "v2.ListRoutingRules": {"domain_mapping"},
    "GetUsagePlans": {"usage_plan"},
    "GetAccount": {"account_settings"},
}


@pytest.fixture
def nights(make_nights: MakeNights) -> Nights:
    return make_nights(policies=",".join([SSL, *OURS]))


def said(nights: Nights) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what is said now under the policies of this story, by policy and the end of the ARN."""
    return {
        (found["policy_id"], found["resource_arn"].rpartition("/")[2]): (found["status"], found["condition"])
        for found in nights.findings()
        if found["policy_id"] != SSL
    }


PLACES = {
    TLS: "domainnames/edge.example.com",
    ROLE: "account",
    MUTUAL: "domainnames/api.example.com",
}


def changes(policy: str, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what explain says that changed when the status of an item began."""
    capsys.readouterr()
    arn = f"arn:aws:apigateway:eu-central-1::/{name}"
    assert execute(["explain", arn, "--policy", policy, "--format", "json"]) == ExitCode.DONE
    (told,) = json.loads(capsys.readouterr().out)
    (change,) = told["changed_then"]
    return str(change)


def exported(form: str, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert execute(["export", "--format", form, *options]) == ExitCode.DONE
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_domain_names_usage_plans_and_settings_are_judged_and_no_fault_flips_a_verdict(
    nights: Nights, aws: SimulatedAws, capsys: pytest.CaptureFixture[str]
) -> None:
    place = nights.place()
    # given an API behind a domain name with mutual TLS, one behind rules, one behind none, and a stage that logs
    orders, rules, alone = (nights.stage().api_id for _ in range(3))
    place.update_stage(orders, "prod", methodSettings={"*/*": {"loggingLevel": "INFO"}})
    place.add_domain_name(
        "api.example.com", mutualTlsAuthentication={"truststoreUri": "s3://trust/store.pem"}
    )
    first = place.map_api("api.example.com", orders, "prod", path="orders/v1")
    place.add_domain_name("edge.example.com", endpoint_type="EDGE", securityPolicy="TLS_1_0")
    place.add_domain_name("rules.example.com", routingMode="ROUTING_RULE_THEN_BASE_PATH_MAPPING")
    place.add_routing_rule("rules.example.com", rules, "prod", priority=1)
    place.update_api(rules, disableExecuteApiEndpoint=True)
    plan = place.add_usage_plan("gold", stages=[(orders, "prod")], rate_limit=10.0)
    # when a night is lived, then each is judged
    assert exit_code(nights.night()) == ExitCode.DONE
    expected = {
        (ENDPOINT, orders): ("INCOMPLIANT", "endpoint_enabled"),
        (ENDPOINT, rules): ("COMPLIANT", "endpoint_disabled"),
        (ENDPOINT, alone): ("INAPPLICABLE", "no_domain_name"),
        (TLS, "api.example.com"): ("INAPPLICABLE", "mutual_tls"),
        (TLS, "edge.example.com"): ("INCOMPLIANT", "policy_not_allowed"),
        (TLS, "rules.example.com"): ("INCOMPLIANT", "policy_not_allowed"),
        (MUTUAL, "api.example.com"): ("INCOMPLIANT", "default_endpoint_open"),
        (MUTUAL, "edge.example.com"): ("INAPPLICABLE", "no_mutual_tls"),
        (MUTUAL, "rules.example.com"): ("INAPPLICABLE", "no_mutual_tls"),
        (ROLE, "account"): ("INCOMPLIANT", "role_missing"),
        (PLAN, plan.id): ("INCOMPLIANT", "rate_unlimited"),
    }
    assert said(nights) == expected
    messages = {found["policy_id"]: found["message"] for found in nights.findings()}
    assert f"the logs of {orders}/prod are not written" in messages[ROLE]
    assert messages[PLAN] == "Usage plan gold has no limit for burst."

    # and each finding is exported as what it is, by the published schemas
    events = exported("ocsf", capsys)
    assert [list(ocsf_validator().iter_errors(event)) for event in events] == [[]] * len(events)
    types = {event["resources"][0]["type"] for event in events}
    assert types >= {"AWS::ApiGateway::DomainName", "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::Account"}
    past = exported("ocsf", capsys, "--history")
    assert {one["finding_info"]["uid"] for one in past} == {one["finding_info"]["uid"] for one in events}
    (request,) = exported("asff", capsys)
    assert asff_problems(request) == ""
    assert {one["Resources"][0]["Type"] for one in request["Findings"]} == {
        "AwsApiGatewayStage", "AwsApiGatewayRestApi", "Other",
    }  # fmt: skip

    # when one call after the other fails for a night, then nothing flips and the run says what is missing
    for operation, unread in CALLS.items():
        rule = aws.faults.add(FaultKind.DENIED, operation)
        summary = nights.night()
        assert exit_code(summary) == ExitCode.INCOMPLETE
        assert {failed.item_type for failed in summary.failures} == unread
        assert said(nights) == expected
        nights.mend(rule)
    summary = nights.night()
    assert (exit_code(summary), summary.items_changed, summary.findings_changed) == (ExitCode.DONE, 0, 0)

    # when all of it is set right, then all is well
    place.update_api(orders, disableExecuteApiEndpoint=True)
    place.update_domain_name("edge.example.com", securityPolicy="SecurityPolicy_TLS13_2025_EDGE")
    place.set_account(cloudwatch_role_arn=ROLE_ARN)
    place.update_usage_plan(plan.id, throttle={"rateLimit": 10.0, "burstLimit": 20})
    assert exit_code(nights.night()) == ExitCode.DONE
    right = {key: verdict for key, verdict in said(nights).items() if verdict[0] != "INAPPLICABLE"}
    assert {verdict[0] for key, verdict in right.items() if key[1] != "rules.example.com"} == {"COMPLIANT"}
    # and what changed is named, or what may have: the API behind a domain name is beside the evidence
    changed = {policy: changes(policy, name, capsys) for policy, name in PLACES.items()}
    assert changed[TLS].startswith("The domain name changed, or first read, then: ")
    assert changed[ROLE].startswith("The settings of API Gateway changed, or first read, then: ")
    assert changed[MUTUAL].startswith("Nothing in the evidence: HTTP or WebSocket API, REST API changed, ")
    assert changes(PLAN, f"usageplans/{plan.id}", capsys).startswith(
        "The usage plan changed, or first read, then: "
    )

    # when things go, then they are gone, and what they led to is on its own
    place.unmap_api("api.example.com", first)
    place.delete_domain_name("rules.example.com")
    place.delete_usage_plan(plan.id)
    nights.night()
    assert said(nights)[ENDPOINT, orders] == ("INAPPLICABLE", "no_domain_name")
    assert said(nights)[ENDPOINT, rules] == ("INAPPLICABLE", "no_domain_name")
    assert changes(PLAN, f"usageplans/{plan.id}", capsys) == "It was found gone."
    live = nights.rows(
        "SELECT item_type, name FROM report.item WHERE disappeared_at IS NULL "
        "AND item_type IN ('domain_name', 'domain_mapping', 'usage_plan', 'account_settings') ORDER BY 1, 2"
    )
    assert [(one["item_type"], one["name"]) for one in live] == [
        ("account_settings", "account"),
        ("domain_mapping", None),
        ("domain_mapping", None),
        ("domain_name", "api.example.com"),
        ("domain_name", "edge.example.com"),
    ]


def test_what_nothing_asks_for_is_not_read_fails_nothing_and_goes_on_where_it_stood(
    nights: Nights, aws: SimulatedAws
) -> None:
    place = nights.place()
    orders = nights.stage().api_id
    place.add_domain_name("api.example.com")
    place.map_api("api.example.com", orders, "prod")
    place.add_usage_plan("gold")
    nights.night()
    versions = "SELECT version_id FROM cmdb.domain_name UNION ALL SELECT version_id FROM cmdb.domain_mapping"
    before = nights.rows(versions)
    further = {"domain_name", "domain_mapping", "usage_plan", "account_settings"}
    assert further <= nights.scopes().keys()
    # when the policies are switched off, all but one that needs domain names and no mappings
    whole = nights.settings
    nights.settings = whole.model_copy(update={"policies": (SSL, TLS)})
    aws.log.clear()
    told = forecast(nights.engine, nightly.collection_plan(nights.settings)).total()
    # and the night's run is killed before it reads anything, and repeated
    runs.start(nights.engine, runs.RunKind.RUN, nights.as_of(nights.day + 1))
    assert exit_code(nights.night()) == ExitCode.DONE
    # then only what it needs is asked, as the forecast says, and what is known of the rest stays
    assert (told["domain_name_calls"], told["domain_mapping_calls"], told["usage_plan_calls"]) == (1, 0, 0)
    assert nights.asked("GetDomainNames") == 1
    assert sum(nights.asked(operation) for operation in CALLS) == 1
    scopes = nights.scopes()
    assert scopes["domain_name"] == ("complete", None)
    assert {scopes[scope] for scope in further - {"domain_name"}} == {("skipped", "not_wanted")}
    assert breaches(nights.engine) == []
    assert nights.rows(versions) == before
    # and a night on which the account cannot be read says nothing of it either
    rules = [aws.faults.add(FaultKind.DENIED, name) for name in ("DescribeRegions", "ListRegions")]
    nights.settings = whole.model_copy(update={"policies": (SSL, TLS), "regions": "enabled"})
    assert exit_code(nights.night()) == ExitCode.INCOMPLETE
    assert nights.scopes()["usage_plan"] == ("skipped", "not_wanted")
    nights.mend(*rules)
    # when they are switched on again, then it goes on where it stood
    nights.settings = whole
    told = forecast(nights.engine, nightly.collection_plan(nights.settings)).total()
    aws.log.clear()
    assert exit_code(nights.night()) == ExitCode.DONE
    assert nights.rows(versions) == before
    assert {scope: nights.scopes()[scope][0] for scope in further} == dict.fromkeys(further, "complete")
    made = {"domain_name": "GetDomainNames", "domain_mapping": "v2.GetApiMappings"}
    made |= {"usage_plan": "GetUsagePlans", "account_settings": "GetAccount"}
    assert {scope: told[f"{scope}_calls"] for scope in made} == {
        scope: nights.asked(operation) for scope, operation in made.items()
    }
    assert said(nights)[ENDPOINT, orders] == ("INCOMPLIANT", "endpoint_enabled")
    # when the last API and domain name go, then the settings concern nothing any more
    place.delete_api(orders)
    place.delete_domain_name("api.example.com")
    aws.log.clear()
    nights.night()
    assert nights.asked("GetAccount") == 0
    gone = nights.rows("SELECT disappeared_at FROM report.account_settings")
    assert [nights.day_of(one["disappeared_at"]) for one in gone] == [nights.day]


def test_what_was_never_read_is_undetermined_and_read_by_name_without_a_policy(nights: Nights) -> None:
    place = nights.place()
    orders = nights.stage().api_id
    place.add_domain_name(
        "api.example.com", mutualTlsAuthentication={"truststoreUri": "s3://trust/store.pem"}
    )
    place.map_api("api.example.com", orders, "prod")
    nights.aws.faults.add(FaultKind.DENIED, "v2.GetApiMappings")
    assert exit_code(nights.night()) == ExitCode.INCOMPLETE
    assert said(nights)[ENDPOINT, orders] == ("UNDETERMINED", "domain_names_unknown")
    assert said(nights)[MUTUAL, "api.example.com"] == ("UNDETERMINED", "apis_unknown")
    nights.aws.faults.clear()
    # when no policy asks for usage plans and the setting does, then they are read
    nights.settings = nights.settings.model_copy(update={"policies": (SSL,), "item_types": ("usage_plan",)})
    place.add_usage_plan("gold")
    nights.night()
    assert nights.scopes()["usage_plan"] == ("complete", None)
    assert [one["name"] for one in nights.rows("SELECT name FROM report.usage_plan")] == ["gold"]
