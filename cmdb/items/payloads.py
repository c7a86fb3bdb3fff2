"""Where the payload of a version lies, in SQL: in its own row, or in the one that all equal payloads share."""

from __future__ import annotations

from cmdb.items.declaration import ItemType


def payload_key(declared: ItemType) -> str:
    """Return the column of latest versions by which a payload is found."""
    return "digest" if declared.shared_payload else "item_id"


def latest_payload(declared: ItemType, row: str = "i", alias: str = "w") -> str:
    """Return the table of payloads as ``alias``, with the condition that finds that of the latest version ``row``."""
    key = payload_key(declared)
    return f"cmdb.{declared.name}_payload AS {alias} ON {alias}.{key} = {row}.{key}"


def parent_payload(parent: ItemType, row: str = "i", alias: str = "pw") -> str:
    """Return the same for the payload of the parent of ``row``."""
    if not parent.shared_payload:
        return f"cmdb.{parent.name}_payload AS {alias} ON {alias}.item_id = {row}.parent_id"
    digest = f"(SELECT p.digest FROM cmdb.{parent.name} AS p WHERE p.item_id = {row}.parent_id)"
    return f"cmdb.{parent.name}_payload AS {alias} ON {alias}.digest = {digest}"


def closed_payload(declared: ItemType, row: str = "x") -> str:
    """Return the expression of the payload of a closed version ``row``, over what ``closed_join`` joins."""
    return f"{row}w.payload" if declared.shared_payload else f"{row}.payload"


def closed_join(declared: ItemType, row: str = "x", *, indent: str = "") -> str:
    """Return the join that the payload of a closed version ``row`` needs, on a line of its own; empty: none."""
    if not declared.shared_payload:
        return ""
    return f"\n{indent}LEFT JOIN {latest_payload(declared, row, f'{row}w')}"
