"""What AWS says, and the verdict that each policy gives: from GetRestApis and GetStages to findings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from cmdb.runs import runs
from cmdb.runs.runs import RunKind, RunStatus, RunTotals
from cmdb.snapshot import AccountKey, AccountReading, AccountRegionSnapshot, Item, Reading, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from collectors import definitions, normalise
from collectors.values import Hasher
from evaluator.catalog.loading import load_catalog
from evaluator.judging.engine import Evaluation, evaluate
from evaluator.judging.preview import preview
from simulated_aws.estate.rest_apis import escaped_policy
from tests.support import items
from tests.support.questions import ask

FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
STALENESS = timedelta(hours=72)
ACCOUNT, REGION = AccountKey("aws", "111122223333"), "eu-west-1"
HASHER = Hasher(b"a key of the tests")
PREFIXES = ("/ce/ca/aws/apigateway/", "/gateledger/aws/apigateway/")
PARAMETERS = {
    "rest-api-stage-tags": {"required": "team"},
    "rest-api-tags": {"required": "team, env"},
    "rest-api-endpoint-type": {"allowed": "REGIONAL"},
}
POLICIES = {policy.id.rpartition("/")[2]: policy for policy in load_catalog().policies}


@dataclass
class Row:
    """What AWS says of an API and one of its stages, and the verdict of one policy."""

    policy: str
    condition: str
    status: str = "INCOMPLIANT"
    stage: dict[str, Any] = field(default_factory=dict)
    api: dict[str, Any] = field(default_factory=dict)
    subjects: list[str] | None = None
    methods: list[str] | None = field(default_factory=lambda: ["GET /orders", "DELETE /orders/{id}"])
    """What its deployment serves; None: it was never read."""
    parts: dict[str, Any] = field(default_factory=dict)
    """What AWS says of the first of these methods."""


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/*",
        **changes,
    }


def policy_of(*statements: dict[str, Any], escaped: bool = True) -> dict[str, str]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"policy": escaped_policy(document) if escaped else json.dumps(document)}


CLOSED = {
    "integration_type": "HTTP_PROXY",
    "uri_scheme": "https",
    "authorization": "AWS_IAM",
    "api_key_required": False,
}
PRIVATE = {"endpointConfiguration": {"types": ["PRIVATE"]}}
FROM_ENDPOINT = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
OK, NA, UNKNOWN = "COMPLIANT", "INAPPLICABLE", "UNDETERMINED"
TRACING, WAF, ACCESS = (
    "rest-api-stage-x-ray-tracing",
    "rest-api-stage-waf-web-acl",
    "rest-api-stage-access-logging",
)
LATE = "rest-api-stage-certificate-attached-late"
SECRETS, TLS, TYPE = "rest-api-stage-variable-secrets", "rest-api-tls-policy", "rest-api-endpoint-type"
OPEN, PRIVATE_POLICY = "rest-api-open-policy", "rest-api-private-policy"

ROWS = [
    Row(TRACING, "tracing_disabled"),
    Row(TRACING, "tracing_disabled", stage={"tracingEnabled": False}),
    Row(TRACING, "tracing_disabled", stage={"tracingEnabled": "yes"}),
    Row(TRACING, "tracing_enabled", OK, stage={"tracingEnabled": True}),
    Row(WAF, "web_acl_missing"),
    Row(WAF, "web_acl_missing", api=PRIVATE),
    Row(WAF, "web_acl_associated", OK, stage={"webAclArn": "arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b"}),
    Row(ACCESS, "destination_missing"),
    Row(ACCESS, "destination_missing", stage={"accessLogSettings": {"format": "$context.requestId"}}),
    Row(ACCESS, "destination_set", OK, stage={"accessLogSettings": {"destinationArn": "arn:aws:firehose:x"}}),
    Row("rest-api-stage-description", "description_missing", stage={"description": " "}),
    Row("rest-api-stage-description", "description_given", OK, stage={"description": "Orders"}),
    Row("rest-api-stage-tags", "tag_missing", stage={"tags": {"Team": "shop"}}, subjects=["team"]),
    Row("rest-api-stage-tags", "tags_present", OK, stage={"tags": {"team": ""}}),
    Row("rest-api-tags", "tag_missing", subjects=["env", "team"]),
    Row("rest-api-tags", "tags_present", OK, api={"tags": {"team": "shop", "env": "prod"}}),
    Row(TLS, "policy_unknown", UNKNOWN),
    Row(TLS, "policy_not_allowed", api={"securityPolicy": "TLS_1_0"}, subjects=["TLS_1_0"]),
    Row(TLS, "policy_allowed", OK, api={"securityPolicy": "SecurityPolicy_TLS13_2025_EDGE"}),
    Row(TYPE, "endpoint_type_not_allowed", api=PRIVATE, subjects=["PRIVATE"]),
    Row(TYPE, "endpoint_type_allowed", OK),
    Row(TYPE, "endpoint_type_unknown", UNKNOWN, api={"endpointConfiguration": {"types": []}}),
    Row(OPEN, "policy_missing", NA),
    Row(OPEN, "policy_unreadable", UNKNOWN, api={"policy": "{not JSON"}),
    Row(OPEN, "policy_unreadable", UNKNOWN, api={"policy": '"text"'}),
    Row(OPEN, "open_policy", api=policy_of(statement()), subjects=["*"]),
    Row(OPEN, "open_policy", api=policy_of(statement(), escaped=False), subjects=["*"]),
    Row(
        OPEN,
        "open_policy",
        api=policy_of(statement(Principal={"AWS": "999988887777"})),
        subjects=["999988887777"],
    ),
    Row(OPEN, "restricted_policy", OK, api=policy_of(statement(Condition=FROM_ENDPOINT))),
    Row(OPEN, "restricted_policy", OK, api=policy_of(statement(Principal={"AWS": "111122223333"}))),
    Row(PRIVATE_POLICY, "not_private", NA),
    Row(PRIVATE_POLICY, "policy_missing", api=PRIVATE),
    Row(PRIVATE_POLICY, "policy_unreadable", UNKNOWN, api={**PRIVATE, "policy": "{not JSON"}),
    Row(PRIVATE_POLICY, "no_vpc_named", api={**PRIVATE, **policy_of(statement())}),
    Row(PRIVATE_POLICY, "vpc_named", OK, api={**PRIVATE, **policy_of(statement(Condition=FROM_ENDPOINT))}),
    Row(LATE, "certificate_empty", NA, stage={"clientCertificateId": " "}),
    Row(LATE, "order_unknown", UNKNOWN, stage={"clientCertificateId": "cert01"}),
    Row(LATE, "deployment_unknown", UNKNOWN, stage={"clientCertificateId": "cert01", "deploymentId": None}),
    Row("rest-api-stage-draft", "draft_unknown", UNKNOWN),
    Row("rest-api-stage-draft", "private_endpoint", NA, api=PRIVATE),
    Row(SECRETS, "no_variables", NA),
    Row(SECRETS, "no_secret_found", OK, stage={"variables": {"url": "backend.example.com"}}),
    Row(
        SECRETS,
        "secret_found",
        stage={"variables": {"dbPassword": "hunter2-hunter2"}},
        subjects=["dbPassword"],
    ),
    Row(
        SECRETS,
        "secret_found",
        stage={"canarySettings": {"stageVariableOverrides": {"apiToken": "q7Zk29xLm3"}}},
        subjects=["apiToken"],
    ),
]

LOGGING, METRICS = "rest-api-stage-execution-logging", "rest-api-stage-detailed-metrics"
CACHE, TRACE = "rest-api-stage-cache-encryption", "rest-api-stage-data-trace"
THROTTLING = "rest-api-stage-throttling"
BOTH = ["DELETE /orders/{id}", "GET /orders"]
DELETE, GET = BOTH


def settings(**entries: Any) -> dict[str, Any]:
    """Return method settings; ``every`` is the entry of all methods, ``own`` that of others by their keys."""
    return {"methodSettings": {"*/*": entries["every"], **entries.get("own", {})}}


LOGS, QUIET = {"loggingLevel": "INFO"}, {"loggingLevel": "OFF"}
COUNTED, TRACED = {"metricsEnabled": True}, {"dataTraceEnabled": True}
OPEN_CACHE = {"cachingEnabled": True, "cacheDataEncrypted": False}
SAFE_CACHE = {"cachingEnabled": True, "cacheDataEncrypted": True}
LIMITED = {"throttlingRateLimit": 10.0, "throttlingBurstLimit": 5}
CLUSTER = {"cacheClusterEnabled": True}

SPELLINGS = [
    ("orders/{id}/DELETE", DELETE),
    ("orders~1{id}/DELETE", DELETE),
    ("~1orders~1{id}/DELETE", DELETE),
    ("~1orders/GET", GET),
    ("/orders/GET", None),
    ("/orders~1{id}/DELETE", None),
    ("orders/POST", None),
    ("orders/get", None),
    ("orders/*", None),
    ("*/GET", None),
]
ROWS += [
    Row(LOGGING, "logging_off", stage=settings(every=LOGS, own={key: QUIET}), subjects=[method])
    if method is not None
    else Row(LOGGING, "logging_on", OK, stage=settings(every=LOGS, own={key: QUIET}))
    for key, method in SPELLINGS
]
ROWS += [
    Row(LOGGING, "logging_off", subjects=BOTH),
    Row(LOGGING, "logging_off", stage=settings(every=QUIET, own={"orders/GET": LOGS}), subjects=[DELETE]),
    Row(LOGGING, "logging_on", OK, stage=settings(every=QUIET, own={"~1/GET": LOGS}), methods=["GET /"]),
    Row(
        LOGGING,
        "logging_on",
        OK,
        stage=settings(every=QUIET, own={"orders/ANY": LOGS}),
        methods=["ANY /orders"],
    ),
    Row(LOGGING, "methods_unknown", UNKNOWN, stage=settings(every=LOGS), methods=None),
    Row(
        LOGGING,
        "methods_unknown",
        UNKNOWN,
        stage={**settings(every=LOGS), "canarySettings": {"deploymentId": "dep2"}},
    ),
    Row(LOGGING, "no_method", NA, methods=[]),
    Row(LOGGING, "unexpected", UNKNOWN, stage={"methodSettings": ["OFF"]}),
    Row(METRICS, "metrics_off", stage=settings(every=COUNTED, own={"orders/GET": {}}), subjects=[GET]),
    Row(METRICS, "metrics_on", OK, stage=settings(every=COUNTED)),
    Row(TRACE, "data_trace_off", OK),
    Row(TRACE, "data_trace_on", stage=settings(every={}, own={"~1orders/GET": TRACED}), subjects=[GET]),
    Row(THROTTLING, "not_throttled", subjects=BOTH),
    Row(THROTTLING, "not_throttled", stage=settings(every={**LIMITED, "throttlingRateLimit": -1.0})),
    Row(THROTTLING, "throttled", OK, stage=settings(every=LIMITED)),
    Row(CACHE, "no_cache", NA, stage=settings(every=OPEN_CACHE)),
    Row(CACHE, "nothing_cached", NA, stage=CLUSTER),
    Row(
        CACHE,
        "cache_not_encrypted",
        stage={**CLUSTER, **settings(every=SAFE_CACHE, own={"orders/GET": OPEN_CACHE})},
    ),
    Row(CACHE, "cache_encrypted", OK, stage={**CLUSTER, **settings(every=SAFE_CACHE)}),
]

HTTPS, VERIFIED = "rest-api-stage-backend-https", "rest-api-stage-backend-tls-verification"
VALIDATED, AUTHORIZED = "rest-api-stage-request-validation", "rest-api-stage-method-authorization"
ANYBODY, UNREAD_CANARY = {"authorization": "NONE"}, {"canarySettings": {"deploymentId": "dep2"}}
ASKING = {"has_required_parameters": True, "has_body_model": True, "validates_body": True}
LAMBDA = {"integration_type": "AWS_PROXY", "uri_scheme": "arn"}
ROWS += [
    Row(HTTPS, "https_only", OK),
    Row(HTTPS, "plain_http", parts={"uri_scheme": "http"}, subjects=[GET]),
    Row(HTTPS, "plain_http", stage=UNREAD_CANARY, parts={"uri_scheme": "http"}),
    Row(HTTPS, "scheme_unknown", UNKNOWN, parts={"uri_scheme": None}, subjects=[GET]),
    Row(HTTPS, "no_http_integration", NA, methods=["GET /orders"], parts=LAMBDA),
    Row(HTTPS, "methods_unknown", UNKNOWN, stage=UNREAD_CANARY),
    Row(VERIFIED, "verification_on", OK),
    Row(VERIFIED, "verification_off", parts={"insecure_skip_verification": True}, subjects=[GET]),
    Row(VERIFIED, "no_http_integration", NA, methods=["GET /orders"], parts=LAMBDA),
    Row(VERIFIED, "methods_unknown", UNKNOWN, methods=None),
    Row(VALIDATED, "nothing_to_validate", NA),
    Row(VALIDATED, "validated", OK, parts={**ASKING, "validates_parameters": True}),
    Row(VALIDATED, "not_validated", parts={**ASKING, "validates_parameters": False}, subjects=[GET]),
    Row(VALIDATED, "validator_unknown", UNKNOWN, parts=ASKING, subjects=[GET]),
    Row(VALIDATED, "methods_unknown", UNKNOWN, stage=UNREAD_CANARY),
    Row(AUTHORIZED, "authorized", OK),
    Row(AUTHORIZED, "authorized", OK, parts={**ANYBODY, "api_key_required": True}),
    Row(AUTHORIZED, "open_method", parts=ANYBODY, subjects=[GET]),
    Row(AUTHORIZED, "open_method", api=policy_of(statement()), parts=ANYBODY, stage=UNREAD_CANARY),
    Row(AUTHORIZED, "policy_restricts", OK, api=policy_of(statement(Condition=FROM_ENDPOINT)), parts=ANYBODY),
    Row(AUTHORIZED, "policy_restricts", OK, api=PRIVATE, parts=ANYBODY),
    Row(AUTHORIZED, "policy_unknown", UNKNOWN, api={"policy": "{not JSON"}, parts=ANYBODY, subjects=[GET]),
    Row(AUTHORIZED, "authorization_unknown", UNKNOWN, parts={"authorization": None}, subjects=[GET]),
    Row(AUTHORIZED, "methods_unknown", UNKNOWN, stage=UNREAD_CANARY),
    Row(AUTHORIZED, "no_method", NA, methods=["OPTIONS /orders"]),
]


def api_record(number: int, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"api{number:07}",
        "name": f"row {number}",
        "endpointConfiguration": {"types": ["REGIONAL"]},
        **changes,
    }


class Nights:
    """Nights on which AWS says of each row what it says."""

    def __init__(self, engine: Engine, rows: Iterable[Row]) -> None:
        self.engine, self.rows, self.as_of = engine, list(rows), FIRST

    def collect(self) -> None:
        """Read all rows as AWS answers them."""
        run = runs.start(self.engine, RunKind.RUN, self.as_of)
        inventory = PostgresInventory(self.engine, run.as_of)
        inventory.store_account(AccountReading(ACCOUNT, "Shop", ScopeStatus.COMPLETE, regions=(REGION,)))
        apis: list[Item] = []
        stages: list[Item] = []
        deployments: list[Item] = []
        for number, row in enumerate(self.rows):
            apis.append(normalise.rest_api(api_record(number, row.api), HASHER))
            record = {"stageName": "prod", "deploymentId": "dep1", **row.stage}
            stages.append(normalise.stage(apis[-1].key, record, HASHER))
            if row.methods is not None:
                served = [dict(zip(("verb", "path"), method.split(), strict=True)) for method in row.methods]
                served = [{**CLOSED, **method} for method in served]
                served[:1] = [{**method, **row.parts} for method in served[:1]]
                deployments.append(definitions.deployment(apis[-1].key, "dep1", served, definitions.EXPORT))
        readings = items.readings(
            rest_apis=Reading(ScopeStatus.COMPLETE, items=apis),
            stages=Reading(ScopeStatus.COMPLETE, items=stages),
            deployments=Reading(ScopeStatus.COMPLETE, items=deployments),
        )
        inventory.store(AccountRegionSnapshot(ACCOUNT, REGION, readings))
        self.run = run

    def judge(self, name: str) -> Evaluation:
        """Judge all items under one policy."""
        return evaluate(
            self.engine,
            POLICIES[name],
            self.run,
            max_staleness=STALENESS,
            parameters=PARAMETERS.get(name, {}),
        )

    def finish(self) -> None:
        scopes = runs.finish_collection(self.engine, self.run)
        runs.finish(self.engine, self.run, RunStatus.COMPLETE, RunTotals(), scopes)
        self.as_of += DAY

    def verdicts(self, name: str) -> dict[str, tuple[str, str, list[str] | None]]:
        """Return status, condition and subjects by API."""
        found = ask(
            self.engine,
            "SELECT rest_api_id, status, condition, subjects FROM report.finding WHERE policy_id = %s",
            [POLICIES[name].id],
        )
        return {one["rest_api_id"]: (one["status"], one["condition"], one["subjects"]) for one in found}


@pytest.mark.both_servers
def test_each_policy_gives_the_verdict_of_its_rows(engine: Engine) -> None:
    nights = Nights(engine, ROWS)
    nights.collect()
    for name in {row.policy for row in ROWS}:
        nights.judge(name)
    nights.finish()

    for number, row in enumerate(ROWS):
        status, condition, subjects = nights.verdicts(row.policy)[f"api{number:07}"]
        assert (number, status, condition) == (number, row.status, row.condition)
        if row.subjects is not None:
            assert subjects == row.subjects


def test_every_policy_of_settings_has_rows_and_judges_each_item_by_what_belongs_to_it() -> None:
    certificates = {"rest-api-stage-ssl-certificate", "rest-api-stage-client-certificate-expiry"}
    # What a whole account-region decides has a story of its own (tests/acceptance/test_domain_names.py).
    whole = {"rest-api-default-endpoint", "domain-name-mutual-tls", "account-logging-role"}
    other = {"domain-name-tls-policy", "usage-plan-throttling"}
    # HTTP and WebSocket APIs have theirs in tests/acceptance/test_http_apis.py.
    http = {name for name, policy in POLICIES.items() if "apigatewayv2" in policy.resource_type}
    assert len(http) == 9
    assert {row.policy for row in ROWS} == POLICIES.keys() - certificates - whole - other - http
    for name, policy in POLICIES.items():
        assert policy.id.startswith(PREFIXES)
        assert (policy.logic.composition.local is None) == (name in whole)


def test_messages_name_what_is_at_fault(engine: Engine) -> None:
    tags = {"a": "", "b": ""}
    nights = Nights(engine, [Row("rest-api-tags", "tag_missing", api={"tags": tags})])
    nights.collect()
    policy = POLICIES["rest-api-tags"]
    required = {"required": "a, b, c, d, e, f, g, h, i"}
    evaluate(engine, policy, nights.run, max_staleness=STALENESS, parameters=required)
    nights.finish()

    (found,) = ask(engine, "SELECT message FROM report.finding")
    assert found["message"] == "REST API api0000000 lacks the tags c, d, e, f, g and 2 more."


def test_what_a_version_lacks_is_filled_in_without_a_change_and_judged_again(engine: Engine) -> None:
    """Given stages of before an upgrade, then the next night knows of their secrets and no stage has changed."""
    rows = [
        Row(SECRETS, "secret_found", stage={"variables": {"dbPassword": "hunter2-hunter2"}}),
        Row(SECRETS, "no_secret_found", stage={"variables": {"url": "backend.example.com"}}),
        Row(SECRETS, "no_variables"),
    ]
    nights = Nights(engine, rows)
    nights.collect()
    ask(engine, "UPDATE cmdb.stage SET secret_variables = NULL RETURNING item_id")
    versions = ask(engine, "SELECT version_id, valid_from, digest FROM cmdb.stage ORDER BY item_id")
    nights.judge(SECRETS)
    nights.finish()
    assert [verdict[1] for verdict in nights.verdicts(SECRETS).values()].count("variables_unknown") == 2

    nights.collect()
    evaluation = nights.judge(SECRETS)
    nights.finish()

    assert (evaluation.mode, evaluation.items, evaluation.changed) == ("incremental", 2, 2)
    conditions = [nights.verdicts(SECRETS)[f"api{number:07}"][1] for number in range(3)]
    assert conditions == [row.condition for row in rows]
    assert ask(engine, "SELECT version_id, valid_from, digest FROM cmdb.stage ORDER BY item_id") == versions
    assert ask(engine, "SELECT count(*) AS n FROM cmdb.stage_closed") == [{"n": 0}]
    assert (
        preview(engine, POLICIES[SECRETS], as_of=nights.as_of, max_staleness=STALENESS, parameters={}) == []
    )

    rows[1].stage["description"] = "Orders"
    nights.collect()
    nights.judge(SECRETS)
    nights.finish()
    held = ask(engine, "SELECT secret_variables, secrets_known_at FROM cmdb.stage ORDER BY item_id")
    assert [one["secret_variables"] for one in held] == [["dbPassword"], [], None]
    assert [one["secrets_known_at"] for one in held] == [FIRST + DAY, None, None]


@pytest.mark.both_servers
@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{\\"a\\":\\"b\\/c\\"}', {"a": "b/c"}),
        ("{not JSON", None),
        ("", None),
        ('{\\"a\\":', None),
        ('{"a": "\\u0000"}', None),
        ("[" * 100_000, None),
    ],
)
def test_json_in_text_is_parsed_or_null(engine: Engine, text: str, parsed: object) -> None:
    assert ask(engine, "SELECT cmdb.json_of_text(%s) AS parsed", [text]) == [{"parsed": parsed}]
