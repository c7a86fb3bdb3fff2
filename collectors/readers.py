"""What is read of an account-region: the scopes of every run, and readers of those that only some runs want.

A further item type is one reader module and one line in ``FURTHER``. REST APIs, stages, deployments and client
certificates are read by ``collectors.snapshot`` in every run. A scope that a run does not want has no reading in
its snapshots: nothing of it is called, concluded or closed, and the CMDB shows it as left out on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmdb.snapshot import Reading
from collectors import account_settings, domain_names, drafts, http_apis, usage_plans
from collectors.reader import Reader, Readings, RegionAccess

#: Scopes that every run reads.
ALWAYS = frozenset({"rest_api", "stage", "deployment", "client_certificate", "acm_certificate"})

#: In the order in which they are asked. The settings of accounts come last: they are read where others found APIs.
FURTHER: tuple[Reader, ...] = (
    http_apis.READER,
    domain_names.READER,
    usage_plans.READER,
    drafts.READER,
    account_settings.READER,
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
