"""What other tools call the items that findings are about, and how they know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """CloudFormation's resource type, and Security Hub's, which has one for few resources only."""

    cloudformation: str
    security_hub: str = "Other"


_KINDS = {
    "stage": _Kind("AWS::ApiGateway::Stage", "AwsApiGatewayStage"),
    "rest_api": _Kind("AWS::ApiGateway::RestApi", "AwsApiGatewayRestApi"),
    "deployment": _Kind("AWS::ApiGateway::Deployment"),
    "certificate": _Kind("AWS::ApiGateway::ClientCertificate"),
    "api": _Kind("AWS::ApiGatewayV2::Api", "AwsApiGatewayV2Api"),
    "api_stage": _Kind("AWS::ApiGatewayV2::Stage", "AwsApiGatewayV2Stage"),
    "api_routes": _Kind("AWS::ApiGatewayV2::Route"),
    "api_integrations": _Kind("AWS::ApiGatewayV2::Integration"),
    "domain_name": _Kind("AWS::ApiGateway::DomainName"),
    "usage_plan": _Kind("AWS::ApiGateway::UsagePlan"),
    "account_settings": _Kind("AWS::ApiGateway::Account"),
}
_OTHER = _Kind("Other")


def cloudformation_type(row: Row) -> str:
    """Return the resource type of an item as CloudFormation names it; ``Other`` where it has none."""
    return _KINDS.get(row["item_type"], _OTHER).cloudformation


def name_of(row: Row) -> str:
    """Return what people call an item; its ARN where it has no name."""
    return str(row["stage_name"] or row["name"] or row["resource_arn"])


def security_hub_resource(row: Row) -> dict[str, Any]:
    """Return an item as a resource of the AWS Security Finding Format (a row of ``report.finding_export``)."""
    kind = _KINDS.get(row["item_type"], _OTHER).security_hub
    return {
        "Type": kind,
        "Id": row["resource_arn"],
        "Partition": row["partition"],
        "Region": row["region"],
        "Details": {kind: _details(row, kind)},
    }


def _details(row: Row, kind: str) -> dict[str, str]:
    if kind in {"AwsApiGatewayStage", "AwsApiGatewayV2Stage"}:
        named = {"StageName": row["stage_name"], "ClientCertificateId": row["client_certificate_id"]}
    elif kind == "AwsApiGatewayRestApi":
        named = {"Id": row["rest_api_id"], "Name": row["rest_api_name"]}
    elif kind == "AwsApiGatewayV2Api":
        named = {"ApiId": row["resource_arn"].rpartition("/")[2], "Name": row["name"]}
    else:
        named = {"Name": name_of(row), "ResourceType": cloudformation_type(row)}
    return {key: value for key, value in named.items() if value}
