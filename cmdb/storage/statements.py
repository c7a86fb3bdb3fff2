"""The statements of the merge, made from a declaration: what is known of items, and how versions change.

``gateledger items show TYPE --sql`` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from cmdb.items import Absence, ItemType, item_type, scope_owner


def _known_columns(declared: ItemType) -> str:
    parent = f"p.{_parent_key(declared)}" if declared.parent else "NULL"
    key = f"i.{declared.key.name}" if declared.key else "''"
    columns = [f"i.account_region_id, {parent}, {key}, i.item_id, i.valid_to"]
    columns.append("i.proven_absent" if declared.proves_absence else "false")
    if declared.has_payload:
        columns.append("i.digest")
    else:
        pairs = ", ".join(f"'{name}', i.{name}" for name, _ in declared.versioned)
        columns.append(f"jsonb_build_object({pairs})")
    return ", ".join(columns)


def _parent_key(declared: ItemType) -> str:
    assert declared.parent is not None  # noqa: S101 - asked of types with a parent
    key = item_type(declared.parent).key
    assert key is not None  # noqa: S101 - a parent is found by its key
    return key.name


def _with_parent(declared: ItemType) -> str:
    if declared.parent is None:
        return ""
    return f"\nJOIN cmdb.{declared.parent} AS p ON p.item_id = i.parent_id"


@cache
def known(declared: ItemType) -> str:
    """What is known of the items of some groups (``regions`` and ``ids``, two arrays)."""
    if declared.parent is not None:
        found = (
            f"JOIN cmdb.{declared.parent} AS p\n"
            f"    ON p.account_region_id = wanted.account_region_id AND p.{_parent_key(declared)} = wanted.id\n"
            f"JOIN cmdb.{declared.name} AS i\n"
            "    ON i.account_region_id = p.account_region_id AND i.parent_id = p.item_id"
        )
    else:
        assert declared.key is not None  # noqa: S101 - no parent, so a key
        found = (
            f"JOIN cmdb.{declared.name} AS i\n"
            f"    ON i.account_region_id = wanted.account_region_id AND i.{declared.key.name} = wanted.id"
        )
    return (
        f"-- What is known of the items of type {declared.name} of some groups.\n"
        f"SELECT {_known_columns(declared)}\n"
        "FROM unnest(%(regions)s::integer[], %(ids)s::text[]) AS wanted (account_region_id, id)\n"
        f"{found}"
    )


@cache
def known_whole(declared: ItemType) -> str:
    """What is known of all items of some account-regions (``regions``), of one ``kind`` where there are kinds."""
    kind = f" AND i.{declared.kind_field} = %(kind)s" if declared.kind_field else ""
    return (
        f"-- What is known of all items of type {declared.name} of some account-regions.\n"
        f"SELECT {_known_columns(declared)}\n"
        f"FROM cmdb.{declared.name} AS i{_with_parent(declared)}\n"
        f"WHERE i.account_region_id = ANY(%(regions)s){kind}"
    )


@cache
def parent_keys(declared: ItemType) -> str:
    """Keys of parents by account-region and AWS id."""
    return (
        f"-- Keys of the parents of items of type {declared.name}.\n"
        f"SELECT p.account_region_id, p.{_parent_key(declared)}, p.item_id\n"
        "FROM unnest(%(regions)s::integer[], %(ids)s::text[]) AS wanted (account_region_id, id)\n"
        f"JOIN cmdb.{declared.parent} AS p\n"
        f"    ON p.account_region_id = wanted.account_region_id AND p.{_parent_key(declared)} = wanted.id"
    )


@cache
def replace(declared: ItemType) -> str:
    """Open new versions (``rows``, JSON) and keep those they replace.

    A version that began with this very run leaves no trace; a value that goes on keeps its start.
    """
    name = declared.name
    fields = [field for field in declared.stored if field.name != declared.kind_field]
    taken = [("item_id", "bigint"), ("version_id", "bigint")]
    taken += [("digest", "bytea")] if declared.has_payload else []
    taken += [(field.name, str(field.kind)) for field in fields]
    has_own = declared.has_payload and not declared.shared_payload
    taken += [("payload", "jsonb")] if has_own else []
    closed = [column for column, _ in declared.versioned]
    closed = ["proven_absent", *closed] if declared.proves_absence else closed
    closed = [*closed, "digest"] if declared.shared_payload else closed
    payload = ", payload" if has_own else ""
    join = "LEFT JOIN" if declared.proves_absence else "JOIN"
    parts = [
        f"-- Open new versions of items of type {name} and keep those they replace.",
        "WITH n AS MATERIALIZED (",
        f"    SELECT {', '.join(column for column, _ in taken)}",
        "    FROM jsonb_to_recordset(%(rows)s::jsonb)",
        f"        AS r ({', '.join(f'{column} {kind}' for column, kind in taken)})",
        "),",
        "kept AS (",
        f"    INSERT INTO cmdb.{name}_closed",
        "        (item_id, valid_from, valid_to, superseded_at, version_id",
        f"         {''.join(f', {column}' for column in closed)}{payload})",
        "    SELECT i.item_id, i.valid_from, coalesce(i.valid_to, %(as_of)s), %(as_of)s, i.version_id",
        f"           {''.join(f', i.{column}' for column in closed)}{', p.payload' if payload else ''}",
        "    FROM n",
        f"    JOIN cmdb.{name} AS i ON i.item_id = n.item_id",
        f"    {join} cmdb.{name}_payload AS p ON p.item_id = n.item_id" if payload else "",
        "    WHERE i.valid_from < %(as_of)s",
        ")",
    ]
    if payload and declared.proves_absence:
        parts += [
            ", told AS (",
            f"    INSERT INTO cmdb.{name}_payload (item_id, payload) SELECT item_id, payload FROM n",
            "    ON CONFLICT (item_id) DO UPDATE SET payload = excluded.payload",
            ")",
        ]
    elif payload:
        parts += [
            ", told AS (",
            f"    UPDATE cmdb.{name}_payload AS p SET payload = n.payload FROM n WHERE p.item_id = n.item_id",
            ")",
        ]
    sets = ["version_id = n.version_id", "valid_from = %(as_of)s", "valid_to = NULL"]
    sets += ["digest = n.digest"] if declared.has_payload else []
    sets += ["proven_absent = false"] if declared.proves_absence else []
    sets += ["read_at = %(as_of)s"] if declared.absence is Absence.NONE else []
    sets += [f"{field.name} = n.{field.name}" for field in fields]
    sets += [f"{field.filled_at} = NULL" for field in declared.filled]
    sets += [f"{field.since} = {_since(name, field.name, field.since)}" for field in fields if field.since]
    parts += [f"UPDATE cmdb.{name} AS i", f"SET {', '.join(sets)}", "FROM n", "WHERE i.item_id = n.item_id"]
    return "\n".join(part for part in parts if part)


def _since(name: str, field: str, since: str) -> str:
    """Since when the new version's field has its value: what was there without a break counts."""
    return (
        "CASE\n"
        "    WHEN i.valid_from < %(as_of)s AND coalesce(i.valid_to, %(as_of)s) = %(as_of)s\n"
        f"         AND i.{field} IS NOT DISTINCT FROM n.{field}\n"
        f"    THEN i.{since}\n"
        "    -- The version replaced began with this very run: what counts is the one before.\n"
        "    WHEN i.valid_from = %(as_of)s THEN coalesce(\n"
        f"        (SELECT x.{since} FROM cmdb.{name}_closed AS x\n"
        "         WHERE x.item_id = i.item_id AND x.valid_to = %(as_of)s\n"
        f"           AND x.{field} IS NOT DISTINCT FROM n.{field}),\n"
        "        %(as_of)s\n"
        "    )\n"
        "    ELSE %(as_of)s\n"
        "END"
    )


@cache
def reopen(declared: ItemType) -> str:
    """Take back a disappearance that an earlier run of the same as_of found (``keys``)."""
    proven = ", proven_absent = false" if declared.proves_absence else ""
    return (
        "-- Take back a disappearance that an earlier run of the same as_of found.\n"
        f"UPDATE cmdb.{declared.name} SET valid_to = NULL{proven} WHERE item_id = ANY(%(keys)s)"
    )


@cache
def close(declared: ItemType) -> str:
    """Close items that are gone (``keys``); ``proven`` says whether their absence is proven."""
    proven = ", proven_absent = %(proven)s" if declared.proves_absence else ""
    return (
        "-- Close items that are gone.\n"
        f"UPDATE cmdb.{declared.name} SET valid_to = %(as_of)s{proven}\n"
        "WHERE item_id = ANY(%(keys)s) AND valid_to IS NULL"
    )


@cache
def close_children(declared: ItemType) -> str:
    """Close the items of parents that are gone (``regions``, ``keys``); how many by account-region."""
    proven = ", proven_absent = false" if declared.proves_absence else ""
    return (
        f"-- Close the items of type {declared.name} of parents that are gone; their keys by account-region.\n"
        "WITH closed AS (\n"
        f"    UPDATE cmdb.{declared.name} SET valid_to = %(as_of)s{proven}\n"
        "    WHERE account_region_id = ANY(%(regions)s) AND parent_id = ANY(%(keys)s) AND valid_to IS NULL\n"
        "    RETURNING account_region_id, item_id\n"
        ")\n"
        "SELECT account_region_id, array_agg(item_id) FROM closed GROUP BY account_region_id"
    )


@cache
def close_regions(declared: ItemType) -> str:
    """Close all items of account-regions (``regions``) because a person says so: nothing is proven absent."""
    proven = ", proven_absent = false" if declared.proves_absence else ""
    return (
        f"-- Close all items of type {declared.name} of account-regions.\n"
        f"UPDATE cmdb.{declared.name} SET valid_to = %(as_of)s{proven}\n"
        "WHERE account_region_id = ANY(%(regions)s) AND valid_to IS NULL"
    )


#: Where ``share`` finds many payloads: a temporary table of this name.
SHARED = "shared_payload"


@cache
def share(declared: ItemType, *, is_staged: bool = False) -> str:
    """Store payloads that are not stored yet (``rows``, JSON; or staged as ``SHARED``).

    Two merges that store the same one wait for each other, all in the order of digests, so never in a circle.
    """
    rows = "jsonb_to_recordset(%(rows)s::jsonb) AS n (digest bytea, payload jsonb)"
    return (
        f"-- Store payloads of items of type {declared.name} that are not stored yet.\n"
        f"INSERT INTO cmdb.{declared.name}_payload (digest, payload)\n"
        "SELECT n.digest, n.payload\n"
        f"FROM {f'pg_temp.{SHARED} AS n' if is_staged else rows}\n"
        "ORDER BY n.digest\n"
        "ON CONFLICT (digest) DO NOTHING"
    )


@cache
def read_again(declared: ItemType) -> str:
    """Note when items were read that are as they were, and the fields that are only noted (``rows``, JSON)."""
    noted = [field for field in declared.stored if field.noted]
    taken = ["item_id bigint", *(f"{field.name} {field.kind}" for field in noted)]
    sets = ["read_at = %(as_of)s", *(f"{field.name} = n.{field.name}" for field in noted)]
    return (
        "-- Note that items were read and are as they were.\n"
        f"UPDATE cmdb.{declared.name} AS i\n"
        f"SET {', '.join(sets)}\n"
        f"FROM jsonb_to_recordset(%(rows)s::jsonb) AS n ({', '.join(taken)})\n"
        "WHERE i.item_id = n.item_id"
    )


@cache
def fill(declared: ItemType) -> str:
    """Give versions the values of derived fields that they lack (``rows``, JSON); others stay as they are."""
    fields = declared.filled
    taken = ["item_id bigint", *(f"{field.name} {field.kind}" for field in fields)]
    lacks = [f"i.{field.name} IS NULL AND n.{field.name} IS NOT NULL" for field in fields]
    sets = [f"{field.name} = coalesce(i.{field.name}, n.{field.name})" for field in fields]
    sets += [
        f"{field.filled_at} = CASE WHEN {lack} THEN %(as_of)s ELSE i.{field.filled_at} END"
        for field, lack in zip(fields, lacks, strict=True)
    ]
    return (
        "-- Give versions the values of derived fields that they lack.\n"
        f"UPDATE cmdb.{declared.name} AS i\n"
        f"SET {', '.join(sets)}\n"
        f"FROM jsonb_to_recordset(%(rows)s::jsonb) AS n ({', '.join(taken)})\n"
        f"WHERE i.item_id = n.item_id AND ({' OR '.join(lacks)})"
    )


@cache
def archive_released(declared: ItemType) -> str:
    """Keep the last versions of items that were let go of before their absence was proven (``keys``)."""
    columns = [column for column, _ in declared.versioned]
    return (
        "-- Keep the last versions of items that were let go of before their absence was proven.\n"
        f"INSERT INTO cmdb.{declared.name}_closed\n"
        "    (item_id, valid_from, valid_to, superseded_at, version_id, proven_absent, "
        f"{', '.join(columns)}, payload)\n"
        "SELECT i.item_id, i.valid_from, i.valid_to, %(as_of)s, i.version_id, i.proven_absent,\n"
        f"       {', '.join(f'i.{column}' for column in columns)}, p.payload\n"
        f"FROM cmdb.{declared.name} AS i\n"
        f"LEFT JOIN cmdb.{declared.name}_payload AS p ON p.item_id = i.item_id\n"
        "WHERE i.item_id = ANY(%(keys)s) AND i.valid_from < %(as_of)s"
    )


@cache
def prove_absent(declared: ItemType) -> str:
    """Open an absence for items that had been let go of (``keys``): it begins and ends no presence."""
    return (
        "-- Open an absence for items that had been let go of: it begins and ends no presence.\n"
        f"UPDATE cmdb.{declared.name}\n"
        "SET version_id = nextval('cmdb.version_id_seq'), valid_from = %(as_of)s, valid_to = %(as_of)s,\n"
        "    proven_absent = true\n"
        "WHERE item_id = ANY(%(keys)s)"
    )


@cache
def bury(declared: ItemType) -> str:
    """Store what was never seen and is proven absent (``regions``, ``keys``, ``kind``)."""
    assert declared.key is not None  # noqa: S101 - what has no key cannot be proven absent by it
    kind = (f", {declared.kind_field}", ", %(kind)s") if declared.kind_field else ("", "")
    return (
        "-- Store what was never seen and is proven absent: it begins and ends at once.\n"
        f"INSERT INTO cmdb.{declared.name}\n"
        f"    (item_id, account_region_id, version_id, valid_from, valid_to, digest, proven_absent,\n"
        f"     {declared.key.name}{kind[0]})\n"
        f"SELECT t.id, t.region, t.id, %(as_of)s, %(as_of)s, '', true, t.key{kind[1]}\n"
        "FROM (\n"
        "    SELECT nextval('cmdb.version_id_seq') AS id, w.region, w.key\n"
        "    FROM unnest(%(regions)s::integer[], %(keys)s::text[]) AS w (region, key)\n"
        ") AS t"
    )


def live_counts(scopes: Iterable[str]) -> str:
    """Return how many live items scopes hold: partition, account, region, scope, items; none where there are none."""
    counts = []
    for name in scopes:
        declared = scope_owner(name)
        (scope,) = (one for one in declared.scopes if one.name == name)
        kind = f" AND i.{declared.kind_field} = '{scope.kind}'" if declared.kind_field else ""
        counts.append(
            f"    SELECT i.account_region_id, '{name}' AS scope, count(*) AS items\n"
            f"    FROM cmdb.{declared.name} AS i\n    WHERE i.valid_to IS NULL{kind}\n"
            "    GROUP BY i.account_region_id"
        )
    return (
        "-- How many live items scopes hold, by account-region.\n"
        "SELECT a.partition, a.account_id, ar.region, n.scope, n.items\nFROM (\n"
        + "\n    UNION ALL\n".join(counts)
        + "\n) AS n\nJOIN cmdb.account_region AS ar ON ar.account_region_id = n.account_region_id\n"
        "JOIN cmdb.account AS a ON a.account_key = ar.account_key"
    )


def merge_statements(declared: ItemType) -> dict[str, str]:
    """Return all statements of the merge by what they are for."""
    made = {
        "known": known(declared),
        "known_whole": known_whole(declared),
        "replace": replace(declared),
        "reopen": reopen(declared),
        "close": close(declared),
        "close_regions": close_regions(declared),
    }
    if declared.shared_payload:
        made["share"] = share(declared)
    if declared.filled:
        made["fill"] = fill(declared)
    if declared.parent is not None:
        made |= {"parent_keys": parent_keys(declared), "close_children": close_children(declared)}
    if declared.absence is Absence.NONE:
        made["read_again"] = read_again(declared)
    if declared.proves_absence:
        made |= {
            "archive_released": archive_released(declared),
            "prove_absent": prove_absent(declared),
            "bury": bury(declared),
        }
    return made
