"""Findings as OCSF 1.6.0 events of class Compliance Finding (2003), with the profile ``cloud``.

Names and numbers are those of the published OCSF schema; the tests validate events against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from gateledger.exports import resources
from gateledger.queries.served import with_changes

SCHEMA_VERSION = "1.6.0"
CLASS_UID = 2003
_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_ACTIVITIES = {_CREATE: "Create", _UPDATE: "Update", _CLOSE: "Close"}
_SEVERITIES = {
    "informational": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
#: Compliance status of OCSF; what is not known is Unknown, what does not apply has no place of its own.
_COMPLIANCE = {
    "COMPLIANT": (1, "Pass"),
    "INCOMPLIANT": (3, "Fail"),
    "UNDETERMINED": (0, "Unknown"),
    "INAPPLICABLE": (99, "Not Applicable"),
    "DISAPPEARED": (99, "Not Applicable"),
}
_OPEN = frozenset({"INCOMPLIANT", "UNDETERMINED"})
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What an event says of its policy."""

    name: str
    severity: str
    categories: tuple[str, ...]
    frameworks: tuple[str, ...]
    sections: tuple[str, ...]


def event_of_finding(row: Row, policy: PolicyFacts) -> dict[str, Any]:
    """Return the event of a finding's current state (a row of ``report.finding_export``)."""
    resolved = row["status"] not in _OPEN and row["resolved_at"] is not None
    if resolved or row["status"] == "DISAPPEARED":
        activity = _CLOSE
    else:
        activity = _CREATE if row["recorded_at"] == row["first_seen_at"] else _UPDATE
    event = _event(row, policy, activity, row["last_seen_at"], row["recorded_at"])
    message = with_changes(row["message"], row["served_changes"])
    event["message"] = event["finding_info"]["desc"] = message
    event["compliance"]["status_detail"] = message
    event["finding_info"] |= {
        "created_time": _milliseconds(row["first_seen_at"]),
        "first_seen_time": _milliseconds(row["first_seen_at"]),
        "last_seen_time": _milliseconds(row["last_seen_at"]),
        "modified_time": _milliseconds(row["recorded_at"]),
    }
    if row["remediation"] is not None:
        event["remediation"] = {"desc": row["remediation"]}
    if row["exception_id"] is not None:
        event |= {"status_id": 3, "status": "Suppressed", "comment": row["exception_reason"]}
        event["unmapped"] |= {
            "exception_id": row["exception_id"],
            "exception_until": _milliseconds(row["exception_until"]),
        }
    if row["resolved_at"] is not None:
        event["end_time"] = _milliseconds(row["resolved_at"])
    if row["rest_api_name"] is not None:
        event["resources"][0]["group"] = {"name": row["rest_api_name"], "uid": row["rest_api_id"]}
    if row["client_certificate_id"] is not None:
        event["unmapped"]["client_certificate_id"] = row["client_certificate_id"]
    return event


def event_of_record(row: Row, policy: PolicyFacts) -> dict[str, Any]:
    """Return the event of one compliance record (a row of ``report.finding_history``)."""
    closed = row["status"] in {"DISAPPEARED", "COMPLIANT", "INAPPLICABLE"}
    event = _event(row, policy, _CLOSE if closed else _UPDATE, row["valid_from"], row["valid_from"])
    event["finding_info"]["modified_time"] = _milliseconds(row["valid_from"])
    if row["valid_to"] is not None:
        event["end_time"] = _milliseconds(row["valid_to"])
    event["unmapped"]["policy_version"] = row["policy_version"]
    return event


def _event(row: Row, policy: PolicyFacts, activity: int, time: datetime, changed: datetime) -> dict[str, Any]:
    status = row["status"]
    severity_id, severity = _SEVERITIES[policy.severity if status in _OPEN else "informational"]
    compliance_id, compliance = _COMPLIANCE[status]
    owner = {} if row["owner"] is None else {"owner": {"name": row["owner"]}}
    account = {"uid": row["account_id"], "type_id": 10, "type": "AWS Account"}
    if row["account_name"] is not None:
        account["name"] = row["account_name"]
    return {
        "activity_id": activity,
        "activity_name": _ACTIVITIES[activity],
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Compliance Finding",
        "type_uid": CLASS_UID * 100 + activity,
        "type_name": f"Compliance Finding: {_ACTIVITIES[activity]}",
        "time": _milliseconds(time),
        "start_time": _milliseconds(row["since"]),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1 if status in _OPEN else 4,
        "status": "New" if status in _OPEN else "Resolved",
        "metadata": {
            "version": SCHEMA_VERSION,
            "profiles": ["cloud"],
            "product": {"name": "Gateledger", "vendor_name": "Gateledger", "version": _version()},
            "uid": f"{row['finding_id']}:{_milliseconds(changed)}",
        },
        "cloud": {
            "provider": "AWS",
            "region": row["region"],
            "account": account,
            "cloud_partition": row["partition"],
        },
        "compliance": {
            "control": row["policy_id"],
            "standards": list(policy.frameworks) or ["Gateledger"],
            "requirements": list(policy.sections),
            "status_id": compliance_id,
            "status": compliance,
            "status_code": row["condition"],
        },
        "finding_info": {
            "uid": row["finding_id"],
            "title": policy.name,
            "types": list(policy.categories),
        },
        "resources": [
            {
                "uid": row["resource_arn"],
                "name": resources.name(row),
                "type": resources.type_name(row),
                "region": row["region"],
                "cloud_partition": row["partition"],
                **owner,
            }
        ],
        "unmapped": {"status": status, "condition": row["condition"], "item_type": row["item_type"]},
    }


@cache
def _version() -> str:
    return version("gateledger")


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
