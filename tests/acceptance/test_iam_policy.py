"""What `gateledger iam-policy` prints is exactly what collecting needs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from simulated_aws import Role, SimulatedAws
from tests.support.doses import at_length
from tests.support.nights import ACCOUNT, REGION, Nights

MEMBER = "444455556666"
ROLE = "audit/gateledger-reader"


@pytest.fixture
def printed(bare_environment: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what the command prints."""

    def ask(*options: str) -> str:
        capsys.readouterr()
        assert execute(["iam-policy", *options]) == ExitCode.DONE
        return capsys.readouterr().out

    return ask


def resolved(value: Any, given: dict[str, str]) -> Any:
    """Return a part of the template as CloudFormation would fill it in."""
    if isinstance(value, list):
        return [resolved(each, given) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        return value["Fn::Sub"].replace("${AWS::Partition}", "aws")
    if "Fn::If" in value:
        _condition, then, otherwise = value["Fn::If"]
        return resolved(then if given["ExternalId"] else otherwise, given)
    if "Ref" in value:
        return given[value["Ref"]]
    return {name: resolved(each, given) for name, each in value.items()}


@pytest.fixture
def organization(
    make_nights: Callable[..., Nights], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Nights:
    """Two accounts; the caller and the role in the member account may do what is printed, nothing else."""
    nights = make_nights(accounts="organization", role_name="gateledger-reader")
    nights.aws.estate.add_account(MEMBER, "Payments", regions=[REGION], roles=[Role("gateledger-reader")])
    for account in (ACCOUNT, MEMBER):
        place = nights.place(account_id=account)
        nights.stage("prod", place=place, certificate=nights.certificate(place))
        nights.stage("lost", place=place, certificate="deleted1")
        nights.stage("acm", place=place, certificate=nights.acm_certificate(place))
    for document, account, role in documents(capsys):
        nights.aws.permissions.attach(document, account_id=account, role=role)
    nights.aws.log.clear()
    return nights


def documents(capsys: pytest.CaptureFixture[str]) -> list[tuple[dict[str, Any], str, str | None]]:
    """Return the printed policies, and whom each is given to."""
    capsys.readouterr()
    assert execute(["iam-policy", "--organization"]) == ExitCode.DONE
    own = json.loads(capsys.readouterr().out)
    assert execute(["iam-policy", "--format", "cloudformation"]) == ExitCode.DONE
    template = yaml.safe_load(capsys.readouterr().out)
    properties = template["Resources"]["Reader"]["Properties"]
    role = resolved(
        properties,
        {"ExternalId": "", "RoleName": "gateledger-reader", "TrustedPrincipal": "x", "AWS::NoValue": ""},
    )
    return [(own, ACCOUNT, None), (role["Policies"][0]["PolicyDocument"], MEMBER, role["RoleName"])]


def refusals(aws: SimulatedAws) -> set[tuple[str, int]]:
    """Return operation and status of every call that was refused; some services deny with 400, not 403."""
    return {(operation, status) for operation, status in aws.log.operations() if status >= 400}


def test_collecting_needs_nothing_beyond_what_is_printed(organization: Nights) -> None:
    # when a night is run under exactly these policies
    summary = organization.night()
    # then every kind of call was made, and none was denied
    assert summary.scopes_failed == 0
    assert refusals(organization.aws) == {("GetClientCertificate", 404)}
    asked = {operation for operation, _status in organization.aws.log.operations()}
    assert asked >= {
        *(
            "ListAccounts",
            "AssumeRole",
            "DescribeRegions",
            "GetRestApis",
            "GetStages",
            "GetExport",
            "GetStage",
        ),
        *("GetClientCertificates", "GetClientCertificate", "DescribeCertificate"),
    }
    conditions = {row["condition"] for row in organization.findings()}
    assert {"certificate_present", "certificate_deleted"} <= conditions


@pytest.mark.parametrize(
    ("action", "account"),
    at_length(
        [
            ("apigateway:GET", ACCOUNT),
            ("apigateway:GET", MEMBER),
            ("acm:DescribeCertificate", ACCOUNT),
            ("acm:DescribeCertificate", MEMBER),
            ("ec2:DescribeRegions", ACCOUNT),
            ("ec2:DescribeRegions", MEMBER),
            ("sts:AssumeRole", ACCOUNT),
            ("organizations:ListAccounts", ACCOUNT),
        ],
        # Each action once, in an account of each kind.
        but=lambda row: row[0].startswith(("sts", "organ")) or (row[0][0] == "a") == (row[1] == MEMBER),
    ),
)
def test_one_action_less_is_noticed(
    organization: Nights, action: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # given the printed policies without one of their actions, in one of the accounts
    organization.aws.permissions.clear()
    for document, to, role in documents(capsys):
        kept = [
            statement
            for statement in document["Statement"]
            if to != account or statement["Action"] != [action]
        ]
        organization.aws.permissions.attach({"Statement": kept}, account_id=to, role=role)
    # then the night says so
    if action == "organizations:ListAccounts":
        with pytest.raises(Exception, match="organizations:ListAccounts"):
            organization.night()
        return
    summary = organization.night()
    assert refusals(organization.aws) > {("GetClientCertificate", 404)} or action == "apigateway:GET"
    # The regions of the settings are read all the same when only their list is denied.
    assert summary.scopes_failed > 0 or action == "ec2:DescribeRegions"


def test_every_resource_of_the_policy_is_used(
    organization: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    [(own, _account, _role), _member] = documents(capsys)
    for left_out in own["Statement"][0]["Resource"]:
        # given the policy without one of its resources
        organization.aws.permissions.clear()
        statements = json.loads(json.dumps(own["Statement"]))
        statements[0]["Resource"].remove(left_out)
        organization.aws.permissions.attach({"Statement": statements}, account_id=ACCOUNT)
        # then the night misses it
        assert organization.night().scopes_failed > 0, left_out


def test_what_enabled_policies_read_needs_all_that_is_printed_for_it(
    make_nights: Callable[..., Nights], capsys: pytest.CaptureFixture[str]
) -> None:
    # given every kind of what only some policies read
    policies = (
        "rest-api-default-endpoint",
        "usage-plan-throttling",
        "account-logging-role",
        "api-route-authorization-type",
    )
    nights = make_nights(policies=",".join(policies))
    nights.stage()
    nights.place().add_http_api("orders")
    nights.place().add_domain_name("api.example.com", routingMode="ROUTING_RULE_THEN_BASE_PATH_MAPPING")
    nights.place().add_domain_name("in.example.com", endpoint_type="PRIVATE")
    capsys.readouterr()
    assert execute(["iam-policy"]) == ExitCode.DONE
    printed = json.loads(capsys.readouterr().out)
    nights.aws.permissions.attach(printed, account_id=ACCOUNT)
    # then what is printed is enough, and every resource of it is used
    assert nights.night().scopes_failed == 0
    sids = ("ReadWhatEnabledPoliciesAskFor", "ListRoutingRules")
    parts = [
        (each, name) for each in printed["Statement"] if each["Sid"] in sids for name in each["Resource"]
    ]
    assert len(parts) == 7
    for further, left_out in parts:
        nights.aws.permissions.clear()
        kept = [name for name in further["Resource"] if name != left_out] or ["arn:aws:apigateway:::/none"]
        statements = [
            each if each is not further else {**each, "Resource": kept} for each in printed["Statement"]
        ]
        nights.aws.permissions.attach({"Statement": statements}, account_id=ACCOUNT)
        assert nights.night().scopes_failed > 0, left_out


def complaints(template: str) -> list[str]:
    """Return the linter's errors and warnings; what it calls information is taste."""
    from cfnlint import lint_all  # noqa: PLC0415  half a second, in each process that collects tests

    return [str(match) for match in lint_all(template) if match.rule.id[0] in "EW"]


def test_the_template_passes_the_linter(printed: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    for role_name in (None, "gateledger-reader", ROLE):
        if role_name is not None:
            monkeypatch.setenv("GATELEDGER_ROLE_NAME", role_name)
        text = printed("--format", "cloudformation")
        assert complaints(text) == []
    properties = yaml.safe_load(io.StringIO(text))["Resources"]["Reader"]["Properties"]
    assert properties["Path"] == "/audit/"


def test_the_linter_would_find_a_mistake(printed: Callable[..., str]) -> None:
    wrong = printed("--format", "cloudformation").replace("AssumeRolePolicyDocument:", "AssumeRolePolicy:")
    assert complaints(wrong)


def test_trust_and_external_id_are_parameters(printed: Callable[..., str]) -> None:
    template = yaml.safe_load(printed("--format", "cloudformation"))
    properties = template["Resources"]["Reader"]["Properties"]
    given = {"TrustedPrincipal": "arn:aws:iam::111122223333:role/audit", "RoleName": "r", "AWS::NoValue": ""}
    [trust] = resolved(properties, {**given, "ExternalId": "secret-42"})["AssumeRolePolicyDocument"][
        "Statement"
    ]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/audit"}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "secret-42"}}
    [trust] = resolved(properties, {**given, "ExternalId": ""})["AssumeRolePolicyDocument"]["Statement"]
    assert not trust["Condition"]
    assert template["Parameters"]["ExternalId"]["NoEcho"] is True


def test_the_policy_follows_the_settings(
    printed: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def actions(*options: str) -> list[str]:
        return [action for each in json.loads(printed(*options))["Statement"] for action in each["Action"]]

    reading = ["apigateway:GET", "acm:DescribeCertificate", "ec2:DescribeRegions"]
    assert actions() == ["apigateway:GET", "apigateway:GET", "apigateway:ListRoutingRules", *reading[1:]]
    # where no enabled policy reads more than every run does, there is no right to it
    monkeypatch.setenv("GATELEDGER_POLICIES", "rest-api-stage-*")
    assert actions() == reading
    # without a role's name, other accounts cannot be entered
    assert execute(["iam-policy", "--organization"]) == ExitCode.ERROR
    assert "GATELEDGER_ROLE_NAME" in capsys.readouterr().err
    monkeypatch.setenv("GATELEDGER_ROLE_NAME", ROLE)
    monkeypatch.setenv("GATELEDGER_ACCOUNTS", f"{ACCOUNT},{MEMBER}")
    assert actions() == [*reading, "sts:AssumeRole"]
    entered = json.loads(printed("--partition", "aws-cn"))["Statement"][-1]["Resource"]
    assert entered == [f"arn:aws-cn:iam::{account}:role/{ROLE}" for account in (ACCOUNT, MEMBER)]
    assert actions("--organization") == [*reading, "sts:AssumeRole", "organizations:ListAccounts"]
