"""What must hold of the whole history, of items of every type that is declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cmdb.items import Absence, ItemType, item_type, item_types
from evaluator.judging.relations import scope_name

_TEXT = Path(__file__).parent / "sql" / "invariants.sql"


def invariants() -> str:
    """Return the question that gives one row per breach."""
    types = item_types()
    parts = {
        "versions": " UNION ALL ".join(part for one in types for part in _versions(one)),
        "judgeable": " UNION ALL ".join(map(_judgeable, types)),
        "above": ", ".join(f"('{below}', '{above}')" for below, above in _above()),
        "orphans": " UNION ALL ".join(_orphans(one) for one in types if one.parent is not None),
        "payloads": " UNION ALL ".join(
            _without_payload(one) for one in types if one.has_payload and one.absence is not Absence.PROOF
        ),
    }
    text = _TEXT.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


def _versions(declared: ItemType) -> Iterator[str]:
    """Yield the latest and the closed versions of a type."""
    name, scope = declared.name, scope_name(declared, "i")
    yield (
        f"SELECT {scope} AS item, '{name}' AS item_type, i.item_id AS item_key, i.account_region_id, i.version_id, "
        f"i.valid_from, i.valid_to, NULL::timestamptz AS superseded_at, true AS is_latest FROM cmdb.{name} AS i"
    )
    yield (
        f"SELECT {scope}, '{name}', x.item_id, i.account_region_id, x.version_id, x.valid_from, x.valid_to, "
        f"x.superseded_at, false FROM cmdb.{name}_closed AS x JOIN cmdb.{name} AS i ON i.item_id = x.item_id"
    )


def _judgeable(declared: ItemType) -> str:
    return (
        f"SELECT '{declared.name}' AS item_type, '{declared.resource_type}' AS resource_type, item_id, "
        f"account_region_id, valid_to FROM cmdb.{declared.name}"
    )


def _above() -> Iterator[tuple[str, str]]:
    """Yield the scopes of types with those of what their items belong to, all the way up."""
    for declared in item_types():
        parent = declared.parent
        while parent is not None:
            owner = item_type(parent)
            yield from ((below.name, above.name) for below in declared.scopes for above in owner.scopes)
            parent = owner.parent


def _orphans(declared: ItemType) -> str:
    return (
        f"SELECT 'a live {declared.name} of a {declared.parent} that is gone', i.item_id::text "
        f"FROM cmdb.{declared.name} AS i JOIN cmdb.{declared.parent} AS p ON p.item_id = i.parent_id "
        "WHERE i.valid_to IS NULL AND p.valid_to IS NOT NULL"
    )


def _without_payload(declared: ItemType) -> str:
    return (
        f"SELECT 'a {declared.name} without payload', coalesce(i.item_id, p.item_id)::text "
        f"FROM cmdb.{declared.name} AS i FULL JOIN cmdb.{declared.name}_payload AS p ON p.item_id = i.item_id "
        "WHERE i.item_id IS NULL OR p.item_id IS NULL"
    )
