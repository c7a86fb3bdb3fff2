"""The views as the oracle puts them: the same columns, in the same order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from tests.model import expected
from tests.model.oracle import Oracle
from tests.model.outlines import JUDGED, STALE
from tests.model.system import Rows, System
from tests.model.verdicts import MODELLED

_MODELLED = "policy_id = ANY(%(modelled)s)"
_STAGE = "account_id, region, rest_api_id, stage_name"
_FINDING = (
    f"SELECT policy_id, {_STAGE}, rest_api_name, client_certificate_id, status, condition, since, "
    f"evaluated_at, evidence_at, episode_since FROM report.finding WHERE {_MODELLED}"
)
_HISTORY = (
    f"SELECT policy_id, {_STAGE}, status, condition, valid_from, valid_to, since, policy_version, subjects "
    f"FROM report.finding_history WHERE {_MODELLED}"
)
_AS_OF = (
    f"SELECT m.moment, policy_id, {_STAGE}, status, condition, since "
    "FROM unnest(%(moments)s::timestamptz[]) AS m (moment) CROSS JOIN LATERAL report.finding_as_of(m.moment) "
    f"WHERE {_MODELLED}"
)
_OUTLINE_AS_OF = (
    "SELECT m.moment, policy_id, account_id, resource_arn, "
    f"CASE condition WHEN 'inventory_stale' THEN '{STALE}' ELSE '{JUDGED}' END "
    "FROM unnest(%(moments)s::timestamptz[]) AS m (moment) CROSS JOIN LATERAL report.finding_as_of(m.moment)"
)
_EPISODE = f"SELECT policy_id, {_STAGE}, started_at, ended_at, outcome FROM report.episode WHERE {_MODELLED}"
_REMEDIATE = (
    f"SELECT policy_id, account_id, remediated, still_open FROM report.time_to_remediate WHERE {_MODELLED}"
)
_COUNTS = "compliant, incompliant, inapplicable, undetermined, compliance_percent::float8"
_DAILY = (
    f"SELECT day, policy_id, account_id, region, {_COUNTS} FROM report.compliance_daily WHERE {_MODELLED}"
)
_DAILY_TOTAL = f"SELECT day, policy_id, {_COUNTS} FROM report.compliance_daily_total WHERE {_MODELLED}"
_SCOPE = (
    "SELECT account_id, region, item_type, status, last_success_at, last_attempt_at, read_at, unread, "
    "failure_kind IS NOT DISTINCT FROM 'not_wanted' FROM report.scope_health"
)
_CERTIFICATE = (
    "SELECT kind, certificate_id, account_id, region, expires_at, state, disappeared_at, stages_using "
    "FROM report.certificate"
)
_VERSION = (
    f"SELECT {_STAGE}, valid_from, valid_to, deployment_id, client_certificate_id, certificate_named_at "
    f"FROM report.stage_history ORDER BY {_STAGE}, valid_from"
)

_PLAIN: dict[str, tuple[str, Callable[[Oracle], list[Any]]]] = {
    "finding": (_FINDING, expected.findings),
    "finding_history": (_HISTORY, expected.finding_history),
    "episode": (_EPISODE, expected.episodes),
    "time_to_remediate": (_REMEDIATE, expected.time_to_remediate),
    "compliance_daily": (_DAILY, expected.daily),
    "compliance_daily_total": (_DAILY_TOTAL, expected.daily_total),
    "scope_health": (_SCOPE, expected.scopes),
    "certificate": (_CERTIFICATE, expected.certificates),
}


def differences(system: System, oracle: Oracle, moments: list[datetime]) -> list[str]:
    """Compare all views, and the findings as of each moment; name what only one side shows."""
    found = []
    named = {"modelled": list(MODELLED)}
    for view, (statement, wanted) in _PLAIN.items():
        found += _differences(view, system.rows(statement, named), wanted(oracle))
    found += _differences(
        "finding_as_of",
        system.rows(_AS_OF, {**named, "moments": moments}),
        expected.findings_as_of(oracle, moments),
    )
    found += outline_differences(system, oracle, moments[-3:])
    found += _differences("stage_history", _joined(system.rows(_VERSION)), expected.stage_versions(oracle))
    return found


def outline_differences(system: System, oracle: Oracle, moments: list[datetime]) -> list[str]:
    """Compare which items have a verdict as of each moment, under every policy: one each, and stale where it is."""
    return _differences(
        "finding_as_of",
        system.rows(_OUTLINE_AS_OF, {"moments": moments}),
        expected.outlines_as_of(oracle, moments),
    )


def _differences(view: str, actual: Rows, wanted: list[Any]) -> list[str]:
    told, due_rows = sorted(map(_text, actual)), sorted(map(_text, wanted))
    if told == due_rows:
        return []
    shown, due = set(told), set(due_rows)
    found = [f"{view} shows {row}" for row in sorted(shown - due)]
    found += [f"{view} should show {row}" for row in sorted(due - shown)]
    return found or [f"{view} shows a row twice"]


def _text(row: tuple[Any, ...]) -> str:
    return " | ".join(
        value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value) for value in row
    )


def _joined(rows: Rows) -> Rows:
    """Join versions that differ only in what is not compared; drop those of no length."""
    joined: list[list[Any]] = []
    for _, of_stage in groupby(rows, key=lambda row: row[:4]):
        own: list[list[Any]] = []
        for *stage, start, end, deployment, certificate, named_at in of_stage:
            if start == end:
                continue
            content = [deployment, certificate, named_at]
            if own and own[-1][5] == start and own[-1][6:] == content:
                own[-1][5] = end
            else:
                own.append([*stage, start, end, *content])
        joined += own
    return [tuple(row) for row in joined]
