"""Which items may be judged otherwise than at the last evaluation, as SQL made from what a policy reads.

That is: items of which, or of what is joined to them, something that the policy reads changed since; whose
readings, or those of what is joined, became fresh or stale; and whose time has come. A version that was
followed by one with the same in all that is read, and without a gap, changed nothing.
"""

from __future__ import annotations

from functools import cache

from cmdb.items import ItemType
from cmdb.items.payloads import closed_join, closed_payload, latest_payload
from evaluator.catalog.offered import has_freshness
from evaluator.catalog.reading import Joined, Local
from evaluator.judging.relations import parent_key, reads_payload, scope_list, value

_KNOWN = """collection AS (
    SELECT max(r.as_of) AS last_before FROM cmdb.run AS r
    WHERE r.kind IN ('run', 'collect') AND r.as_of <= %(_since)s
),
scope_then AS (
    SELECT st.account_region_id, st.item_type, st.status IN ('complete', 'partial') AS is_read,
           CASE WHEN st.status IN ('complete', 'partial') THEN n.last_before ELSE st.read_before END
               >= %(_since)s::timestamptz - %(max_staleness)s::interval AS is_fresh
    FROM cmdb.scope_state AS st
    CROSS JOIN collection AS n
    WHERE st.valid_from <= %(_since)s AND (st.valid_to IS NULL OR st.valid_to > %(_since)s)
),
scope_changed AS (
    SELECT sc.account_region_id, sc.item_type
    FROM cmdb.scope AS sc
    LEFT JOIN scope_then AS b ON b.account_region_id = sc.account_region_id AND b.item_type = sc.item_type
    WHERE sc.item_type IN ({scopes})
      AND (sc.status IN ('complete', 'partial'),
           coalesce(sc.read_at >= %(as_of)s::timestamptz - %(max_staleness)s::interval, false))
          IS DISTINCT FROM (b.is_read, coalesce(b.is_fresh, false))
),
unread_changed AS (
    SELECT u.account_region_id, u.item_type, u.item_id
    FROM cmdb.unread_item AS u
    WHERE u.item_type IN ({scopes})
      AND (u.valid_from > %(_since)s OR u.valid_to > %(_since)s
           OR (u.valid_to IS NULL
               AND u.read_before >= %(_since)s::timestamptz - %(max_staleness)s::interval
               AND u.read_before < %(as_of)s::timestamptz - %(max_staleness)s::interval))
)"""

_DUE = """SELECT r.item_id
FROM compliance.record AS r
WHERE r.policy_key = %(policy_key)s AND r.recheck_at <= %(as_of)s"""


@cache
def changed_items(local: Local) -> str:
    """Return the statement that fills ``pg_temp.dirty`` (binds ``_since``, ``_watermark``, ``as_of``, ...)."""
    timed = [one for one in local.relations if _is_timed(local, one)]
    parts: list[str] = []
    if timed:
        scopes = ", ".join(dict.fromkeys(scope_list(one.declared) for one in timed))
        parts.append(_KNOWN.replace("{scopes}", scopes))
    found: list[str] = []
    for one in local.relations:
        name = f"changed_{one.alias}"
        parts.append(f"{name} AS (\n    {_indented(_changed(local, one))}\n)")
        if one is local.item:
            found.append(f"SELECT c.item_id FROM {name} AS c")
        else:
            found.append(_judged_of(local, one, f"{name} AS c", f"{one.row}.item_id = c.item_id"))
        if one in timed:
            found.append(_of_scopes(local, one))
    return (
        "-- The items that may be judged otherwise than at the last evaluation.\n"
        "INSERT INTO pg_temp.dirty (item_id)\nWITH "
        + ",\n".join(parts)
        + "\n"
        + "\nUNION\n".join([*found, _DUE])
    )


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _is_timed(local: Local, one: Joined) -> bool:
    reads = local.reads[one.alias]
    return has_freshness(one.declared) and bool(reads & {"read_at", "is_fresh"})


def _changed(local: Local, one: Joined) -> str:
    """Return the items of a relation that are new, gone, changed or filled in in what is read, or read (again)."""
    declared, name = one.declared, one.declared.name
    parts = [
        f"SELECT i.item_id FROM cmdb.{name} AS i WHERE i.item_id > %(_watermark)s",
        f"SELECT i.item_id FROM cmdb.{name} AS i WHERE i.valid_to > %(_since)s",
        _superseded(local, one),
    ]
    parts += [
        f"SELECT i.item_id FROM cmdb.{name} AS i WHERE i.{field.filled_at} > %(_since)s"
        for field in declared.filled
        if field.name in _needed(local, one)
    ]
    if _is_timed(local, one):
        parts.append(_unread(declared))
    return "\nUNION\n".join(parts)


def _superseded(local: Local, one: Joined) -> str:
    declared, name = one.declared, one.declared.name
    gone = {declared.gone_column}
    compared = sorted((_needed(local, one) | gone) - {"read_at", "is_fresh"})
    tests = ["x.valid_to < x.superseded_at"]
    for column in compared:
        if column == "version_id":
            tests.append("true")
        elif column not in gone:
            before = value(declared, column, "x", closed_payload(declared), "i")
            after = value(declared, column, "i", "w.payload", "i")
            if before != after:
                tests.append(f"{before} IS DISTINCT FROM {after}")
    payload = (
        f"\nLEFT JOIN {latest_payload(declared)}{closed_join(declared)}"
        if reads_payload(declared, compared)
        else ""
    )
    return (
        f"SELECT i.item_id\nFROM cmdb.{name}_closed AS x\nJOIN cmdb.{name} AS i ON i.item_id = x.item_id{payload}\n"
        f"WHERE x.superseded_at > %(_since)s\n  AND ({f'{chr(10)}       OR '.join(tests)})"
    )


def _needed(local: Local, one: Joined) -> set[str]:
    """Return the columns of a relation that verdicts depend on, those that others are joined by among them."""
    used = {pair.other_column for other in local.relations for pair in other.pairs if pair.other == one.alias}
    return set(local.reads[one.alias]) | (used - {"item_id", "account_region_id", "parent_id"})


def _unread(declared: ItemType) -> str:
    name = declared.name
    if declared.parent is not None:
        return (
            f"SELECT i.item_id\nFROM unread_changed AS u\nJOIN cmdb.{declared.parent} AS p\n"
            f"    ON p.account_region_id = u.account_region_id AND p.{parent_key(declared)} = u.item_id\n"
            f"JOIN cmdb.{name} AS i ON i.account_region_id = p.account_region_id AND i.parent_id = p.item_id\n"
            f"WHERE u.item_type IN ({scope_list(declared)})"
        )
    assert declared.key is not None  # noqa: S101 - without a parent it has a key
    return (
        f"SELECT i.item_id\nFROM unread_changed AS u\nJOIN cmdb.{name} AS i\n"
        f"    ON i.account_region_id = u.account_region_id AND i.{declared.key.name} = u.item_id\n"
        f"WHERE u.item_type IN ({scope_list(declared)})"
    )


def _judged_of(local: Local, one: Joined, origin: str, condition: str) -> str:
    """Return the judged items that items of a relation are joined to, over the relations in between."""
    by_alias = {joined.alias: joined for joined in local.relations}
    steps = [f"FROM {origin}", f"JOIN cmdb.{one.declared.name} AS {one.row} ON {condition}"]
    waiting, known = [one], {one.alias}
    while waiting:
        current = waiting.pop(0)
        for other in dict.fromkeys(pair.other for pair in current.pairs):
            tests = [
                f"{_latest(by_alias[other], pair.other_column)} = {current.row}.{pair.column}"
                for pair in current.pairs
                if pair.other == other
            ]
            if other in known:
                continue
            known.add(other)
            target = by_alias[other]
            # Whatever is joined lies in the same account-region: indexes begin with it.
            same = f"{target.row}.account_region_id = {current.row}.account_region_id"
            stored, unstored = _by_payload(target, tests)
            steps.append(
                f"JOIN cmdb.{target.declared.name} AS {target.row} ON {' AND '.join([same, *stored])}"
            )
            if unstored:
                steps.append(
                    f"JOIN {latest_payload(target.declared, target.row, f'{target.row}_w')} "
                    f"AND {' AND '.join(unstored)}"
                )
            waiting.append(target)
    return f"SELECT {local.item.row}.item_id\n" + "\n".join(steps)


def _by_payload(target: Joined, tests: list[str]) -> tuple[list[str], list[str]]:
    marker = f"{target.row}_w.payload"
    return [test for test in tests if marker not in test], [test for test in tests if marker in test]


def _latest(one: Joined, column: str) -> str:
    return value(one.declared, column, one.row, f"{one.row}_w.payload", one.row)


def _of_scopes(local: Local, one: Joined) -> str:
    """Return the judged items of account-regions in which a scope became known, unknown, fresh or stale."""
    item = local.item
    tests = [
        f"{item.row}.account_region_id = sc.account_region_id",
        f"sc.item_type IN ({scope_list(one.declared)})",
    ]
    if one is not item:
        for pair in one.pairs:
            expression = _latest(item, pair.other_column) if pair.other == item.alias else None
            if expression is not None and f"{item.row}_w" not in expression:
                tests.append(f"{expression} IS NOT NULL")
    return (
        f"SELECT {item.row}.item_id\nFROM scope_changed AS sc\n"
        f"JOIN cmdb.{item.declared.name} AS {item.row} ON {' AND '.join(tests)}"
    )
