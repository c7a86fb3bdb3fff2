"""What exports call the items that findings are about, made of the declarations of their types.

OCSF takes any name of a type: CloudFormation's. ASFF has a list of types with details of their own; whatever is
not on it is ``Other``, as its reference asks, with what is known as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cmdb.items import item_type

Row = Mapping[str, Any]
_OTHER = "Other"
#: Longest value of a detail of Other.
_LONGEST = 1024


def type_name(row: Row) -> str:
    """Return CloudFormation's name of the item's type."""
    return _type_name(row["item_type"])


def name(row: Row) -> str:
    """Return what people know the item by: its name, or else what distinguishes it from others of its kind.

    A blank name is none: ASFF takes no blank text.
    """
    names = (row["stage_name"], row.get("name"))
    return next((one for one in names if one and one.strip()), _key(row))


def asff_resource(row: Row) -> dict[str, Any]:
    """Return the item as a resource of ASFF."""
    kind = _asff_type(row["item_type"])
    if kind == _OTHER:
        details = {"ItemType": row["item_type"], "Type": type_name(row), "Name": name(row)[:_LONGEST]}
    else:
        details = {key: value for key, value in _DETAILS[kind](row).items() if value and value.strip()}
    return {
        "Type": kind,
        "Id": row["resource_arn"],
        "Partition": row["partition"],
        "Region": row["region"],
        "Details": {kind: details},
    }


def _key(row: Row) -> str:
    return str(row["resource_arn"]).rsplit("/", 1)[-1]


def _of_stage(row: Row) -> dict[str, Any]:
    return {
        "StageName": row["stage_name"] or _key(row),
        "ClientCertificateId": row["client_certificate_id"],
    }


_DETAILS: Mapping[str, Callable[[Row], dict[str, Any]]] = {
    "AwsApiGatewayRestApi": lambda row: {"Id": _key(row), "Name": row["name"]},
    "AwsApiGatewayStage": _of_stage,
    "AwsApiGatewayV2Api": lambda row: {"ApiId": _key(row), "Name": row["name"]},
    "AwsApiGatewayV2Stage": _of_stage,
}


@cache
def _type_name(of: str) -> str:
    return item_type(of).cloudformation_type


@cache
def _asff_type(of: str) -> str:
    kind = _type_name(of).replace("AWS::", "Aws").replace("::", "")
    return kind if kind in _DETAILS else _OTHER
