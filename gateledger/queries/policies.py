"""What the ``policies`` commands do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.readers import further
from evaluator.catalog.policy import Policy
from gateledger.queries.policy_ids import catalog_of, find_policy
from gateledger.queries.wanted import scopes_of
from gateledger.settings.app import App
from gateledger.settings.durations import format_duration
from gateledger.settings.model import Settings
from gateledger.terminal.console import Column, Format, emit, emit_object, say
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.logs import one_line

if TYPE_CHECKING:
    from sqlalchemy import Engine

_LIST_KEYS = (
    "policy_id",
    "name",
    "enabled",
    "severity",
    "categories",
    "resource_type",
    "item_types",
    "further_calls",
    "conditions",
    "cases",
    "sections",
    "folder",
)
_LIST_TABLE = (
    Column("policy_id", "policy"),
    Column("enabled", "enabled"),
    Column("severity", "severity"),
    Column("conditions", "conditions", right=True),
    Column("cases", "cases", right=True),
    Column("sections", "sections", right=True),
    Column("further_calls", "further calls a region"),
    Column("name", "name"),
)
_LIST_NARROW = (Column("policy_id", "policy / name", lines=(("policy_id",), ("name",))), *_LIST_TABLE[1:3])
_CONDITION_TABLE = (Column("condition", "condition"), Column("status", "status"), Column("message", "says"))
_PARAMETER_TABLE = (
    Column("parameter", "parameter"),
    Column("value", "value"),
    Column("default", "default"),
    Column("description", "meaning"),
)
_SECTION_TABLE = (
    Column("framework", "framework"),
    Column("section", "section"),
    Column("title", "title"),
)
_CASE_KEYS = (
    "policy_id",
    "case",
    "passed",
    "expected_condition",
    "condition",
    "expected_status",
    "status",
    "problems",
)


def list_policies(settings: Settings, form: Format) -> None:
    """List all policies of the catalog, and which of them the nightly job evaluates."""
    catalog = catalog_of(settings)
    enabled = {policy.id for policy in catalog.enabled(settings.policies)}
    rows = [
        {
            "policy_id": policy.id,
            "name": policy.name,
            "enabled": policy.id in enabled,
            "severity": policy.severity,
            "categories": list(policy.categories),
            "resource_type": policy.resource_type,
            "item_types": list(policy.item_types),
            "further_calls": _further_calls(policy),
            "conditions": len(policy.conditions),
            "cases": len(policy.cases),
            "sections": len(policy.sections),
            "folder": str(policy.folder),
        }
        for policy in catalog.policies
    ]
    emit(rows, form, keys=_LIST_KEYS, table=_LIST_TABLE, narrow=_LIST_NARROW)


def show_policy(settings: Settings, name: str, form: Format) -> None:
    """Show one policy whole; CSV lists its conditions."""
    catalog = catalog_of(settings)
    policy = catalog.policy(find_policy(name, [policy.id for policy in catalog.policies]))
    if form is Format.JSON:
        emit_object(_as_object(policy))
    elif form is Format.CSV:
        keys = ("condition", "status", "message", "remediation")
        emit(_conditions(policy), form, keys=keys, table=())
    else:
        _tell(policy)


def check_policies(app: App, names: Sequence[str], form: Format) -> ExitCode:
    """Run the policies' cases and return how the command ends."""
    from cmdb.server.database import transaction
    from evaluator.catalog.case_runner import run_cases

    catalog = catalog_of(app.settings)
    known = [policy.id for policy in catalog.policies]
    wanted = [catalog.policy(find_policy(name, known)) for name in names] or list(catalog.policies)
    results = []
    with _any_server(app) as engine:
        for policy in wanted:
            with transaction(engine) as connection:
                results += run_cases(connection, policy)
    failed = [result for result in results if not result.passed]
    if form is Format.TABLE:
        for result in failed:
            say(f"FAILED {result.policy_id} {result.case!r}: {one_line(' '.join(result.problems))}")
        policies = "1 policy" if len(wanted) == 1 else f"{len(wanted)} policies"
        say(f"{len(results) - len(failed)} of {len(results)} cases of {policies} passed.")
    else:
        rows = [
            {
                "policy_id": result.policy_id,
                "case": result.case,
                "passed": result.passed,
                "expected_condition": result.expected_condition,
                "condition": result.condition,
                "expected_status": result.expected_status,
                "status": result.status,
                "problems": list(result.problems),
            }
            for result in results
        ]
        emit(rows, form, keys=_CASE_KEYS, table=())
    return ExitCode.ERROR if failed else ExitCode.DONE


@contextmanager
def _any_server(app: App) -> Iterator[Engine]:
    """Yield an engine on a server for cases, which only read: the one in use, else one made and removed."""
    from cmdb.server.database import open_engine
    from cmdb.server.embedded import lease

    if app.database_exists():
        with app.server() as engine:
            yield engine
        return
    with tempfile.TemporaryDirectory(prefix="gateledger-") as folder, lease(Path(folder)) as url:
        engine = open_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()


def _further_calls(policy: Policy) -> str | None:
    """Return what reading for a policy costs in an account-region beside what every run reads; None: nothing."""
    scopes = scopes_of([policy])
    costs = [
        f"{reader.costs[scope]} ({scope})"
        for reader in further(scopes)
        for scope in reader.scopes
        if scope in scopes
    ]
    return "; ".join(costs) or None


def _conditions(policy: Policy) -> list[dict[str, Any]]:
    return [
        {
            "condition": condition.name,
            "status": str(condition.status),
            "message": condition.message,
            "remediation": condition.remediation,
        }
        for condition in policy.conditions
    ]


def _parameters(policy: Policy) -> list[dict[str, Any]]:
    values = policy.values()
    return [
        {
            "parameter": name,
            "type": str(parameter.type),
            "value": _shown(values[name]),
            "default": parameter.default,
            "description": parameter.description,
        }
        for name, parameter in policy.parameters.items()
    ]


def _shown(value: object) -> object:
    return format_duration(value) if isinstance(value, timedelta) else value


def _sections(policy: Policy) -> list[dict[str, Any]]:
    return [
        {"framework": section.framework, "section": section.section, "title": section.title}
        for section in policy.sections
    ]


def _as_object(policy: Policy) -> dict[str, Any]:
    return {
        "policy_id": policy.id,
        "name": policy.name,
        "contextual_name": policy.contextual_name,
        "type": policy.type,
        "categories": list(policy.categories),
        "severity": policy.severity,
        "tags": list(policy.tags),
        "resource_type": policy.resource_type,
        "item_types": [str(item_type) for item_type in policy.item_types],
        "further_calls": _further_calls(policy),
        "parameters": _parameters(policy),
        "conditions": _conditions(policy),
        "similar": [{"source": similar.source, "id": similar.id} for similar in policy.similar],
        "sections": _sections(policy),
        "description": policy.description,
        "remediation": policy.remediation,
        "logic": policy.logic_sql,
        "content_hash": policy.content_hash,
        "folder": str(policy.folder),
    }


def _tell(policy: Policy) -> None:
    say(one_line(policy.name))
    say(f"{policy.id} ({policy.severity}, {', '.join(policy.categories)}), in {policy.folder}")
    if costs := _further_calls(policy):
        say(f"Calls that it adds in each account-region: {costs}")
    _tell_text(policy.description)
    say("\nConditions, the first that holds decides:\n")
    emit(_conditions(policy), Format.TABLE, keys=(), table=_CONDITION_TABLE)
    if policy.parameters:
        say("\nParameters:\n")
        emit(_parameters(policy), Format.TABLE, keys=(), table=_PARAMETER_TABLE)
    _tell_text(policy.remediation)
    if policy.sections:
        say(f"\nFramework sections ({len(policy.sections)}):\n")
        emit(_sections(policy), Format.TABLE, keys=(), table=_SECTION_TABLE)


def _tell_text(text: str) -> None:
    say()
    for line in text.strip().splitlines():
        say(one_line(line))
