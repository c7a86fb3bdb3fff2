"""Which scopes a collection reads: those of every run, and those that an enabled policy or a setting asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmdb.items import ItemType, collected_scopes, item_type, scope_owner
from collectors.readers import ALWAYS
from evaluator.catalog.policy import Policy
from gateledger.settings.model import Settings


def scopes_of(policies: Iterable[Policy]) -> frozenset[str]:
    """Return the scopes that these policies ask for.

    That is every item type that their logic reads, what is referred to included, and what the items of these
    belong to, for items are found through their parents.
    """
    return _with_parents(scope for policy in policies for scope in policy.item_types)


def wanted_scopes(settings: Settings, policies: Iterable[Policy]) -> frozenset[str]:
    """Return the scopes to read for these policies and for ``GATELEDGER_ITEM_TYPES``."""
    asked = _with_parents(scope.name for name in settings.item_types for scope in item_type(name).scopes)
    return (ALWAYS | scopes_of(policies) | asked).intersection(collected_scopes())


def reads_methods(policies: Iterable[Policy]) -> bool:
    """Return whether one of these policies reads the methods that stages serve, and not only their types.

    Types alone are no question of APIs that are only private, for these present no client certificate.
    """
    # A word is found at once; taking the SQL of each policy apart takes a second of a hundred policies.
    named = (policy.logic for policy in policies if "methods" in policy.logic.text.lower())
    return any("methods" in logic.composition.relations.get("deployment", ()) for logic in named)


def _with_parents(scopes: Iterable[str]) -> frozenset[str]:
    named = set(scopes)
    parents = {scope.name for name in named for one in _above(scope_owner(name)) for scope in one.scopes}
    return frozenset(named | parents)


def _above(declared: ItemType) -> Iterator[ItemType]:
    """Yield the item types that the items of a type belong to."""
    if declared.parent is not None:
        parent = item_type(declared.parent)
        yield parent
        yield from _above(parent)
