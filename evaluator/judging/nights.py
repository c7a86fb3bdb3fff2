"""SQL of a backfill that sweeps over the past: versions as stretches of nights, and what changed on each.

Made from what a policy reads. A stretch holds its first night and not its last; a night's number is how many
nights lie before it. Each judged item is judged at the nights on which something that the policy reads of it,
or of what is joined to it, changed.
"""

from __future__ import annotations

from functools import cache

from cmdb.items import Absence, ItemType
from cmdb.items.payloads import closed_join, closed_payload, latest_payload
from evaluator.catalog.offered import columns_of, has_freshness
from evaluator.catalog.reading import Joined, Local
from evaluator.judging.relations import (
    parent_key,
    reads_payload,
    scope_list,
    scope_name,
    value,
)

_NIGHT_OF = "pg_temp.night_of({moment}, t.nights)"


def _types(declared: ItemType) -> dict[str, str]:
    return dict(columns_of(declared))


def _plain(local: Local, one: Joined) -> list[str]:
    """Return the columns that a stretch keeps of a version: all that is needed but times of readings."""
    declared = one.declared
    wanted = set(local.columns(one.alias)) - {"read_at", "is_fresh", declared.gone_column}
    if _is_timed(local, one):
        wanted |= {declared.kind_field} if declared.kind_field else set()
        if declared.parent is not None:
            wanted.add("parent_id")
        elif declared.key is not None:
            wanted.add(declared.key.name)
    return [name for name, _ in columns_of(declared) if name in wanted]


def _is_timed(local: Local, one: Joined) -> bool:
    return has_freshness(one.declared) and bool(local.reads[one.alias] & {"read_at", "is_fresh"})


@cache
def tables(local: Local) -> str:
    """Return the statements that make the temporary tables of stretches."""
    made = []
    for one in local.relations:
        types = _types(one.declared)
        columns = [f"{name} {types[name]}" for name in _plain(local, one)]
        columns.append("gone_at timestamptz")
        made.append(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS old_{one.alias} (\n"
            "    first integer NOT NULL, past integer NOT NULL, "
            f"{', '.join(columns)}\n) ON COMMIT DROP"
        )
    return ";\n".join(made)


@cache
def versions(local: Local) -> str:
    """Return the statements that fill them, and those of scopes and unread items that matter."""
    filled = [_stretches(local, one) for one in local.relations]
    scopes = [one.declared for one in local.relations if _is_timed(local, one)]
    if scopes:
        listed = ", ".join(dict.fromkeys(scope_list(declared) for declared in scopes))
        filled += [_past_scopes(listed), _past_unread(listed)]
    analyzed = [f"ANALYZE old_{one.alias}" for one in local.relations]
    return ";\n".join([*filled, *analyzed, "ANALYZE night", "ANALYZE past_scope", "ANALYZE past_unread"])


def _stretches(local: Local, one: Joined) -> str:
    declared, plain = one.declared, _plain(local, one)
    wide = reads_payload(declared, plain)

    def select(row: str, payload: str, superseded: str) -> str:
        shown = [f"{value(declared, name, row, payload, 'i')} AS {name}" for name in plain]
        shown += [f"{row}.valid_from AS v_from", f"{row}.valid_to AS v_to", f"{superseded} AS v_superseded"]
        if declared.proves_absence:
            shown.append(f"{row}.proven_absent AS v_proven")
        return f"SELECT {', '.join(shown)}"

    latest = f"\n        LEFT JOIN {latest_payload(declared)}" if wide else ""
    closed = closed_join(declared, indent="        ") if wide else ""
    rows = (
        f"        {select('i', 'w.payload', 'NULL::timestamptz')}\n        FROM cmdb.{declared.name} AS i{latest}\n"
        f"        UNION ALL\n        {select('x', closed_payload(declared), 'x.superseded_at')}\n"
        f"        FROM cmdb.{declared.name}_closed AS x\n"
        f"        JOIN cmdb.{declared.name} AS i ON i.item_id = x.item_id{closed}"
    )
    absence = Absence.GONE if declared is local.item.declared else declared.absence
    if absence is Absence.NONE:
        ends = "VALUES (x.v_from, x.v_to, NULL::timestamptz, true)"
    elif absence is Absence.PROOF:
        ends = (
            "VALUES (x.v_from, x.v_to, NULL::timestamptz, true), (x.v_to, x.v_superseded, x.v_to, x.v_proven)"
        )
    else:
        ends = "VALUES (x.v_from, x.v_to, NULL::timestamptz, true), (x.v_to, x.v_superseded, x.v_to, true)"
    columns = ", ".join(["first", "past", *plain, "gone_at"])
    kept = "".join(f", v.{name}" for name in plain)
    return (
        f"INSERT INTO old_{one.alias} ({columns})\nSELECT v.first, v.past{kept}, v.gone_at\nFROM (\n"
        f"    SELECT {''.join(f'x.{name}, ' for name in plain)}p.gone_at,\n"
        f"           {_NIGHT_OF.format(moment='p.since')} AS first, {_NIGHT_OF.format(moment='p.until')} AS past\n"
        f"    FROM calendar AS t\n    CROSS JOIN (\n{rows}\n    ) AS x\n"
        f"    CROSS JOIN LATERAL (\n        {ends}\n    ) AS p (since, until, gone_at, is_shown)\n"
        "    WHERE p.since IS NOT NULL AND p.is_shown\n) AS v\nWHERE v.first < v.past"
    )


def _past_scopes(listed: str) -> str:
    return (
        "INSERT INTO past_scope\nSELECT v.account_region_id, v.item_type, v.first, v.past, v.is_read, v.read_before\n"
        "FROM (\n    SELECT st.account_region_id, st.item_type, st.status IN ('complete', 'partial') AS is_read,\n"
        f"           st.read_before, {_NIGHT_OF.format(moment='st.valid_from')} AS first,\n"
        f"           {_NIGHT_OF.format(moment='st.valid_to')} AS past\n    FROM calendar AS t\n"
        f"    CROSS JOIN cmdb.scope_state AS st\n    WHERE st.item_type IN ({listed})\n) AS v\nWHERE v.first < v.past"
    )


def _past_unread(listed: str) -> str:
    return (
        "INSERT INTO past_unread\nSELECT v.account_region_id, v.item_type, v.item_id, v.first, v.past, v.read_before\n"
        "FROM (\n    SELECT u.account_region_id, u.item_type, u.item_id, u.read_before,\n"
        f"           {_NIGHT_OF.format(moment='u.valid_from')} AS first,\n"
        f"           {_NIGHT_OF.format(moment='u.valid_to')} AS past\n    FROM calendar AS t\n"
        f"    CROSS JOIN cmdb.unread_item AS u\n    WHERE u.item_type IN ({listed})\n) AS v\nWHERE v.first < v.past"
    )


@cache
def moments(local: Local) -> str:
    """Return the statements that fill ``moment``: item, night, and the stretch of the item that it lies in."""
    parts = []
    timed = [one for one in local.relations if _is_timed(local, one)]
    if timed:
        parts.append(_KNOWN)
    found = []
    for one in local.relations:
        parts.append(_events(local, one))
        if one is local.item:
            found.append(
                f"SELECT s.item_id, s.first AS n, s.first FROM event_{one.alias} AS s WHERE s.is_new"
            )
        else:
            found.append(_events_of(local, one))
    found += [_known_of(local, one) for one in timed]
    return (
        "-- The nights on which something that the policy reads of an item changed.\n"
        "INSERT INTO moment (item_id, n, first)\nWITH "
        + ",\n".join(parts)
        + "\nSELECT m.item_id, m.n, m.first FROM (\n    "
        + "\nUNION\n".join(found).replace("\n", "\n    ")
        + "\n) AS m\nWHERE m.n < (SELECT count(*) FROM night);\nANALYZE moment"
    )  # fmt: skip


_KNOWN = """stretch AS (
    -- How well scopes and unread items are known: a stretch begins, and between readings it goes stale.
    SELECT sc.account_region_id, sc.item_type, NULL::text AS item_id, sc.first, sc.past, sc.is_read, sc.read_before
    FROM past_scope AS sc
    UNION ALL
    SELECT u.account_region_id, u.item_type, u.item_id, u.first, u.past, false, u.read_before
    FROM past_unread AS u
),
turning AS MATERIALIZED (
    -- Nights on which what every run reads turns stale, or fresh again, because no run read at all.
    SELECT w.n FROM (
        SELECT n, collected_at < as_of - %(max_staleness)s::interval AS is_stale,
               lag(collected_at < as_of - %(max_staleness)s::interval) OVER (ORDER BY n) AS was_stale
        FROM night
    ) AS w
    WHERE w.is_stale IS DISTINCT FROM w.was_stale
),
known AS (
    SELECT s.account_region_id, s.item_type, s.item_id, e.n
    FROM stretch AS s
    CROSS JOIN LATERAL (
        SELECT s.first AS n
        UNION ALL
        SELECT s.past
        UNION ALL
        SELECT t.n FROM turning AS t WHERE s.is_read AND t.n > s.first AND t.n < s.past
        UNION ALL
        (SELECT w.n FROM night AS w
         WHERE NOT s.is_read AND w.n > s.first AND w.n < s.past
           AND w.as_of > s.read_before + %(max_staleness)s::interval
         ORDER BY w.n LIMIT 1)
    ) AS e
)"""


def _compared(local: Local, one: Joined) -> list[str]:
    """Return the columns whose change is an event: those read, and those by which others are joined."""
    used = {pair.other_column for other in local.relations for pair in other.pairs if pair.other == one.alias}
    read = {name for name in local.reads[one.alias] | used if name not in {"read_at", "is_fresh"}}
    gone = one.declared.gone_column
    read -= {"item_id", "account_region_id", "parent_id", gone}
    return [*(f"i.{name}" for name in sorted(read)), "i.gone_at"]


def _events(local: Local, one: Joined) -> str:
    """Return stretches, each with whether it reads otherwise than the one before and whether one follows it."""
    compared = _compared(local, one)
    before = ", ".join(["lag(i.past) OVER w", *(f"lag({name}) OVER w" for name in compared)])
    now = ", ".join(["i.first", *compared])
    # JSON and lists are compared as any other value; a row is compared whole, nulls included.
    return (
        f"event_{one.alias} AS (\n    SELECT i.item_id, i.first, i.past,\n"
        f"           ROW({before}) IS DISTINCT FROM ROW({now}) AS is_new,\n"
        "           lead(i.first) OVER w IS DISTINCT FROM i.past AS is_end\n"
        f"    FROM old_{one.alias} AS i\n    WINDOW w AS (PARTITION BY i.item_id ORDER BY i.first)\n)"
    )


def _chain(local: Local, one: Joined, night: str) -> str:
    """Return the joins from a relation's stretch to the judged item's, each held at a night."""
    by_alias = {joined.alias: joined for joined in local.relations}
    steps: list[str] = []
    waiting, known = [one], {one.alias}
    while waiting:
        current = waiting.pop(0)
        for other in dict.fromkeys(pair.other for pair in current.pairs):
            if other in known:
                continue
            known.add(other)
            tests = [
                f"{by_alias[other].row}.{pair.other_column} = {current.row}.{pair.column}"
                for pair in current.pairs
                if pair.other == other
            ]
            row = by_alias[other].row
            tests += [f"{night} >= {row}.first", f"{night} < {row}.past"]
            steps.append(f"JOIN old_{other} AS {row} ON {' AND '.join(tests)}")
            waiting.append(by_alias[other])
    return "\n".join(steps)


def _events_of(local: Local, one: Joined) -> str:
    item = local.item.row
    return (
        f"SELECT {item}.item_id, e.n, {item}.first\nFROM event_{one.alias} AS c\n"
        f"JOIN old_{one.alias} AS {one.row} ON {one.row}.item_id = c.item_id AND {one.row}.first = c.first\n"
        "CROSS JOIN LATERAL (VALUES (c.first, c.is_new), (c.past, c.is_end)) AS e (n, is_event)\n"
        f"{_chain(local, one, 'e.n')}\nWHERE e.is_event AND e.n > 0"
    )


def _known_of(local: Local, one: Joined) -> str:
    """Return the nights on which a relation's items became fresh, stale, read or unread."""
    item, declared = local.item.row, one.declared
    if declared.parent is not None:
        group = (
            f"k.item_id IS NULL OR {one.row}.parent_id = (\n        SELECT p.item_id FROM cmdb.{declared.parent} AS p\n"
            f"        WHERE p.account_region_id = k.account_region_id AND p.{parent_key(declared)} = k.item_id\n    )"
        )
    else:
        assert declared.key is not None  # noqa: S101 - without a parent it has a key
        group = f"k.item_id IS NULL OR {one.row}.{declared.key.name} = k.item_id"
    chain = "" if one is local.item else f"\n{_chain(local, one, 'k.n')}"
    return (
        f"SELECT {item}.item_id, k.n, {item}.first\nFROM known AS k\nJOIN old_{one.alias} AS {one.row}\n"
        f"    ON {one.row}.account_region_id = k.account_region_id\n"
        f"    AND k.n >= {one.row}.first AND k.n < {one.row}.past{chain}\n"
        f"WHERE k.n > 0 AND k.item_type IN ({scope_list(declared)}) AND ({group})"
    )


@cache
def evidence(local: Local) -> str:
    """Return what a policy selects from: at each night in ``moment``, what then held of what it reads."""
    columns, joins = [], []
    for one in local.relations:
        more, joined = _evidence_of(local, one)
        columns += more
        joins += joined
    aliased = "\n".join(_aliased(local, one) for one in local.relations)
    return (
        "FROM (\n    SELECT m.n AS night_n, w.as_of AS night_as_of"
        f"{''.join(f',{chr(10)}           {column}' for column in columns)}\n"
        "    FROM moment AS m\n    JOIN night AS w ON w.n = m.n\n    "
        + "\n    ".join(joins)
        + f"\n) AS _evidence\n{aliased}"
    )  # fmt: skip


def _evidence_of(local: Local, one: Joined) -> tuple[list[str], list[str]]:
    """Return what a relation adds to the moments: its columns under its own prefix, and its joins."""
    alias, declared, row = one.alias, one.declared, one.row
    joins = []
    if one is local.item:
        joins.append(f"JOIN old_{alias} AS {row} ON {row}.item_id = m.item_id AND {row}.first = m.first")
    else:
        rows = {other.alias: other.row for other in local.relations}
        tests = [f"{row}.{pair.column} = {rows[pair.other]}.{pair.other_column}" for pair in one.pairs]
        tests += [f"m.n >= {row}.first", f"m.n < {row}.past"]
        joins.append(f"LEFT JOIN old_{alias} AS {row} ON {' AND '.join(tests)}")
    columns = [f"{row}.{name} AS {alias}__{name}" for name in _plain(local, one)]
    columns.append(f"{row}.gone_at AS {alias}__{declared.gone_column}")
    if _is_timed(local, one):
        joins += [
            f"LEFT JOIN past_scope AS {row}__sc\n        ON {row}__sc.account_region_id = {row}.account_region_id "
            f"AND {row}__sc.item_type = {scope_name(declared, row)}\n"
            f"        AND m.n >= {row}__sc.first AND m.n < {row}__sc.past"
        ]
        joins.append(_unread_of(one))
        columns.append(
            f"CASE WHEN {row}.item_id IS NULL THEN NULL WHEN {row}__u.item_id IS NOT NULL THEN {row}__u.read_before\n"
            f"                WHEN {row}__sc.is_read THEN w.collected_at ELSE {row}__sc.read_before END"
            f" AS {alias}__read_at"
        )
    return columns, joins


def _unread_of(one: Joined) -> str:
    row, declared = one.row, one.declared
    held = f"m.n >= {row}__u.first AND m.n < {row}__u.past"
    if declared.parent is not None:
        return (
            "LEFT JOIN (\n"
            "        SELECT u.item_type, u.item_id, u.first, u.past, u.read_before, p.item_id AS parent_id\n"
            f"        FROM past_unread AS u\n        JOIN cmdb.{declared.parent} AS p\n"
            f"            ON p.account_region_id = u.account_region_id AND p.{parent_key(declared)} = u.item_id\n"
            f"        WHERE u.item_type IN ({scope_list(declared)})\n    ) AS {row}__u "
            f"ON {row}__u.parent_id = {row}.parent_id AND {held}"
        )
    assert declared.key is not None  # noqa: S101 - without a parent it has a key
    return (
        f"LEFT JOIN past_unread AS {row}__u\n        ON {row}__u.account_region_id = {row}.account_region_id\n"
        f"        AND {row}__u.item_id = {row}.{declared.key.name}\n"
        f"        AND {row}__u.item_type IN ({scope_list(declared)}) AND {held}"
    )


def _aliased(local: Local, one: Joined) -> str:
    """Return a relation under the name that the logic gives it, with the columns that it reads."""
    alias, declared = one.alias, one.declared
    shown = [f"_evidence.{alias}__{name} AS {name}" for name in _plain(local, one)]
    shown.append(f"_evidence.{alias}__{declared.gone_column} AS {declared.gone_column}")
    if _is_timed(local, one):
        fresh = f"coalesce(_evidence.{alias}__read_at >= _evidence.night_as_of - %(max_staleness)s::interval, false)"
        shown += [
            f"_evidence.{alias}__read_at AS read_at",
            f"CASE WHEN _evidence.{alias}__item_id IS NOT NULL THEN {fresh} END AS is_fresh",
        ]
    return f"CROSS JOIN LATERAL (SELECT {', '.join(shown)}) AS {alias}"
