"""HTTP and WebSocket APIs from AWS to findings: what policies say night by night, and what faults leave standing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from gateledger.cli.entry import execute
from gateledger.nightly.jobs import exit_code
from gateledger.terminal.exits import ExitCode
from simulated_aws import Estate, FaultKind
from tests.support.checks import checksums
from tests.support.nights import ACCOUNT, REGION, MakeNights, Nights, Verdict
from tests.support.published import asff_problems, ocsf_validator

POLICIES = (
    "http-api-stage-access-logging",
    "websocket-api-stage-execution-logging",
    "api-stage-metrics",
    "api-stage-description",
    "api-stage-throttling",
    "websocket-api-stage-client-certificate",
    "api-route-authorization-type",
    "api-integration-private-https",
    "http-api-cors-wildcard",
)
TYPES = ("api", "api_stage", "api_routes", "api_integrations")
ITEMS = tuple(f"cmdb.{table}" for name in TYPES for table in (name, f"{name}_payload", f"{name}_closed"))


#: By region: the call that fails, for which of its three APIs (None: for all), how, and the scopes that must say so.
FAULTS = {
    "eu-west-1": ("v2.GetApis", None, FaultKind.CUT_OFF, frozenset(TYPES)),
    "eu-west-2": ("v2.GetStages", 0, FaultKind.DENIED, frozenset({"api_stage"})),
    "eu-west-3": ("v2.GetRoutes", 1, FaultKind.NULL_LIST, frozenset({"api_routes"})),
    "eu-north-1": ("v2.GetIntegrations", 2, FaultKind.CUT_OFF, frozenset({"api_integrations"})),
    "us-east-2": ("v2.GetStages", None, FaultKind.SERVER_ERROR, frozenset({"api_stage"})),
}


@dataclass(frozen=True)
class Furnished:
    """What is in a region: an HTTP API and a WebSocket API with a stage each, and a further HTTP API."""

    region: str
    http: str
    socket: str
    further: str
    route: str
    connect: str
    linked: str
    certificate: str

    @property
    def apis(self) -> list[str]:
        """The APIs in the order in which they are read."""
        return sorted([self.http, self.socket, self.further])

    def arn(self, api_id: str, *, stage: bool = False) -> str:
        """Return the ARN of an API, or of its stage."""
        return f"arn:aws:apigateway:{self.region}::/apis/{api_id}" + ("/stages/live" if stage else "")

    def arns(self) -> list[str]:
        """Return the ARNs of all APIs and stages."""
        return [self.arn(api_id, stage=stage) for api_id in self.apis for stage in (False, True)]


@pytest.fixture
def estate() -> Estate:
    made = Estate(seed="http")
    made.add_account(ACCOUNT, "Shop", regions=[REGION, *FAULTS], management=True)
    return made


@pytest.fixture
def nights(make_nights: MakeNights) -> Nights:
    return make_nights(policies=",".join(POLICIES))


def furnished(nights: Nights, region: str = REGION) -> Furnished:
    """Furnish a region: nothing in it is right."""
    place = nights.place(region)
    certificate = nights.certificate(place)
    http = place.add_http_api("storefront", corsConfiguration={"allowOrigins": ["*"]}, tags={"team": "shop"})
    linked = place.add_http_integration(
        http.id, "HTTP_PROXY", connectionType="VPC_LINK", connectionId="l1", integrationUri="arn:aws:x"
    )
    route = place.add_route(http.id, "GET /orders", integration_id=linked)
    socket = place.add_http_api("chat", "WEBSOCKET")
    calls = place.add_http_integration(socket.id, "HTTP", integrationUri="https://chat.example.com/in")
    connect = place.add_route(socket.id, "$connect", integration_id=calls)
    further = place.add_http_api("further")
    for api in (http, socket, further):
        place.add_http_stage(api.id, "live")
    return Furnished(region, http.id, socket.id, further.id, route, connect, linked, certificate)


def verdicts(nights: Nights, arn: str) -> dict[str, Verdict]:
    """Return what each policy says of an item now, by the last part of its id."""
    found = nights.rows(
        "SELECT policy_id, status, condition FROM report.finding WHERE account_id = %s AND resource_arn = %s",
        (ACCOUNT, arn),
    )
    return {row["policy_id"].rpartition("/")[2]: (row["status"], row["condition"]) for row in found}


def put_right(nights: Nights, made: Furnished) -> None:
    """Let everything be as the policies ask."""
    place = nights.place(made.region)
    place.update_http_api(made.http, corsConfiguration={"allowOrigins": ["https://shop.example.com"]})
    place.update_route(made.http, made.route, authorizationType="JWT", authorizerId="a1")
    place.update_route(made.socket, made.connect, authorizationType="AWS_IAM")
    place.update_http_integration(
        made.http, made.linked, tlsConfig={"serverNameToVerify": "shop.example.com"}
    )
    place.update_http_stage(made.socket, "live", clientCertificateId=made.certificate)
    for api_id in made.apis:
        level = {"loggingLevel": "ERROR"} if api_id == made.socket else {}
        place.update_http_stage(
            api_id,
            "live",
            description="what customers use",
            accessLogSettings={"destinationArn": "arn:aws:logs:eu-central-1:1:log-group:x", "format": "$x"},
            defaultRouteSettings={
                "detailedMetricsEnabled": True,
                "throttlingRateLimit": 50.0,
                "throttlingBurstLimit": 20,
                **level,
            },
        )


WRONG_STAGE = {
    "http-api-stage-access-logging": ("INCOMPLIANT", "destination_missing"),
    "api-stage-metrics": ("INCOMPLIANT", "metrics_off"),
    "api-stage-description": ("INCOMPLIANT", "description_missing"),
    "api-stage-throttling": ("INCOMPLIANT", "not_throttled"),
}
RIGHT_STAGE = {
    "http-api-stage-access-logging": ("COMPLIANT", "destination_set"),
    "api-stage-metrics": ("COMPLIANT", "metrics_on"),
    "api-stage-description": ("COMPLIANT", "description_given"),
    "api-stage-throttling": ("COMPLIANT", "throttled"),
}
OF_HTTP_STAGE = {
    "websocket-api-stage-execution-logging": ("INAPPLICABLE", "http_api"),
    "websocket-api-stage-client-certificate": ("INAPPLICABLE", "http_api"),
}
OF_SOCKET = {
    "api-integration-private-https": ("INAPPLICABLE", "websocket_api"),
    "http-api-cors-wildcard": ("INAPPLICABLE", "websocket_api"),
}


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """Return what a command prints as JSON, an object or a list of them, or one object a line."""
    capsys.readouterr()
    assert execute([*arguments, "--format", "json"] if "--format" not in arguments else [*arguments]) == 0
    text = capsys.readouterr().out
    found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    return list(found)


def look_at_it_with_every_command(
    nights: Nights, made: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings, explanations, histories, exports and exceptions treat these items as any other."""
    http, stage = made.arn(made.http), made.arn(made.socket, stage=True)
    listed = told(capsys, "findings", "--policy", "api-route-authorization-type")
    assert {row["resource_arn"] for row in listed} == {made.arn(api_id) for api_id in made.apis}
    by_arn = told(capsys, "explain", http, "--policy", "api-route-authorization-type")
    assert [evidence["item"] for evidence in by_arn[0]["evidence"]] == ["api", "api_routes"]
    for text in (
        stage,
        f"{made.socket}/live",
        f"wss://{made.socket}.execute-api.{REGION}.amazonaws.com/live",
    ):
        explained = told(capsys, "explain", text, "--policy", "websocket-api-stage-client-certificate")
        assert explained[0]["condition"] == "certificate_empty"
        assert [
            one.split()[1:3] for one in explained[0]["commands"] if one.startswith("aws apigatewayv2")
        ] == [
            ["apigatewayv2", "update-stage"],
            ["apigatewayv2", "create-deployment"],
        ]
        history = told(capsys, "history", text, "--policy", "api-stage-metrics")
        assert [row["condition"] for row in history] == ["metrics_off"]
    events = told(capsys, "export", "--format", "ocsf")
    assert [list(ocsf_validator().iter_errors(event)) for event in events] == [[]] * len(events)
    assert {event["resources"][0]["type"] for event in events} == {
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Stage",
    }
    (request,) = told(capsys, "export", "--format", "asff")
    assert asff_problems(request) == ""
    kinds = {finding["Resources"][0]["Type"] for finding in request["Findings"]}
    assert kinds == {"AwsApiGatewayV2Api", "AwsApiGatewayV2Stage"}
    since = ["--reason", "Known.", "--owner", "shop", "--until", "2027-06-01"]
    for name, policy, of in (
        ("a", "*cors*", ["--api", "store*"]),
        ("b", "*description", ["--tag", "team=shop"]),
    ):
        assert execute(["exceptions", "add", name, "--policy", policy, *of, *since]) == 0
    covered = nights.rows(
        "SELECT exception_id, resource_arn FROM report.finding WHERE exception_id IS NOT NULL"
    )
    assert {(row["exception_id"], row["resource_arn"]) for row in covered} == {
        ("a", http),
        ("b", made.arn(made.http, stage=True)),
    }


def test_apis_are_judged_from_aws_to_findings_over_four_nights(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given two APIs with everything wrong, when all is put right, undone in part and one API is deleted, then each
    policy follows, findings name API and routes, and a quiet night changes nothing."""
    made = furnished(nights)
    first = nights.night()

    http, socket = made.arn(made.http), made.arn(made.socket)
    http_stage, socket_stage = (made.arn(each, stage=True) for each in (made.http, made.socket))
    assert verdicts(nights, http_stage) == WRONG_STAGE | OF_HTTP_STAGE
    assert verdicts(nights, socket_stage) == WRONG_STAGE | {
        "websocket-api-stage-execution-logging": ("INCOMPLIANT", "logging_off"),
        "websocket-api-stage-client-certificate": ("INCOMPLIANT", "certificate_empty"),
    }
    assert verdicts(nights, http) == {
        "api-route-authorization-type": ("INCOMPLIANT", "route_open"),
        "api-integration-private-https": ("INCOMPLIANT", "link_without_tls"),
        "http-api-cors-wildcard": ("INCOMPLIANT", "any_origin"),
    }
    assert verdicts(nights, socket) == OF_SOCKET | {
        "api-route-authorization-type": ("INCOMPLIANT", "route_open")
    }
    assert exit_code(first) is ExitCode.DONE
    (open_route,) = nights.rows(
        "SELECT message, subjects, rest_api_id, stage_name, api_id, api_name, item_type FROM report.finding "
        "WHERE resource_arn = %s AND condition = 'route_open'",
        (http,),
    )
    assert open_route == {
        "message": f"Anybody may call GET /orders of API {made.http}, for no authorization type is set.",
        "subjects": ["GET /orders"],
        "rest_api_id": None,
        "stage_name": None,
        "api_id": made.http,
        "api_name": "storefront",
        "item_type": "api",
    }
    look_at_it_with_every_command(nights, made, capsys)

    before = checksums(nights.engine, *ITEMS, "compliance.record")
    quiet = nights.night()
    assert checksums(nights.engine, *ITEMS, "compliance.record") == before
    assert quiet.items_changed == 0

    put_right(nights, made)
    nights.night()
    assert verdicts(nights, http_stage) == RIGHT_STAGE | OF_HTTP_STAGE
    assert verdicts(nights, socket_stage) == RIGHT_STAGE | {
        "websocket-api-stage-execution-logging": ("COMPLIANT", "logging_on"),
        "websocket-api-stage-client-certificate": ("COMPLIANT", "certificate_present"),
    }
    assert verdicts(nights, http) == {
        "api-route-authorization-type": ("COMPLIANT", "authorized"),
        "api-integration-private-https": ("COMPLIANT", "link_with_tls"),
        "http-api-cors-wildcard": ("COMPLIANT", "named_origins"),
    }

    nights.place().delete_certificate(made.certificate)
    nights.place().update_route(made.socket, made.connect, authorizationType="NONE")
    nights.place().delete_http_api(made.http)
    nights.night()
    assert verdicts(nights, http) == verdicts(nights, http_stage) == {}
    assert (
        verdicts(nights, socket_stage)["websocket-api-stage-client-certificate"][1] == "certificate_deleted"
    )
    assert verdicts(nights, socket)["api-route-authorization-type"] == ("INCOMPLIANT", "route_open")
    history = nights.rows(
        "SELECT condition FROM report.finding_history WHERE resource_arn = %s AND policy_id LIKE %s "
        "ORDER BY valid_from",
        (http, "%%cors-wildcard"),
    )
    assert [row["condition"] for row in history] == ["any_origin", "named_origins", "api_disappeared"]


def test_a_failing_call_flips_nothing_and_what_stays_unread_becomes_undetermined(
    make_nights: MakeNights,
) -> None:
    """Given a night that read all, when calls fail on a night on which everything changed, then what could not be
    read is as it was and the run ends with 3; after 72 hours it is undetermined, and then it recovers."""
    nights = make_nights(policies=",".join(POLICIES), regions=",".join(FAULTS))
    made = {region: furnished(nights, region) for region in FAULTS}
    nights.night()
    said = {each: verdicts(nights, each) for of in made.values() for each in of.arns()}
    rules = []
    for region, (operation, number, fault, _) in FAULTS.items():
        of = None if number is None else made[region].apis[number]
        rules.append(nights.aws.faults.add(fault, operation, region=region, resource_id=of))
        put_right(nights, made[region])

    summary = nights.night()

    assert exit_code(summary) is ExitCode.INCOMPLETE
    for region, (_, number, _, scopes) in FAULTS.items():
        unread = "failed" if number is None else "partial"
        told = {name: status for name, (status, _) in nights.scopes(region=region).items()}
        assert {name: told[name] for name in TYPES} == {
            name: unread if name in scopes else "complete" for name in TYPES
        }
        of = "" if number is None else made[region].apis[number]
        for arn in made[region].arns():
            for policy, verdict in verdicts(nights, arn).items():
                if of in arn and _rests_on(policy, scopes):
                    assert verdict == said[arn][policy], (region, policy)
                else:
                    assert verdict[0] in {"COMPLIANT", "INAPPLICABLE"}, (region, policy)

    nights.skip(3)
    nights.night()
    stage = made["us-east-2"].arns()[1]
    assert set(verdicts(nights, stage).values()) == {("UNDETERMINED", "inventory_stale")}
    unread_routes = made["eu-west-3"].arn(made["eu-west-3"].apis[1])
    assert verdicts(nights, unread_routes)["api-route-authorization-type"][1] == "routes_unknown"

    nights.mend(*rules)
    assert exit_code(nights.night()) is ExitCode.DONE
    recovered = {verdict[0] for each in said for verdict in verdicts(nights, each).values()}
    assert recovered == {"COMPLIANT", "INAPPLICABLE"}


def _rests_on(policy: str, scopes: frozenset[str]) -> bool:
    """Return whether a verdict may not change while these scopes are not read."""
    needs = {
        "api-route-authorization-type": "api_routes",
        "api-integration-private-https": "api_integrations",
        "http-api-cors-wildcard": "api",
    }.get(policy, "api_stage")
    return bool({needs, "api"} & scopes)
