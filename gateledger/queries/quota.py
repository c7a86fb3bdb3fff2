"""How much of API Gateway's quota a run took, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateledger.terminal.logs import one_line


def quota_line(quota: Mapping[str, Any]) -> str:
    """Return how much of the quota was taken as people read it."""
    busiest = quota["account_regions"][0]
    line = (
        f"Quota: at most {quota['share']:.0%} of an account-region's taken ({quota['allowed']:.0%} allowed), "
        f"{busiest['peak_per_second']:,} requests in a second in {one_line(busiest['account_id'])} "
        f"{one_line(busiest['region'])}"
    )
    if not quota["step_backs"]:
        return f"{line}; nobody else's use made it wait."
    times = "once" if quota["step_backs"] == 1 else f"{quota['step_backs']:,} times"
    where = quota["stepped_back_in"]
    places = "one account-region" if where == 1 else f"{where:,} account-regions"
    return f"{line}; stepped back {times} for others, in {places}."
