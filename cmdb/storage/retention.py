"""The statements of retention, made from a declaration: which items and versions may go.

An item that was gone before the limit goes with all that was said of it, unless something refers to it, or to
an item that belongs to it, that is kept.
"""

from __future__ import annotations

from functools import cache

from cmdb.items import Absence, ItemType, children_of, item_types

#: The versions that are a record's evidence, a row each.
_EVIDENCE = "unnest(string_to_array(r.evidence, ' ')::bigint[])"


def dead(declared: ItemType) -> str:
    """Drop items that were gone before the limit, so many at a time; the open counts count them no longer."""
    name = declared.name
    spared = [*_children(declared), *_referring(declared)]
    tests = "".join(f"\n          AND NOT EXISTS (\n              {test}\n          )" for test in spared)
    below = [child for child in children_of(name) if child.absence is Absence.NONE]
    parts = [
        f"-- Drop items of type {name} that were gone before the limit and that nothing kept refers to.",
        "WITH dead AS (",
        f"    DELETE FROM cmdb.{name}",
        "    WHERE item_id IN (",
        "        SELECT i.item_id",
        f"        FROM cmdb.{name} AS i",
        f"        WHERE i.valid_to <= %(limit)s{tests}",
        "        LIMIT %(batch)s",
        "    )",
        "    RETURNING item_id, account_region_id",
        "),",
    ]
    if declared.has_payload and not declared.shared_payload:
        parts.append(_along(f"payload_of_{name}", f"cmdb.{name}_payload", "dead"))
    parts.append(_along(f"version_of_{name}", f"cmdb.{name}_closed", "dead"))
    parts += _owners_of("item", "dead")
    for child in below:
        parts += [
            f"dead_{child.name} AS (",
            f"    DELETE FROM cmdb.{child.name} WHERE parent_id IN (SELECT item_id FROM dead)",
            "    RETURNING item_id, account_region_id",
            "),",
        ]
        if child.has_payload and not child.shared_payload:
            parts.append(
                _along(f"payload_of_{child.name}", f"cmdb.{child.name}_payload", f"dead_{child.name}")
            )
        parts.append(_along(f"version_of_{child.name}", f"cmdb.{child.name}_closed", f"dead_{child.name}"))
        parts += _owners_of(child.name, f"dead_{child.name}")
    judged = [
        f"SELECT item_id, account_region_id FROM dead{one}" for one in ("", *(f"_{b.name}" for b in below))
    ]
    parts.append(f"judged AS ({' UNION ALL '.join(judged)}),")
    return "\n".join(parts) + _SAID


def _along(alias: str, table: str, dead_items: str) -> str:
    return f"{alias} AS (DELETE FROM {table} WHERE item_id IN (SELECT item_id FROM {dead_items})),"


def _owners_of(name: str, dead_items: str) -> list[str]:
    return [
        _along(f"owner_of_{name}", "compliance.item_owner", dead_items),
        _along(f"past_owner_of_{name}", "compliance.item_owner_closed", dead_items),
    ]


def _children(declared: ItemType) -> list[str]:
    """Return what asks for items that belong to an item and are listed on their own: those go first."""
    return [
        f"SELECT FROM cmdb.{child.name} AS c\n"
        "              WHERE c.account_region_id = i.account_region_id AND c.parent_id = i.item_id"
        for child in children_of(declared.name)
        if child.absence is not Absence.NONE
    ]


def _referring(declared: ItemType) -> list[str]:
    """Return what asks for versions, kept ones, that refer to an item."""
    tests = []
    for other in item_types():
        for reference in other.references:
            if reference.item_type != declared.name or not other.field(reference.field).stored:
                continue
            assert declared.key is not None  # noqa: S101 - what is referred to has a key
            same = f"s.account_region_id = i.account_region_id AND {{row}}.{reference.field} = i.{declared.key.name}"
            if reference.to_parent:
                same += " AND s.parent_id = i.parent_id"
            # Items of one type that refer to each other, and are all gone, are kept by nothing.
            kept = " AND (s.valid_to IS NULL OR s.valid_to > %(limit)s)" if other is declared else ""
            tests.append(
                f"SELECT FROM cmdb.{other.name} AS s\n              WHERE {same.format(row='s')}{kept}"
            )
            tests.append(
                f"SELECT FROM cmdb.{other.name}_closed AS x\n"
                f"              JOIN cmdb.{other.name} AS s ON s.item_id = x.item_id\n"
                f"              WHERE x.superseded_at > %(limit)s AND {same.format(row='x')}"
            )
    return tests


_SAID = """
episode AS (DELETE FROM compliance.episode WHERE item_id IN (SELECT item_id FROM judged)),
past AS (DELETE FROM compliance.record_closed WHERE item_id IN (SELECT item_id FROM judged)),
record AS (
    DELETE FROM compliance.record WHERE item_id IN (SELECT item_id FROM judged)
    RETURNING policy_key, item_id, condition_key
),
fewer AS (
    SELECT r.policy_key, d.account_region_id, r.condition_key, count(*) AS items
    FROM record AS r
    JOIN judged AS d ON d.item_id = r.item_id
    GROUP BY r.policy_key, d.account_region_id, r.condition_key
),
emptied AS (
    DELETE FROM compliance.tally AS t
    USING fewer AS f
    WHERE t.policy_key = f.policy_key AND t.account_region_id = f.account_region_id
      AND t.condition_key = f.condition_key AND t.valid_to IS NULL AND t.items <= f.items
),
reduced AS (
    UPDATE compliance.tally AS t
    SET items = t.items - f.items
    FROM fewer AS f
    WHERE t.policy_key = f.policy_key AND t.account_region_id = f.account_region_id
      AND t.condition_key = f.condition_key AND t.valid_to IS NULL AND t.items > f.items
)
SELECT count(*) FROM dead"""


def _unreferenced(declared: ItemType) -> str:
    tests = [
        f"NOT EXISTS (SELECT FROM cmdb.{table} AS v WHERE v.digest = p.digest)"
        for table in (declared.name, f"{declared.name}_closed")
    ]
    return f"FROM cmdb.{declared.name}_payload AS p\nWHERE {f'{chr(10)}  AND '.join(tests)}"


def unreferenced(declared: ItemType) -> str:
    """Find shared payloads that no version refers to, so many at a time."""
    return (
        f"-- Find payloads of items of type {declared.name} that no version refers to.\n"
        f"SELECT p.digest\n{_unreferenced(declared)}\nLIMIT %(batch)s"
    )


def lock_payloads(declared: ItemType) -> str:
    """Let merges that store payloads end, and others wait: none refers to a payload while it is dropped."""
    return (
        "-- Let merges that store payloads end, and others wait.\n"
        f"LOCK TABLE cmdb.{declared.name}_payload IN SHARE ROW EXCLUSIVE MODE"
    )


def drop_unreferenced(declared: ItemType) -> str:
    """Drop those among some shared payloads (``digests``) that no version refers to yet."""
    return (
        f"-- Drop payloads of items of type {declared.name} that no version refers to yet.\n"
        f"DELETE {_unreferenced(declared)}\n  AND p.digest = ANY(%(digests)s)"
    )


@cache
def old_versions(declared: ItemType) -> str:
    """Drop closed versions of before the limit, so many at a time, but none that is a kept record's evidence."""
    table = f"cmdb.{declared.name}_closed"
    return (
        f"-- Drop closed versions of items of type {declared.name} that are no kept record's evidence.\n"
        f"DELETE FROM {table}\n"
        "WHERE (item_id, valid_from) IN (\n"
        "    SELECT x.item_id, x.valid_from\n"
        f"    FROM {table} AS x\n"
        "    WHERE x.superseded_at <= %(limit)s\n"
        f"      AND x.version_id NOT IN (SELECT {_EVIDENCE} FROM compliance.record AS r)\n"
        "      AND x.version_id NOT IN (\n"
        f"          SELECT {_EVIDENCE} FROM compliance.record_closed AS r WHERE r.valid_to > %(limit)s\n"
        "      )\n"
        "    LIMIT %(batch)s\n"
        ")"
    )
