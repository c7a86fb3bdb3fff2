"""Findings in the AWS Security Finding Format, in requests for securityhub:BatchImportFindings.

A request holds up to 100 findings of one account and region, because Security Hub takes findings only from
the account and region that they belong to (BatchImportFindings, API reference). Texts are cut to the lengths
that the format allows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from gateledger.exports import resources
from gateledger.exports.ocsf import PolicyFacts
from gateledger.queries.served import with_changes
from gateledger.terminal.console import iso

MOST_FINDINGS = 100
#: Longest texts: Title, Description, Remediation.Recommendation.Text, Note.Text; most RelatedRequirements.
_TITLE, _DESCRIPTION, _RECOMMENDATION, _NOTE, _REQUIREMENTS = 256, 1024, 512, 512, 32
_COMPLIANCE = {
    "COMPLIANT": "PASSED",
    "INCOMPLIANT": "FAILED",
    "UNDETERMINED": "WARNING",
    "INAPPLICABLE": "NOT_AVAILABLE",
    "DISAPPEARED": "NOT_AVAILABLE",
}
_OPEN = frozenset({"INCOMPLIANT", "UNDETERMINED"})
Row = Mapping[str, Any]


def requests(rows: Iterable[Row], policies: Mapping[str, PolicyFacts]) -> Iterator[dict[str, Any]]:
    """Yield BatchImportFindings requests for rows that come ordered by account and region."""
    for _, group in itertools.groupby(
        rows, key=lambda row: (row["partition"], row["account_id"], row["region"])
    ):
        while batch := list(itertools.islice(group, MOST_FINDINGS)):
            yield {"Findings": [finding(row, policies[row["policy_id"]]) for row in batch]}


def finding(row: Row, policy: PolicyFacts) -> dict[str, Any]:
    """Return one finding (a row of ``report.finding_export``)."""
    status = row["status"]
    partition, region, account = row["partition"], row["region"], row["account_id"]
    compliance: dict[str, Any] = {"Status": _COMPLIANCE[status]}
    if policy.sections:
        compliance["RelatedRequirements"] = _requirements(policy.sections)
    made: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": row["finding_id"],
        "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
        "ProductName": "Gateledger",
        "CompanyName": "Gateledger",
        "GeneratorId": row["policy_id"],
        "AwsAccountId": account,
        "Region": region,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "FirstObservedAt": iso(row["first_seen_at"]),
        "LastObservedAt": iso(row["last_seen_at"]),
        "CreatedAt": iso(row["first_seen_at"]),
        "UpdatedAt": iso(_updated(row)),
        "Severity": {"Label": policy.severity.upper() if status in _OPEN else "INFORMATIONAL"},
        "Title": _cut(policy.name, _TITLE),
        "Description": _cut(with_changes(row["message"], row["served_changes"]), _DESCRIPTION),
        "Resources": [resources.asff_resource(row)],
        "Compliance": compliance,
        "Workflow": {"Status": _workflow(row)},
        "RecordState": "ARCHIVED" if status == "DISAPPEARED" else "ACTIVE",
        "ProductFields": _fields(row),
    }
    if row["remediation"] is not None:
        made["Remediation"] = {"Recommendation": {"Text": _cut(row["remediation"], _RECOMMENDATION)}}
    if row["exception_id"] is not None:
        made["Note"] = {
            "Text": _cut(
                f"{row['exception_id']} ({row['exception_owner']}): {row['exception_reason']}", _NOTE
            ),
            "UpdatedBy": "Gateledger",
            "UpdatedAt": iso(row["exception_changed_at"]),
        }
    return made


def _workflow(row: Row) -> str:
    if row["exception_id"] is not None:
        return "SUPPRESSED"
    return "NEW" if row["status"] in _OPEN else "RESOLVED"


def _updated(row: Row) -> datetime:
    """Return the finding's last change; Security Hub drops an update whose UpdatedAt is not newer."""
    names = ("recorded_at", "last_seen_at", "exception_changed_at", "owner_changed_at")
    times: list[datetime | None] = [row[name] for name in names]
    return max(time for time in times if time is not None)


def _fields(row: Row) -> dict[str, str]:
    fields = {
        "gateledger/Status": row["status"],
        "gateledger/Condition": row["condition"],
        "gateledger/Since": iso(row["since"]),
    }
    if row["exception_id"] is not None:
        fields["gateledger/ExceptionId"] = row["exception_id"]
        fields["gateledger/ExceptionUntil"] = iso(row["exception_until"])
    if row["owner"] is not None:
        fields["gateledger/Owner"] = row["owner"]
    if row["resolved_at"] is not None:
        fields["gateledger/ResolvedAt"] = iso(row["resolved_at"])
    return fields


@cache
def _requirements(sections: tuple[str, ...]) -> list[str]:
    return [_cut(text, 64) for text in sections[:_REQUIREMENTS]]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
