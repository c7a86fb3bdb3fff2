"""What a reader of further scopes is: what it works with, what it gives, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cmdb.snapshot import AccountKey, Reading
from collectors.calls import Caller
from collectors.paging import REST
from collectors.values import Hasher

Readings = Mapping[str, Reading]
"""Readings of one account-region by scope: those that were made before."""


@dataclass(frozen=True, slots=True)
class RegionAccess:
    """What a reader works with in one account-region.

    ``wanted`` are the scopes that this run reads: a reader of several calls only what these need.
    """

    caller: Caller
    hasher: Hasher
    account: AccountKey
    region: str
    wanted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of scopes that are read only where something asks for them.

    ``read`` returns a reading for each of ``scopes`` that it can conclude on, failures included, and raises
    nothing of AWS; a scope that it leaves out counts as not covered. ``calls`` returns by scope how many calls
    that takes at least, given how many live items each scope holds; ``costs`` says the same in words.
    ``resources`` are the names under ``/`` that the rights to ``apigateway:GET`` have to cover; those in
    ``of_accounts`` carry the account's id in their ARN. ``actions`` are further actions that IAM has for some
    calls, each with the name that it is for (its ARN carries the account's id too). ``is_first``: it is asked
    before the REST APIs are.
    """

    scopes: tuple[str, ...]
    read: Callable[[RegionAccess, Readings], dict[str, Reading]]
    calls: Callable[[Mapping[str, int]], dict[str, int]]
    costs: Mapping[str, str]
    resources: tuple[str, ...]
    of_accounts: tuple[str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    is_first: bool = False


def pages_for(items: int) -> int:
    """Return how many pages a listing of API Gateway has: one at least."""
    return max(1, math.ceil(items / REST.most))
