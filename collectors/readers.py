"""What is read of an account-region: the scopes of every run, and readers of those that only some runs want.

A further item type is one reader module and one line in ``FURTHER``. REST APIs, stages, deployments and client
certificates are read by ``collectors.snapshot`` in every run. A scope that a run does not want has no reading in
its snapshots: nothing of it is called, concluded or closed, and the CMDB shows it as not covered by the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from cmdb.snapshot import AccountKey, Reading
from collectors import http_apis
from collectors.calls import Caller
from collectors.values import Hasher

#: Scopes that every run reads.
ALWAYS = frozenset({"rest_api", "stage", "deployment", "client_certificate", "acm_certificate"})

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
    ``of_accounts`` carry the account's id in their ARN. ``is_first``: it is asked before the REST APIs are.
    """

    scopes: tuple[str, ...]
    read: Callable[[RegionAccess, Readings], dict[str, Reading]]
    calls: Callable[[Mapping[str, int]], dict[str, int]]
    costs: Mapping[str, str]
    resources: tuple[str, ...]
    of_accounts: tuple[str, ...] = ()
    is_first: bool = False


def _http_apis(access: RegionAccess, _: Readings) -> dict[str, Reading]:
    return http_apis.read_apis(access.caller, access.hasher, access.wanted)


#: In the order in which they are asked.
FURTHER: tuple[Reader, ...] = (
    # Before the REST APIs, since the certificates that stages name are read right after these.
    Reader(
        scopes=http_apis.SCOPES,
        read=_http_apis,
        calls=http_apis.calls,
        costs={
            "api": "1 per 500 HTTP and WebSocket APIs, at least 1",
            "api_stage": "1 per HTTP or WebSocket API",
            "api_routes": "1 per HTTP or WebSocket API",
            "api_integrations": "1 per HTTP or WebSocket API",
        },
        resources=("apis", "apis/*"),
        is_first=True,
    ),
)


def readable() -> frozenset[str]:
    """Return the names of all scopes that can be read."""
    return ALWAYS.union(*(reader.scopes for reader in FURTHER))


def further(wanted: Iterable[str], *, is_first: bool | None = None) -> Iterator[Reader]:
    """Yield the readers of wanted scopes in their order; of those asked first, or after, where that is given."""
    names = frozenset(wanted)
    for reader in FURTHER:
        if names.intersection(reader.scopes) and is_first in {None, reader.is_first}:
            yield reader


def read_further(access: RegionAccess, so_far: Readings, *, is_first: bool) -> dict[str, Reading]:
    """Return ``so_far`` with the readings of the wanted readers; none of a scope that is not wanted."""
    readings = dict(so_far)
    for reader in further(access.wanted, is_first=is_first):
        made = reader.read(access, readings)
        readings |= {scope: reading for scope, reading in made.items() if scope in access.wanted}
    return readings
