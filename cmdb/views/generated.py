"""Reporting views that follow from the declarations of item types."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from cmdb.items import Absence, Field, ItemType, item_type, item_types
from cmdb.items.expressions import from_payload
from cmdb.items.payloads import latest_payload, parent_payload

#: Columns by which people know items; a type that has no such column of its own or of its parent's has null.
_NAMES = ("rest_api_id", "rest_api_name", "stage_name", "client_certificate_id", "api_id", "api_name")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


_IDENTITY = {
    "item_type": "Its type.",
    "item_id": "Key of the item in the CMDB.",
    "account_region_id": "Key of its account-region.",
    "account_key": "Key of its account.",
    "partition": "AWS partition.",
    "account_id": "AWS account id.",
    "account_name": "Name of the account; null when it was never told.",
    "region": "AWS region.",
    "resource_arn": "ARN of the item.",
    "rest_api_id": "AWS id of the REST API that it is or belongs to; null: of none.",
    "rest_api_name": "Name of that REST API; null when it has none.",
    "stage_name": "Name of the stage; null of other items.",
    "client_certificate_id": "Client certificate that a stage names; null: none, and of other items.",
    "api_id": "AWS id of the API, REST, HTTP or WebSocket, that it is or belongs to; null: of none.",
    "api_name": "Name of that API; null when it has none.",
    "name": "What people call it; null when it has no name.",
    "scope_type": "Scope that it is read with.",
    "unread_key": "What the scope lists when the item could not be read: its parent's key, else its own.",
    "valid_from": "Since when the item looks as it does.",
    "valid_to": "When it was found gone, or was no longer followed; null: it is there.",
}


_OWNER = "Its owner; null: none is known. Of an item that is gone, the one that it had."
_OWNER_JOINS = (
    "LEFT JOIN compliance.item_owner AS io ON io.item_id = i.item_id\n"
    "LEFT JOIN compliance.owner AS o ON o.owner_key = io.owner_key"
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _parent(declared: ItemType) -> ItemType | None:
    return None if declared.parent is None else item_type(declared.parent)


def _column(declared: ItemType, name: str) -> str | None:
    """Return the expression of a column of an item or of its parent, by its name; None: there is none."""
    for alias, one in (("i", declared), ("p", _parent(declared))):
        if one is None:
            continue
        wanted = _own_name(one, name)
        if one.key is not None and one.key.name == wanted:
            return f"{alias}.{wanted}"
        if any(field.name == wanted and not field.noted for field in one.stored):
            return f"{alias}.{wanted}"
    return None


def _own_name(declared: ItemType, name: str) -> str | None:
    """Return what a type's own column is called that holds an item's name of this kind; None: it has none."""
    if name in ("api_id", "api_name"):
        if not declared.is_api or declared.key is None:
            return None
        return declared.key.name if name == "api_id" else declared.label
    if name == "rest_api_name":
        return "name" if declared.name == "rest_api" else None
    return name


def arn_expression(declared: ItemType) -> str:
    """Return the SQL expression of an item's ARN over ``a`` (account), ``ar`` (region), ``i`` and ``p``."""
    for alias, one in (("i", declared), ("p", _parent(declared))):
        if one is not None and one.key_may_be_arn and one.key is not None:
            key = f"{alias}.{one.key.name}"
            after = declared.arn.partition(f"{{{one.key.name}}}")[2]
            own = f"{key} || {_quoted(after)}" if after else key
            return f"CASE WHEN {key} LIKE 'arn:%' THEN {own} ELSE {_composed(declared)} END"
    return _composed(declared)


def _composed(declared: ItemType) -> str:
    """Return the expression of an ARN that is put together from its template."""
    parts = []
    position = 0
    for found in _PLACEHOLDER.finditer(declared.arn):
        parts.append(_quoted(declared.arn[position : found.start()]))
        name = found.group(1)
        own = {"partition": "a.partition", "region": "ar.region", "account_id": "a.account_id"}.get(name)
        column = own or _column(declared, name)
        if column is None:
            raise ValueError(f"{declared.name}: its ARN names {name}, which is no key of it or its parent")
        parts.append(column)
        position = found.end()
    parts.append(_quoted(declared.arn[position:]))
    return " || ".join(part for part in parts if part != "''")


def _joins(declared: ItemType) -> str:
    parent = f"JOIN cmdb.{declared.parent} AS p ON p.item_id = i.parent_id\n" if declared.parent else ""
    return (
        f"{parent}JOIN cmdb.account_region AS ar ON ar.account_region_id = i.account_region_id\n"
        "JOIN cmdb.account AS a ON a.account_key = ar.account_key"
    )


def _scope(declared: ItemType) -> str:
    if declared.kind_field is None:
        return _quoted(declared.scopes[0].name)
    kinds = " ".join(
        f"WHEN {_quoted(scope.kind or '')} THEN {_quoted(scope.name)}" for scope in declared.scopes
    )
    return f"CASE i.{declared.kind_field} {kinds} END"


def _group(declared: ItemType) -> str:
    parent = _parent(declared)
    if parent is not None and parent.key is not None:
        return f"p.{parent.key.name}"
    assert declared.key is not None  # noqa: S101 - without a parent it has a key
    return f"i.{declared.key.name}"


def _identity(declared: ItemType) -> str:
    names = ",\n    ".join(f"{_column(declared, name) or 'NULL::text'} AS {name}" for name in _NAMES)
    label = f"i.{declared.label}" if declared.label else "NULL::text"
    return (
        f"SELECT {_quoted(declared.name)} AS item_type,\n    i.item_id,\n    i.account_region_id,\n"
        "    a.account_key,\n    a.partition,\n    a.account_id,\n    a.name AS account_name,\n    ar.region,\n"
        f"    {arn_expression(declared)} AS resource_arn,\n    {names},\n    {label} AS name,\n"
        f"    {_scope(declared)} AS scope_type,\n    {_group(declared)} AS unread_key,\n    i.valid_from,\n"
        f"    i.valid_to\nFROM cmdb.{declared.name} AS i\n{_joins(declared)}"
    )


def item_identity() -> str:
    """Items of all types by the names that people know them by; a piece of other views."""
    return (
        "-- Items of all types by the names that people know them by.\nCREATE VIEW report.item_identity AS\n"
        + "\nUNION ALL\n".join(_identity(declared) for declared in item_types())
        + ";\n"
        + _comments(
            "item_identity",
            "One row per item of any type, those that are gone included: its names, and where its readings are noted. "
            "A piece of the other views.",
            _IDENTITY,
        )
    )


def item_region() -> str:
    """Which account-region each item is in; a piece of other views."""
    return (
        "-- Which account-region each item is in.\nCREATE VIEW report.item_region AS\n"
        + "\nUNION ALL\n".join(
            f"SELECT item_id, account_region_id, valid_to FROM cmdb.{declared.name}"
            for declared in item_types()
        )
        + ";\n"
        + _comments(
            "item_region",
            "One row per item of any type: its key and its account-region. A piece of the other views.",
            {
                "item_id": "Key of the item in the CMDB.",
                "account_region_id": "Key of its account-region.",
                "valid_to": "When it was found gone, or was no longer followed; null: it is there.",
            },
        )
    )


def item_api() -> str:
    """Which API each item is or belongs to; a piece of other views."""
    parts = []
    for declared in item_types():
        joins, alias, owner = "", "i", declared
        while owner.parent is not None:
            above = f"{alias}p"
            joins += f"JOIN cmdb.{owner.parent} AS {above} ON {above}.item_id = {alias}.parent_id\n"
            alias, owner = above, item_type(owner.parent)
        if not owner.is_api or owner.key is None:
            continue
        name = f"{alias}.{owner.label}" if owner.label else "NULL::text"
        key = f"{alias}.{owner.key.name}"
        parts.append(
            f"SELECT i.item_id, i.account_region_id, {alias}.item_id AS api_item_id,\n"
            f"       {_quoted(owner.name)} AS api_type, {key} AS api_id, {name} AS api_name\n"
            f"FROM cmdb.{declared.name} AS i\n{joins}"
        )
    return (
        "-- Which API each item is or belongs to.\nCREATE VIEW report.item_api AS\n"
        + "UNION ALL\n".join(parts)
        + ";\n"
        + _comments(
            "item_api",
            "One row per item that is an API or belongs to one, those that are gone included. A piece of other views.",
            {
                "item_id": "Key of the item in the CMDB.",
                "account_region_id": "Key of its account-region.",
                "api_item_id": "Key of the API in the CMDB.",
                "api_type": "Type of the API.",
                "api_id": "AWS id of the API.",
                "api_name": "Name of the API; null when it has none.",
            },
        )
    )  # fmt: skip


def item_changed() -> str:
    """Since when each item, and what it belongs to, looks as it does; a piece of other views."""

    def part(declared: ItemType) -> str:
        if declared.parent is None:
            return f"SELECT item_id, valid_from AS changed_at FROM cmdb.{declared.name}"
        return (
            f"SELECT i.item_id, greatest(i.valid_from, p.valid_from) FROM cmdb.{declared.name} AS i\n"
            f"JOIN cmdb.{declared.parent} AS p ON p.item_id = i.parent_id"
        )

    return (
        "-- Since when each item, and what it belongs to, looks as it does.\nCREATE VIEW report.item_changed AS\n"
        + "\nUNION ALL\n".join(part(declared) for declared in item_types())
        + ";\nCOMMENT ON VIEW report.item_changed IS 'One row per item of any type: its key and when it, or what it "
        "belongs to, last changed. A piece of the other views.';\n"
        "COMMENT ON COLUMN report.item_changed.item_id IS 'Key of the item in the CMDB.';\n"
        "COMMENT ON COLUMN report.item_changed.changed_at IS 'Since when both look as they do or did last.';\n"
    )


def item_tags() -> str:
    """Tags of items that are there: their own, and those of their parent that they do not set themselves."""

    def has_tags(declared: ItemType | None) -> bool:
        fields = () if declared is None or not declared.has_payload else declared.fields
        return any(field.name == "tags" for field in fields)

    paths = {field.path for declared in item_types() for field in declared.fields if field.name == "tags"}

    def own(alias: str) -> str:
        tags = f"coalesce({', '.join(f'{alias}.payload -> {_quoted(path)}' for path in sorted(paths))})"
        return f"CASE jsonb_typeof({tags}) WHEN 'object' THEN {tags} ELSE '{{}}' END"

    parts = []
    for declared in item_types():
        joins, tags = "", {"pw": "'{}'::jsonb", "w": "'{}'::jsonb"}
        parent = _parent(declared)
        if parent is not None and has_tags(parent):
            joins += f"LEFT JOIN {parent_payload(parent)}\n"
            tags["pw"] = own("pw")
        if has_tags(declared):
            joins += f"LEFT JOIN {latest_payload(declared)}\n"
            tags["w"] = own("w")
        if joins:
            parts.append(
                f"SELECT i.item_id, {tags['pw']} || {tags['w']} AS tags, {tags['w']} AS own_tags,\n"
                f"       {tags['pw']} AS parent_tags\nFROM cmdb.{declared.name} AS i\n{joins}"
                "WHERE i.valid_to IS NULL\n"
            )
    return (
        "-- Tags of items of all types.\nCREATE VIEW report.item_tags AS\n"
        + "UNION ALL\n".join(parts)
        + ";\nCOMMENT ON VIEW report.item_tags IS 'One row per item that is there and can have tags, its own or its "
        "parent''s: all of them by key. A piece of the other views.';\n"
        "COMMENT ON COLUMN report.item_tags.item_id IS 'Key of the item in the CMDB.';\n"
        "COMMENT ON COLUMN report.item_tags.tags IS 'Tags by key; what it sets itself wins over its parent''s.';\n"
        "COMMENT ON COLUMN report.item_tags.own_tags IS 'Its own tags by key; empty: none.';\n"
        "COMMENT ON COLUMN report.item_tags.parent_tags IS 'Its parent''s tags by key; empty: none.';\n"
    )


def item() -> str:
    """All items, now."""
    columns = {
        "item_type": "Its type.",
        "resource_arn": "ARN of the item.",
        "account_id": "AWS account id.",
        "region": "AWS region.",
        "valid_from": "Since when the item looks as it does.",
        "disappeared_at": "When it was found gone, or was no longer followed; null: it is there.",
        "account_name": "Name of the account; null when it was never told.",
        "name": "What people call it; null when it has no name.",
        "item_id": "Key of the item in the CMDB.",
        "owner": _OWNER,
    }
    return (
        "-- All items of all types, now.\nCREATE VIEW report.item AS\n"
        "SELECT i.item_type, i.resource_arn, i.account_id, i.region, i.valid_from, i.valid_to AS disappeared_at,\n"
        f"       i.account_name, i.name, i.item_id, o.name AS owner\nFROM report.item_identity AS i\n{_OWNER_JOINS};\n"
        + _comments(
            "item", "One row per item of any type that was ever seen, as it is now or was last.", columns
        )
    )


def item_view(declared: ItemType) -> str:
    """Items of one type, now, with their fields."""
    fields = list(declared.all_fields)
    shown = ["i.item_id"]
    if declared.key is not None:
        shown.append(f"i.{declared.key.name}")
    shown += [f"{_shown(field)} AS {field.name}" for field in declared.fields]
    columns = {
        "resource_arn": "ARN of the item.",
        "account_id": "AWS account id.",
        "region": "AWS region.",
        "valid_from": "Since when the item looks as it does.",
        "disappeared_at": _gone_comment(declared),
        "account_name": "Name of the account; null when it was never told.",
        "item_id": "Key of the item in the CMDB.",
        **{field.name: field.comment for field in fields},
        "owner": _OWNER,
    }
    parent = _parent(declared)
    if parent is not None and parent.key is not None:
        shown.insert(0, f"p.{parent.key.name}")
        columns[parent.key.name] = parent.key.meaning
    payload = f"LEFT JOIN {latest_payload(declared)}\n" if declared.has_payload else ""
    return (
        f"-- Items of type {declared.name}, now.\nCREATE VIEW report.{declared.name} AS\n"
        f"SELECT {_quoted(declared.name)} AS item_type,\n    {arn_expression(declared)} AS resource_arn,\n"
        "    a.account_id,\n    ar.region,\n    i.valid_from,\n    i.valid_to AS disappeared_at,\n"
        f"    a.name AS account_name,\n    {(',' + chr(10) + '    ').join(shown)},\n    o.name AS owner\n"
        f"FROM cmdb.{declared.name} AS i\n{payload}{_joins(declared)}\n{_OWNER_JOINS};\n"
        + _comments(
            declared.name, f"One row per item of type {declared.title} that was ever seen, as it is now or was last.",
            {"item_type": "Its type.", **columns},
        )
    )  # fmt: skip


def _shown(field: Field) -> str:
    return f"i.{field.name}" if field.stored else from_payload(field, "w.payload")


def _gone_comment(declared: ItemType) -> str:
    if declared.absence is Absence.PROOF:
        return "When it was proven not to exist, or was no longer followed; null: it is there."
    return "When it was found gone; null: it is there."


def _comments(view: str, of_view: str, columns: dict[str, str]) -> str:
    lines = [f"COMMENT ON VIEW report.{view} IS {_quoted(of_view)};"]
    lines += [f"COMMENT ON COLUMN report.{view}.{name} IS {_quoted(text)};" for name, text in columns.items()]
    return "\n".join(lines) + "\n"


def generated_views(written: frozenset[str]) -> dict[str, Callable[[], str]]:
    """Return what makes the views that follow from declarations, by name, but those that have a file."""
    made: dict[str, Callable[[], str]] = {
        "item_region": item_region,
        "item_api": item_api,
        "item_identity": item_identity,
        "item_changed": item_changed,
        "item_tags": item_tags,
        "item": item,
    }
    for declared in item_types():
        if declared.name not in written:
            made[declared.name] = partial(item_view, declared)
    return made
