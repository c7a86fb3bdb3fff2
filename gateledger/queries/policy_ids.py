"""Policies by the names people give them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cmdb.errors import GateledgerError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from evaluator.catalog.loading import Catalog
    from gateledger.settings.model import Settings


class PolicyUnknown(GateledgerError):
    """No policy has this id."""


def catalog_of(settings: Settings) -> Catalog:
    """Return the policies that come with the program and those of the user's own directories."""
    from evaluator.catalog.loading import load_catalog

    return load_catalog(settings.policy_dirs, settings.policy_parameters)


def resolve_policies(
    settings: Settings, engine: Engine, given: Sequence[str] | None, *, evaluable: bool = False
) -> list[str] | None:
    """Return whole ids for ids or last parts of ids; None when none was given.

    A policy that was evaluated once and has left the catalog counts too, unless ``evaluable``. Raises
    ``PolicyUnknown`` with the nearest name.
    """
    if not given:
        return None
    known = [policy.id for policy in catalog_of(settings).policies]
    try:
        return [find_policy(name, known) for name in given]
    except PolicyUnknown:
        if evaluable:
            raise
    from gateledger.queries.reading import reading, rows

    with reading(engine) as connection:
        past = [row[0] for row in rows(connection, "policies_judged")]
    return [
        find_policy(name, [*known, *(policy_id for policy_id in past if policy_id not in known)])
        for name in given
    ]


def find_policy(name: str, known: Sequence[str]) -> str:
    """Return the one known id that ``name`` is, or is the last part of; raises ``PolicyUnknown``."""
    wanted = name.strip()
    if wanted in known:
        return wanted
    short = {policy_id: policy_id.rsplit("/", 1)[-1] for policy_id in known}
    matches = [policy_id for policy_id, last in short.items() if last == wanted]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise PolicyUnknown(
            f"Several policies are called {name!r}: give the whole id, {' or '.join(matches)}."
        )
    last_part = wanted.rsplit("/", 1)[-1]
    near = difflib.get_close_matches(last_part, list(short.values()), n=1, cutoff=0.5)
    near += [last for last in short.values() if last_part and last_part in last]
    hint = f"did you mean {near[0]}?" if near else "`gateledger policies list` lists all."
    raise PolicyUnknown(f"There is no policy {name!r}: {hint}")
