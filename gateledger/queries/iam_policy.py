"""The rights in AWS that collecting needs, and no more: as an IAM policy, or as a role for every account.

Actions and resources are those of the Service Authorization Reference (Amazon API Gateway Management and V2, AWS
Certificate Manager, Amazon EC2, AWS STS, AWS Organizations). GetCallerIdentity needs no right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from cmdb.errors import GateledgerError

#: What every run reads.
_ALWAYS = ("restapis", "restapis/*", "clientcertificates", "clientcertificates/*")
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
#: The role's name in the template unless the settings name one.
DEFAULT_ROLE = "gateledger-reader"


class RoleMissing(GateledgerError):
    """The accounts' role is not named; set GATELEDGER_ROLE_NAME."""


def reading(partition: Any, scopes: Iterable[str]) -> list[dict[str, Any]]:
    """Return the statements for reading these scopes of one account; ``partition`` is text, or a placeholder in it."""
    return [
        {
            "Sid": "ReadRestApisAndClientCertificates",
            "Effect": "Allow",
            "Action": ["apigateway:GET"],
            "Resource": [f"arn:{partition}:apigateway:*::/{name}" for name in _ALWAYS],
        },
        *_further(partition, scopes),
        {
            "Sid": "LookAtCertificatesThatStagesName",
            "Effect": "Allow",
            "Action": ["acm:DescribeCertificate"],
            "Resource": [f"arn:{partition}:acm:*:*:certificate/*"],
        },
        {
            "Sid": "ListEnabledRegions",
            "Effect": "Allow",
            "Action": ["ec2:DescribeRegions"],
            "Resource": ["*"],
        },
    ]


def _further(partition: Any, scopes: Iterable[str]) -> list[dict[str, Any]]:
    """Return the statements for what only some runs read, if they do."""
    from collectors.readers import further

    by_action: dict[str, list[str]] = {}
    for reader in further(scopes):
        named = [("apigateway:GET", "", name) for name in reader.resources if name not in _ALWAYS]
        named += [("apigateway:GET", "*", name) for name in reader.of_accounts]
        named += [(action, "*", name) for action, name in reader.actions.items()]
        for action, account, name in named:
            resource = f"arn:{partition}:apigateway:*:{account}:/{name}"
            by_action.setdefault(action, []).append(resource)
    sids = {"apigateway:GET": "ReadWhatEnabledPoliciesAskFor"}
    return [
        {
            "Sid": sids.get(action, action.rpartition(":")[2]),
            "Effect": "Allow",
            "Action": [action],
            "Resource": list(dict.fromkeys(resources)),
        }
        for action, resources in by_action.items()
    ]


def caller_policy(
    accounts: Literal["self", "organization"] | tuple[str, ...],
    role_name: str | None,
    scopes: Iterable[str],
    partition: str = "aws",
    *,
    account_tags: bool = False,
) -> dict[str, Any]:
    """Return the policy of whoever runs gateledger: reads its own account, enters the others.

    ``account_tags``: it reads the tags of accounts, which may name owners.

    Raises ``RoleMissing`` when accounts are to be entered and no role is named.
    """
    statements = reading(partition, scopes)
    if accounts != "self":
        if role_name is None:
            raise RoleMissing(
                "The role to assume in other accounts is not named: set GATELEDGER_ROLE_NAME, for example "
                f"{DEFAULT_ROLE}."
            )
        named = ["*"] if accounts == "organization" else list(accounts)
        statements.append(
            {
                "Sid": "EnterTheAccounts",
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Resource": [f"arn:{partition}:iam::{account}:role/{role_name}" for account in named],
            }
        )
    if accounts == "organization":
        statements.append(
            {
                "Sid": "ListTheOrganization",
                "Effect": "Allow",
                "Action": ["organizations:ListAccounts"],
                "Resource": ["*"],
            }
        )
    if account_tags:
        statements.append(
            {
                "Sid": "ReadTagsOfAccounts",
                "Effect": "Allow",
                "Action": ["organizations:ListTagsForResource"],
                "Resource": [f"arn:{partition}:organizations::*:account/*"],
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def role_template(role_name: str | None, scopes: Iterable[str]) -> dict[str, Any]:
    """Return a CloudFormation template of the role that is assumed in every account, fit for a StackSet."""
    path, _, name = (role_name or DEFAULT_ROLE).rpartition("/")
    statements = [
        {**statement, "Resource": [_substituted(each) for each in statement["Resource"]]}
        for statement in reading("${AWS::Partition}", scopes)
    ]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": (
            "Role with which gateledger reads this account: API Gateway and the ACM certificates that stages "
            "name. It can change nothing."
        ),
        "Parameters": {
            "TrustedPrincipal": {
                "Type": "String",
                "Description": "ARN of the role or user that gateledger runs as, in the auditing account.",
                "AllowedPattern": "arn:aws[a-z-]*:iam::\\d{12}:(root|(role|user)/.+)",
                "ConstraintDescription": "has to be the ARN of a role, a user or an account's root",
            },
            "ExternalId": {
                "Type": "String",
                "Default": "",
                "NoEcho": True,
                "Description": "What GATELEDGER_EXTERNAL_ID is set to; empty: none is requested.",
                "AllowedPattern": "([\\w+=,.@:/-]{2,1224})?",
            },
            "RoleName": {
                "Type": "String",
                "Default": name,
                "Description": "What GATELEDGER_ROLE_NAME is set to, without its path.",
                "AllowedPattern": "[\\w+=,.@-]{1,64}",
            },
        },
        "Conditions": {"WithExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}},
        "Resources": {
            "Reader": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Ref": "RoleName"},
                    "Path": f"/{path}/" if path else "/",
                    "Description": "Lets gateledger read; it can change nothing.",
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"AWS": {"Ref": "TrustedPrincipal"}},
                                "Action": "sts:AssumeRole",
                                "Condition": {
                                    "Fn::If": [
                                        "WithExternalId",
                                        {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
                                        {"Ref": "AWS::NoValue"},
                                    ]
                                },
                            }
                        ],
                    },
                    "Policies": [
                        {
                            "PolicyName": "gateledger-read",
                            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
                        }
                    ],
                },
            }
        },
        "Outputs": {
            "RoleArn": {"Description": "ARN of the role.", "Value": {"Fn::GetAtt": ["Reader", "Arn"]}}
        },
    }


def _substituted(resource: str) -> Any:
    return {"Fn::Sub": resource} if "${" in resource else resource
