"""What a list of findings does not show by itself: why it is empty, and how old what it shows is."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cmdb.errors import GateledgerError
from gateledger.queries.reading import Connection, records
from gateledger.terminal.console import iso
from gateledger.terminal.logs import one_line

log = logging.getLogger("gateledger.findings")


class NothingEvaluated(GateledgerError):
    """Nothing has been evaluated yet, so nothing is known: run `gateledger run` first."""


def warn_unless_evaluated(connection: Connection) -> None:
    """Log a warning where an empty answer only means that nothing was judged yet."""
    if _facts(connection, {})["last_at"] is None:
        log.warning("%s", NothingEvaluated(), extra={"event": "findings.nothing_evaluated"})


def why_empty(connection: Connection, selection: Mapping[str, Any]) -> str:
    """Return one sentence that says why no finding is listed; ``selection`` holds the queries' parameters."""
    facts = _facts(connection, selection)
    as_of: datetime | None = selection["as_of"]
    if facts["last_at"] is None:
        return NothingEvaluated.__doc__ or ""
    if as_of is not None and as_of < facts["first_at"]:
        return f"Nothing had been evaluated at {iso(as_of)}: the first evaluation is as of {iso(facts['first_at'])}."
    for name, told in (
        (
            "unknown_accounts",
            "Account {} was never collected: `gateledger accounts list` shows those that were.",
        ),
        ("unknown_regions", "Region {} was never collected: check its name and GATELEDGER_REGIONS."),
        ("unknown_owners", "Nobody named {} owns an item: names are exact, letter case included."),
    ):
        if facts[name]:
            return one_line(told.format(" or ".join(facts[name])))
    return "No finding matches."


def what_is_known(connection: Connection, as_of: datetime) -> str | None:
    """Return a sentence where ``as_of`` lies after the last evaluation, so that what is listed is older."""
    last_at: datetime | None = _facts(connection, {})["last_at"]
    if last_at is None or as_of <= last_at:
        return None
    return f"Nothing later than the evaluation of {iso(last_at)} is known."


def _facts(connection: Connection, selection: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: selection.get(name) for name in ("accounts", "regions", "owners")}
    [facts] = records(connection, "findings_none", wanted)
    return facts
