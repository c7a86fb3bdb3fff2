"""The relations that policies read, as SQL: tonight's, and those of any past time, with the same columns.

Made from the declarations of item types, with no more columns and joins than a policy reads: a payload is
joined only where something in it is requested. ``gateledger items show TYPE --sql`` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cmdb.items import Absence, Field, ItemType, item_type
from cmdb.items.expressions import from_payload
from cmdb.items.payloads import closed_join, closed_payload, latest_payload
from evaluator.catalog.composition import Composition
from evaluator.catalog.offered import SCOPE, columns_of
from evaluator.catalog.reading import Joined

_AS_OF = "%(as_of)s::timestamptz"
_FRESH = f"coalesce({{read_at}} >= {_AS_OF} - %(max_staleness)s::interval, false)"


def scope_name(declared: ItemType, alias: str) -> str:
    """Return the expression of the scope that an item is read with."""
    if declared.kind_field is None:
        return f"'{declared.scopes[0].name}'"
    kinds = " ".join(f"WHEN '{scope.kind}' THEN '{scope.name}'" for scope in declared.scopes)
    return f"CASE {alias}.{declared.kind_field} {kinds} END"


def scope_list(declared: ItemType) -> str:
    """Return the names of a type's scopes as a list for IN."""
    return ", ".join(f"'{scope.name}'" for scope in declared.scopes)


def parent_key(declared: ItemType) -> str:
    """Return the key column of a type's parent."""
    assert declared.parent is not None  # noqa: S101 - asked of types with a parent
    key = item_type(declared.parent).key
    assert key is not None  # noqa: S101 - a parent is found by its key
    return key.name


def stored_columns(declared: ItemType) -> frozenset[str]:
    """Return the fields that are columns and part of versions, with since when some have their values."""
    return frozenset(name for name, _ in declared.versioned)


def fixed_columns(declared: ItemType) -> frozenset[str]:
    """Return the columns that only the latest row has, since they never change."""
    names = {"item_id", "account_region_id"}
    if declared.parent is not None:
        names.add("parent_id")
    if declared.key is not None:
        names.add(declared.key.name)
    if declared.kind_field is not None:
        names.add(declared.kind_field)
    return frozenset(names)


def unstored_fields(declared: ItemType, columns: Iterable[str]) -> list[Field]:
    """Return the fields among these columns that are read from the payload."""
    wanted = set(columns)
    return [field for field in declared.unstored if field.name in wanted]


def reads_payload(declared: ItemType, columns: Iterable[str]) -> bool:
    """Return whether the payload is needed for these columns."""
    return "payload" in set(columns) or bool(unstored_fields(declared, columns))


def value(declared: ItemType, column: str, row: str, payload: str, fixed: str) -> str:
    """Return the expression of a version's column: over its row, its payload, and the item's latest row."""
    if column == "payload":
        return payload
    if column in fixed_columns(declared):
        return f"{fixed}.{column}"
    if column == "version_id" or column in stored_columns(declared):
        return f"{row}.{column}"
    return from_payload(declared.field(column), payload)


def unread_parents(declared: ItemType, rows: str, valid: str) -> str:
    """Return a subquery of what could not be read, by the key of the parent."""
    return (
        f"(SELECT p.item_id AS parent_id, ui.read_before\n"
        f"     FROM {rows} AS ui\n"
        f"     JOIN cmdb.{declared.parent} AS p\n"
        f"         ON p.account_region_id = ui.account_region_id AND p.{parent_key(declared)} = ui.item_id\n"
        f"     WHERE ui.item_type IN ({scope_list(declared)}){valid})"
    )


def _freshness(declared: ItemType, scope: str, unread: str, valid: str) -> tuple[str, str]:
    """Return the joins that show when an item was last looked for, and the expression of that time."""
    joins = (
        f"\n    LEFT JOIN {scope} AS sc\n        ON sc.account_region_id = i.account_region_id "
        f"AND sc.item_type = {scope_name(declared, 'i')}"
    )
    if declared.parent is not None:
        joins += (
            f"\n    LEFT JOIN {unread_parents(declared, unread, valid)} AS u ON u.parent_id = i.parent_id"
        )
        return joins, "CASE WHEN u.parent_id IS NULL THEN sc.read_at ELSE u.read_before END"
    assert declared.key is not None  # noqa: S101 - without a parent it has a key
    joins += (
        f"\n    LEFT JOIN {unread} AS u\n        ON u.account_region_id = i.account_region_id "
        f"AND u.item_id = i.{declared.key.name}\n        AND u.item_type IN ({scope_list(declared)})"
        f"{valid.replace('ui.', 'u.')}"
    )
    return joins, "CASE WHEN u.item_id IS NULL THEN sc.read_at ELSE u.read_before END"


def _needed(declared: ItemType, columns: Iterable[str]) -> list[str]:
    wanted = set(columns)
    return [name for name, _ in columns_of(declared) if name in wanted]


def now(
    declared: ItemType, columns: Iterable[str], rows: str | None = None, *, is_judged: bool = False
) -> str:
    """Return a relation as the CMDB holds it now; ``rows`` stands in for the table of latest versions.

    Where items ``is_judged``, those that are gone are among them, whatever shows that they are: of each there is a
    verdict. To be joined are those that are there, or known to be gone by themselves.
    """
    needed = _needed(declared, columns)
    timed = {"read_at", "is_fresh"} & set(needed)
    joins, read_at = "", ""
    if reads_payload(declared, needed):
        joins += f"\n    LEFT JOIN {latest_payload(declared)}"
    if timed:
        more, read_at = _freshness(declared, "cmdb.scope", "cmdb.unread_item", " AND ui.valid_to IS NULL")
        joins += more
    shown = []
    for name in needed:
        if name == declared.gone_column:
            expression = "i.valid_to"
        elif name == "read_at":
            expression = read_at
        elif name == "is_fresh":
            expression = _FRESH.format(read_at=read_at)
        else:
            expression = value(declared, name, "i", "w.payload", "i")
        shown.append(f"{expression} AS {name}")
    where = {
        Absence.NONE: "\n    WHERE i.valid_to IS NULL",
        Absence.PROOF: "\n    WHERE (i.valid_to IS NULL OR i.proven_absent)",
        Absence.GONE: "",
    }[Absence.GONE if is_judged else declared.absence]
    return (
        f"{declared.name} AS NOT MATERIALIZED (\n    SELECT {f',{chr(10)}           '.join(shown)}\n"
        f"    FROM {rows or f'cmdb.{declared.name}'} AS i{joins}{where}\n)"
    )


def as_of(declared: ItemType, columns: Iterable[str], *, is_judged: bool = False) -> list[str]:
    """Return a relation as the CMDB held it at a past time, after the relation of versions that it is made of."""
    absence = Absence.GONE if is_judged else declared.absence
    needed = _needed(declared, columns)
    timed = {"read_at", "is_fresh"} & set(needed)
    plain = [name for name in needed if name not in {"read_at", "is_fresh", declared.gone_column}]
    for name in fixed_columns(declared) if timed else ():
        if name not in plain:
            plain.append(name)
    wide = reads_payload(declared, plain)

    def versions(row: str, payload: str, fixed: str, gone: str) -> str:
        shown = [f"{value(declared, name, row, payload, fixed)} AS {name}" for name in plain]
        shown.append(f"CASE WHEN {gone} <= {_AS_OF} THEN {gone} END AS gone_at")
        if declared.proves_absence:
            shown.append(f"{row}.proven_absent")
        return f"SELECT {', '.join(shown)}"

    latest = f"\n    LEFT JOIN {latest_payload(declared)}" if wide else ""
    closed = closed_join(declared, indent="    ") if wide else ""
    ends = "valid_to" if absence is Absence.NONE else "superseded_at"
    alive = f" AND (i.valid_to IS NULL OR i.valid_to > {_AS_OF})" if absence is Absence.NONE else ""
    then = (
        f"{declared.name}_then AS NOT MATERIALIZED (\n    {versions('i', 'w.payload', 'i', 'i.valid_to')}\n"
        f"    FROM cmdb.{declared.name} AS i{latest}\n    WHERE i.valid_from <= {_AS_OF}{alive}\n"
        f"    UNION ALL\n    {versions('x', closed_payload(declared), 'i', 'x.valid_to')}\n"
        f"    FROM cmdb.{declared.name}_closed AS x\n"
        f"    JOIN cmdb.{declared.name} AS i ON i.item_id = x.item_id{closed}\n"
        f"    WHERE x.valid_from <= {_AS_OF} AND x.{ends} > {_AS_OF}\n)"
    )
    joins, read_at = _freshness(declared, SCOPE, "unread", "") if timed else ("", "")
    shown = []
    for name in needed:
        if name == declared.gone_column:
            expression = "i.gone_at"
        elif name == "read_at":
            expression = read_at
        elif name == "is_fresh":
            expression = _FRESH.format(read_at=read_at)
        else:
            expression = f"i.{name}"
        shown.append(f"{expression} AS {name}")
    where = "\n    WHERE (i.gone_at IS NULL OR i.proven_absent)" if absence is Absence.PROOF else ""
    relation = (
        f"{declared.name} AS NOT MATERIALIZED (\n    SELECT {f',{chr(10)}           '.join(shown)}\n"
        f"    FROM {declared.name}_then AS i{joins}{where}\n)"
    )
    return [then, relation]


_SCOPE_NOW = f"""scope AS NOT MATERIALIZED (
    SELECT sc.account_region_id, sc.item_type, sc.status, sc.read_at,
           {_FRESH.format(read_at="sc.read_at")} AS is_fresh
    FROM cmdb.scope AS sc
)"""

_SCOPE_AS_OF = f"""last_collection AS NOT MATERIALIZED (
    SELECT max(r.as_of) AS as_of
    FROM cmdb.run AS r
    WHERE r.kind IN ('run', 'collect') AND r.as_of <= {_AS_OF}
),
scope AS NOT MATERIALIZED (
    SELECT st.account_region_id, st.item_type, st.status, t.read_at,
           {_FRESH.format(read_at="t.read_at")} AS is_fresh
    FROM cmdb.scope_state AS st
    CROSS JOIN last_collection AS l
    CROSS JOIN LATERAL (
        SELECT CASE WHEN st.status IN ('complete', 'partial') THEN l.as_of ELSE st.read_before END AS read_at
    ) AS t
    WHERE st.valid_from <= {_AS_OF} AND (st.valid_to IS NULL OR st.valid_to > {_AS_OF})
),
unread AS NOT MATERIALIZED (
    SELECT u.account_region_id, u.item_type, u.item_id, u.read_before
    FROM cmdb.unread_item AS u
    WHERE u.valid_from <= {_AS_OF} AND (u.valid_to IS NULL OR u.valid_to > {_AS_OF})
)"""


def rarely_joined(composition: Composition) -> tuple[Joined, ...]:
    """Return what is joined by a further reference to a type that is joined already, such as a canary's deployment.

    Few items have such a reference, and hashing all that it could name costs as much as the first join.
    """
    found: list[Joined] = []
    known: set[ItemType] = set()
    # Only a local logic has no WITH of its own, whose names could be ours.
    for one in composition.local.relations if composition.local is not None else ():
        item = composition.item
        stored = stored_columns(item.declared) | fixed_columns(item.declared)
        by_item = all(pair.other == item.alias and pair.other_column in stored for pair in one.pairs)
        refers = {ref.field for ref in item.declared.references if ref.item_type == one.declared.name}
        if one.declared in known and by_item and refers & {pair.other_column for pair in one.pairs}:
            found.append(one)
        known.add(one.declared)
    return tuple(found)


def named(composition: Composition, one: Joined) -> str:
    """Return the relation of those items that an item judged now names, called ``named_ALIAS``."""
    item, relation = composition.item.declared, one.declared.name
    columns = _needed(one.declared, composition.relations[relation])
    tests = [f"o.{pair.other_column} = i.{pair.column}" for pair in one.pairs]
    tests += [f"o.{pair.other_column} IS NOT NULL" for pair in one.pairs]
    if any(pair.column == "parent_id" for pair in one.pairs):
        # Nothing new, but indexes begin with it.
        tests.insert(0, "o.account_region_id = i.account_region_id")
    return (
        f"named_{one.alias} AS NOT MATERIALIZED (\n    SELECT {', '.join(f'i.{name}' for name in columns)}\n"
        f"    FROM {relation} AS i\n    WHERE EXISTS (\n        SELECT FROM cmdb.{item.name} AS o\n"
        f"        WHERE {' AND '.join(tests)}\n    )\n)"
    )


def relations_now(wanted: Mapping[str, frozenset[str]], item: str = "", rows: str | None = None) -> str:
    """Return the relations that a policy reads, as common table expressions over what is known now.

    ``item`` is the judged type, if one is; ``rows`` stands in for its table.
    """
    parts = [
        _SCOPE_NOW
        if name == SCOPE
        else now(item_type(name), columns, rows if name == item else None, is_judged=name == item)
        for name, columns in wanted.items()
    ]
    return ",\n".join(parts)


def relations_as_of(wanted: Mapping[str, frozenset[str]], item: str = "") -> str:
    """Return the relations that a policy reads, as common table expressions over what was known at ``as_of``.

    ``item`` is the judged type, if one is.
    """
    parts = [_SCOPE_AS_OF]
    for name, columns in wanted.items():
        if name != SCOPE:
            parts += as_of(item_type(name), columns, is_judged=name == item)
    return ",\n".join(parts)


def version_statement(declared: ItemType, facts: Iterable[str]) -> str:
    """Return the statement that reads one version (``version_id``) and when it was last read by ``as_of``."""
    names = list(facts)
    wide = reads_payload(declared, names)
    known_as = [f"p.{parent_key(declared)}"] if declared.parent is not None else []
    known_as += [f"i.{declared.key.name}"] if declared.key is not None else []

    def rows(row: str, payload: str) -> str:
        shown = "".join(f", {value(declared, name, row, payload, 'i')} AS {name}" for name in names)
        return f"SELECT i.item_id, {row}.version_id, {row}.valid_from, {row}.valid_to{shown}"

    latest = f"\n    LEFT JOIN {latest_payload(declared)}" if wide else ""
    closed = closed_join(declared, indent="    ") if wide else ""
    parent = (
        f"\nJOIN cmdb.{declared.parent} AS p ON p.item_id = i.parent_id"
        if declared.parent is not None
        else ""
    )
    if declared.absence is Absence.NONE:
        # Read again only when something asks for it; an unchanged reading leaves only its latest time.
        read_at = f"CASE WHEN i.read_at <= {_AS_OF} THEN i.read_at ELSE x.valid_from END"
        relations, held = "", ""
    else:
        only = {declared.name: frozenset({"item_id", "read_at"})}
        relations, read_at = f"WITH {relations_as_of(only)}\n", "held.read_at"
        held = f"\nLEFT JOIN {declared.name} AS held ON held.item_id = i.item_id"
    gone = (
        f", CASE WHEN x.valid_to <= {_AS_OF} THEN x.valid_to END AS gone_at"
        if declared.proves_absence
        else ""
    )
    return (
        f"{relations}SELECT concat_ws('/', {', '.join(known_as)}) AS known_as, x.valid_from, x.valid_to,\n"
        f"       r.read_at, (SELECT max(n.run_id) FROM cmdb.run AS n\n"
        "                   WHERE n.as_of = r.read_at AND n.kind IN ('run', 'collect')) AS run_id"
        f"{''.join(f', x.{name}' for name in names)}{gone}\n"
        f"FROM (\n    {rows('i', 'w.payload')} FROM cmdb.{declared.name} AS i{latest}\n    UNION ALL\n"
        f"    {rows('x', closed_payload(declared))} FROM cmdb.{declared.name}_closed AS x\n"
        f"    JOIN cmdb.{declared.name} AS i ON i.item_id = x.item_id{closed}\n) AS x\n"
        f"JOIN cmdb.{declared.name} AS i ON i.item_id = x.item_id{parent}{held}\n"
        f"CROSS JOIN LATERAL (SELECT {read_at} AS read_at) AS r\nWHERE x.version_id = %(version_id)s"
    )
