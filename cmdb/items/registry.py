"""The item types that there are, parents before their children."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cmdb.items.account_settings import ACCOUNT_SETTINGS
from cmdb.items.api import API
from cmdb.items.api_integrations import API_INTEGRATIONS
from cmdb.items.api_routes import API_ROUTES
from cmdb.items.api_stage import API_STAGE
from cmdb.items.certificate import CERTIFICATE
from cmdb.items.declaration import DeclarationError, ItemType
from cmdb.items.deployment import DEPLOYMENT
from cmdb.items.domain_mapping import DOMAIN_MAPPING
from cmdb.items.domain_name import DOMAIN_NAME
from cmdb.items.draft import DRAFT
from cmdb.items.integration import INTEGRATION
from cmdb.items.rest_api import REST_API
from cmdb.items.stage import STAGE
from cmdb.items.usage_plan import USAGE_PLAN

_types: dict[str, ItemType] = {}


def item_types() -> tuple[ItemType, ...]:
    """Return all item types, parents before their children: the order in which they are merged."""
    return tuple(_types.values())


def item_type(name: str) -> ItemType:
    """Return an item type by its name; raises ``DeclarationError`` when there is none."""
    try:
        return _types[name]
    except KeyError:
        raise DeclarationError(
            f"There is no item type {name!r}: choose one of {', '.join(_types)}."
        ) from None


def scope_names() -> tuple[str, ...]:
    """Return the names of all scopes."""
    return tuple(scope.name for declared in item_types() for scope in declared.scopes)


def collected_scopes() -> tuple[str, ...]:
    """Return the names of the scopes that a collection reads, in the order in which they are merged."""
    return tuple(scope.name for declared in item_types() if declared.collected for scope in declared.scopes)


def scope_owner(scope: str) -> ItemType:
    """Return the item type that a scope reads; raises ``DeclarationError`` when there is none."""
    for declared in item_types():
        if any(scope == own.name for own in declared.scopes):
            return declared
    raise DeclarationError(f"There is no scope {scope!r}: choose one of {', '.join(scope_names())}.")


def children_of(parent: str) -> tuple[ItemType, ...]:
    """Return the item types whose items belong to items of this one."""
    return tuple(declared for declared in item_types() if declared.parent == parent)


@contextmanager
def known_as(*declared: ItemType) -> Iterator[None]:
    """Let further item types be known for a while; their tables are the caller's to make (tests do)."""
    before = dict(_types)
    try:
        for one in declared:
            _add(one)
        _check_together()
        yield
    finally:
        _types.clear()
        _types.update(before)


def _add(declared: ItemType) -> None:
    if declared.name in _types:
        raise DeclarationError(f"There are two item types {declared.name!r}.")
    if declared.parent is not None and declared.parent not in _types:
        raise DeclarationError(f"{declared.name}: its parent {declared.parent!r} is not declared before it.")
    _check_arn(declared)
    _check_parent(declared)
    taken = scope_names()
    for scope in declared.scopes:
        if scope.name in taken:
            raise DeclarationError(f"{declared.name}: the scope {scope.name!r} is another type's.")
    _types[declared.name] = declared


def _check_arn(declared: ItemType) -> None:
    """Refuse an ARN that is made of anything but what the item and its parent are stored with."""
    known = {"partition", "region", "account_id"}
    for one in (declared, _types.get(declared.parent or "")):
        if one is not None:
            known |= {field.name for field in one.stored if not field.noted}
            known |= set() if one.key is None else {one.key.name}
    for name in declared.arn_names:
        if name not in known:
            raise DeclarationError(
                f"{declared.name}: its ARN names {name!r}, which is no key or column of it or its parent."
            )


def _check_parent(declared: ItemType) -> None:
    if declared.parent is None:
        return
    key = _types[declared.parent].key
    if key is None:
        raise DeclarationError(
            f"{declared.name}: its parent {declared.parent!r} has no key by which its items are found."
        )
    if key.name in [field.name for field in declared.all_fields]:
        raise DeclarationError(
            f"{declared.name}: the name {key.name!r} is its parent's key; choose another one."
        )


def _check_together() -> None:
    for declared in item_types():
        for reference in declared.references:
            if reference.item_type not in _types or _types[reference.item_type].key is None:
                raise DeclarationError(
                    f"{declared.name}.{reference.field}: it refers to {reference.item_type!r}, which is no item type "
                    "with a key."
                )
    owners: dict[str, str] = {}
    for declared in item_types():
        other = owners.setdefault(declared.resource_type, declared.name)
        if other != declared.name:
            raise DeclarationError(
                f"{declared.name}: the resource type {declared.resource_type!r} is that of {other!r}."
            )


for _declared in (
    REST_API,
    STAGE,
    DEPLOYMENT,
    INTEGRATION,
    API,
    API_STAGE,
    API_ROUTES,
    API_INTEGRATIONS,
    CERTIFICATE,
    DOMAIN_NAME,
    DOMAIN_MAPPING,
    USAGE_PLAN,
    ACCOUNT_SETTINGS,
    DRAFT,
):
    _add(_declared)
_check_together()
