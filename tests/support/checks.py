"""What must hold after every story, however it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Engine

from cmdb.items import ItemType, item_types
from evaluator.catalog.loading import Catalog, load_catalog
from evaluator.catalog.policy import Policy
from evaluator.judging.relations import relations_as_of
from tests.support.questions import Row, ask, ask_file, file_text

#: Columns that report.finding and report.finding_as_of share and that a later night does not change.
TOLD = ("policy_id", "account_id", "resource_arn", "item_id", "status", "condition", "since")
_EVIDENCE = ("evidence",)
_CHECKSUM = (
    "SELECT '{table}' AS name, count(*) AS rows, md5(string_agg({row}, '|' ORDER BY {row} COLLATE \"C\")) AS sum "
    "FROM {table} AS t"
)
#: When items that are listed nowhere were read, and what was noted then, is no change of them.
_ROWS = {
    "cmdb.deployment": "(to_jsonb(t) - 'read_at')::text",
    "cmdb.integration": "(to_jsonb(t) - ARRAY['read_at', 'deployment_ids'])::text",
}
#: Tables that a night without a change leaves as they are.
_UNTOUCHED = (
    *("cmdb.account", "cmdb.account_closed", "cmdb.account_region", "cmdb.scope_state", "cmdb.unread_item"),
    *("cmdb.rest_api", "cmdb.rest_api_closed", "cmdb.rest_api_payload"),
    *("cmdb.stage", "cmdb.stage_closed", "cmdb.stage_payload"),
    *("cmdb.deployment", "cmdb.deployment_payload", "cmdb.deployment_closed"),
    *("cmdb.integration", "cmdb.integration_closed"),
    *("cmdb.certificate", "cmdb.certificate_closed", "cmdb.certificate_payload"),
    *("cmdb.api", "cmdb.api_closed", "cmdb.api_payload"),
    *("cmdb.api_stage", "cmdb.api_stage_closed", "cmdb.api_stage_payload"),
    *("cmdb.api_routes", "cmdb.api_routes_closed", "cmdb.api_routes_payload"),
    *("cmdb.api_integrations", "cmdb.api_integrations_closed", "cmdb.api_integrations_payload"),
    *("cmdb.domain_name", "cmdb.domain_name_closed", "cmdb.domain_name_payload"),
    *("cmdb.domain_mapping", "cmdb.domain_mapping_closed", "cmdb.domain_mapping_payload"),
    *("cmdb.usage_plan", "cmdb.usage_plan_closed", "cmdb.usage_plan_payload"),
    *("cmdb.account_settings", "cmdb.account_settings_closed", "cmdb.account_settings_payload"),
    *("compliance.record", "compliance.record_closed", "compliance.episode", "compliance.tally"),
    *("compliance.policy", "compliance.policy_version", "compliance.condition", "compliance.policy_section"),
    "compliance.framework_section",
)


def breaches(engine: Engine) -> list[Row]:
    """Return every breach of an invariant of the history."""
    statement = file_text("invariants")
    parts = {
        "{versions}": "\n    UNION ALL\n    ".join(map(_versions, item_types())),
        "{judgeable}": "\n    UNION ALL\n    ".join(map(_judgeable, item_types())),
        "{orphans}": "\nUNION ALL\n".join(part for one in item_types() for part in _orphans(one)),
    }
    for name, part in parts.items():
        statement = statement.replace(name, part)
    return ask(engine, statement)


def _versions(declared: ItemType) -> str:
    """Return all versions of a type's items, with the scope whose reading may open or close each."""
    kinds = " ".join(f"WHEN '{scope.kind}' THEN '{scope.name}'" for scope in declared.scopes)
    scope = (
        f"CASE i.{declared.kind_field} {kinds} END" if declared.kind_field else f"'{declared.scopes[0].name}'"
    )
    listed_with = "NULL" if declared.parent is None else f"'{declared.parent}'"
    return (
        f"SELECT {scope} AS item, {listed_with} AS listed_with, i.item_id AS item_key, i.account_region_id,\n"
        "           i.version_id, i.valid_from, i.valid_to, NULL::timestamptz AS superseded_at, true AS is_latest\n"
        f"    FROM cmdb.{declared.name} AS i\n    UNION ALL\n"
        f"    SELECT {scope}, {listed_with}, x.item_id, i.account_region_id, x.version_id, x.valid_from, x.valid_to,\n"
        f"           x.superseded_at, false\n"
        f"    FROM cmdb.{declared.name}_closed AS x JOIN cmdb.{declared.name} AS i ON i.item_id = x.item_id"
    )


def _judgeable(declared: ItemType) -> str:
    return (
        f"SELECT '{declared.scopes[0].name}' AS item, '{declared.resource_type}' AS resource_type, item_id,\n"
        f"           account_region_id, valid_to\n    FROM cmdb.{declared.name}"
    )


def _orphans(declared: ItemType) -> Iterator[str]:
    """Yield what finds live items of parents that are gone, and items without a payload."""
    name = declared.name
    if declared.parent is not None:
        yield (
            f"SELECT 'a live {name} of a {declared.parent} that is gone', i.item_id::text\n"
            f"FROM cmdb.{name} AS i JOIN cmdb.{declared.parent} AS p ON p.item_id = i.parent_id\n"
            "WHERE i.valid_to IS NULL AND p.valid_to IS NOT NULL"
        )
    if declared.shared_payload:
        for table in (name, f"{name}_closed"):
            yield (
                f"SELECT 'a version of a {name} without payload', v.version_id::text FROM cmdb.{table} AS v\n"
                f"WHERE NOT EXISTS (SELECT FROM cmdb.{name}_payload AS p WHERE p.digest = v.digest)"
            )
    elif declared.has_payload and not declared.proves_absence:
        yield (
            f"SELECT 'a {name} without payload', coalesce(i.item_id, p.item_id)::text\n"
            f"FROM cmdb.{name} AS i FULL JOIN cmdb.{name}_payload AS p ON p.item_id = i.item_id\n"
            "WHERE i.item_id IS NULL OR p.item_id IS NULL"
        )


def checksums(engine: Engine, *tables: str) -> dict[str, tuple[int, str]]:
    """Return the number of rows and a checksum of each table, by default of all that hold history."""
    each = (_CHECKSUM.format(table=table, row=_ROWS.get(table, "t::text")) for table in tables or _UNTOUCHED)
    return {row["name"]: (row["rows"], row["sum"]) for row in ask(engine, " UNION ALL ".join(each))}


def differences_to_the_past(engine: Engine, told: Mapping[datetime, Sequence[Row]]) -> list[str]:
    """Compare what each night's findings were with what ``finding_as_of`` says of that night today."""
    differing = []
    for as_of, findings in told.items():
        then = {_told(row) for row in findings}
        now = {_told(row) for row in ask(engine, "SELECT * FROM report.finding_as_of(%s)", (as_of,))}
        differing += [f"{as_of}: no longer {row}" for row in sorted(map(str, then - now))]
        differing += [f"{as_of}: only today {row}" for row in sorted(map(str, now - then))]
    return differing


def differences_to_replay(engine: Engine) -> list[str]:
    """Judge every past night again over the relations as they were; compare with what was recorded."""
    differing = []
    for night in ask_file(engine, "evaluated"):
        replayed = _replayed(engine, catalog().policy(night["policy_id"]), night)
        recorded = _recorded(engine, night)
        for item_id in sorted(replayed.keys() | recorded.keys()):
            again, then = replayed.get(item_id), recorded.get(item_id)
            if again is None or then is None or again["condition"] != then["condition"]:
                differing.append(
                    f"{night['policy_id']} at {night['as_of']}, item {item_id}: recorded "
                    f"{then and then['condition']}, replayed {again and again['condition']}"
                )
            elif then["valid_from"] == night["as_of"]:
                differing += [
                    f"{night['policy_id']} at {night['as_of']}, item {item_id}: {name} was {then[name]}, "
                    f"replayed {again[name]}"
                    for name in _EVIDENCE
                    if again[name] != then[name]
                ]
    return differing


@cache
def catalog() -> Catalog:
    """Return the policies that come with the program."""
    return load_catalog()


def replay(policy: Policy, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the SQL that judges every item as of a time (``as_of``, ``max_staleness``), and what it binds.

    Its rows are item_id, condition and evidence.
    """
    composition = policy.logic.composition
    names = list(dict.fromkeys(composition.conditions))
    keys = {name: number for number, name in enumerate(names, start=1)}
    logic, bound = policy.bind(composition.select(keys, with_evidence=True), parameters)
    listed = ", ".join(f"'{name}'" for name in names)
    statement = (
        f"WITH {relations_as_of(composition.relations, composition.item.declared.name)}\n"
        f"SELECT v.item_id, (ARRAY[{listed}])[v.condition_key] AS condition, "
        f"{composition.evidence('v')} AS evidence FROM ({logic}) AS v"
    )
    return statement, bound


def _replayed(engine: Engine, policy: Policy, night: Row) -> dict[int, Row]:
    statement, bound = replay(policy, {})
    rows = ask(engine, statement, {**bound, "as_of": night["as_of"], "max_staleness": night["max_staleness"]})
    found = {row["item_id"]: row for row in rows}
    assert len(found) == len(rows), f"{policy.id} replayed at {night['as_of']} judges an item twice"
    return found


def _recorded(engine: Engine, night: Row) -> dict[int, Row]:
    return {row["item_id"]: row for row in ask_file(engine, "recorded", night)}


def _told(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in TOLD)
