"""Item types: one file each with its declaration, and the few files that give declarations their meaning."""

from cmdb.items.declaration import (
    NEVER,
    Absence,
    DeclarationError,
    Field,
    ItemType,
    Kind,
    Reference,
    Scope,
)
from cmdb.items.registry import (
    children_of,
    collected_scopes,
    item_type,
    item_types,
    known_as,
    scope_names,
    scope_owner,
)

__all__ = [
    "NEVER",
    "Absence",
    "DeclarationError",
    "Field",
    "ItemType",
    "Kind",
    "Reference",
    "Scope",
    "children_of",
    "collected_scopes",
    "item_type",
    "item_types",
    "known_as",
    "scope_names",
    "scope_owner",
]
