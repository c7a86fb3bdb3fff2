"""Make a policy known to the database: itself, its content, its conditions, its framework sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cmdb.queries import query
from cmdb.server.database import Cursor
from evaluator.catalog.policy import Policy

SQL = "evaluator.judging.sql"


@dataclass(frozen=True, slots=True)
class Registered:
    """Keys under which the database knows a policy, and the parameters it is judged with."""

    policy_key: int
    policy_version_id: int
    condition_keys: Mapping[str, int]
    parameters: Mapping[str, Any]


def register(cursor: Cursor, policy: Policy, parameters: Mapping[str, Any], as_of: datetime) -> Registered:
    """Store a policy under today's wording and return its keys."""
    policy_key = _key(
        cursor,
        "policy_store",
        {
            "policy_id": policy.id,
            "name": policy.name,
            "severity": policy.severity,
            "resource_type": policy.resource_type,
            "categories": list(policy.categories),
        },
    )
    policy_version_id = _key(
        cursor,
        "policy_version_store",
        {
            "policy_key": policy_key,
            "content_hash": policy.content_hash_with(parameters),
            "definition": Jsonb(policy.definition(parameters)),
            "as_of": as_of,
        },
    )
    conditions = [
        {
            "name": condition.name,
            "status": condition.status,
            "position": position,
            "message": condition.message,
            "remediation": condition.remediation,
        }
        for position, condition in enumerate(policy.conditions)
    ]
    stored = cursor.execute(
        query("conditions_store", SQL), {"policy_key": policy_key, "conditions": Jsonb(conditions)}
    )
    condition_keys: dict[str, int] = dict(stored.fetchall())
    sections = [
        {"framework": section.framework, "section": section.section, "title": section.title}
        for section in policy.sections
    ]
    cursor.execute(query("sections_link", SQL), {"policy_key": policy_key, "sections": Jsonb(sections)})
    return Registered(policy_key, policy_version_id, condition_keys, parameters)


def _key(cursor: Cursor, name: str, values: Mapping[str, Any]) -> int:
    row = cursor.execute(query(name, SQL), values).fetchone()
    assert row is not None  # noqa: S101 - stored now, or by a run before: one run at a time
    return int(row[0])
