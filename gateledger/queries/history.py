"""The intervals of one stage, and a hint when its ARN is not known."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from sqlalchemy import Engine

from cmdb.errors import GateledgerError
from gateledger.queries.findings import HISTORY_KEYS
from gateledger.queries.reading import reading, records, rows
from gateledger.terminal.console import Column, Format, emit, say
from gateledger.terminal.logs import one_line

ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):apigateway:(?P<region>[a-z0-9-]+)::/restapis/(?P<rest_api_id>[^/]+)"
    r"/stages/(?P<stage_name>.+)"
)
_TABLE = (
    Column("valid_from", "from"),
    Column("valid_to", "to"),
    Column("status", "status"),
    Column("condition", "condition"),
    Column("account_id", "account"),
    Column("policy_name", "policy"),
)
_NARROW = (
    Column("valid_from", "from / to", lines=(("valid_from",), ("valid_to",))),
    Column("status", "status / condition", lines=(("status",), ("condition",))),
    Column("account_id", "account / policy", lines=(("account_id",), ("policy_name",))),
)


class StageUnknown(GateledgerError):
    """No stage with this ARN was ever recorded."""


def show_history(
    engine: Engine,
    arn: str,
    form: Format,
    *,
    accounts: Sequence[str] | None = None,
    policies: Sequence[str] | None = None,
) -> None:
    """Write a stage's intervals to stdout; raises ``StageUnknown`` when there are none."""
    match = ARN.fullmatch(arn.strip())
    if match is None:
        raise StageUnknown(
            f"{one_line(arn)!r} is not the ARN of a stage: write "
            "arn:aws:apigateway:REGION::/restapis/ID/stages/NAME, as `gateledger findings --format json` "
            "lists it."
        )
    with reading(engine) as connection:
        found = records(
            connection,
            "history",
            {
                "arn": arn.strip(),
                "accounts": None if accounts is None else list(accounts),
                "policies": None if policies is None else list(policies),
            },
        )
        if not found:
            near = [row[0] for row in rows(connection, "history_near", match.groupdict())]
            raise StageUnknown(_unknown(arn.strip(), near))
    shown = [
        {
            **row,
            "valid_to": row["valid_to"] if row["valid_to"] or form is not Format.TABLE else "now",
            "policy_name": row["policy_id"].rsplit("/", 1)[-1],
        }
        for row in found
    ]
    if form is Format.TABLE:
        say(one_line(arn.strip()))
    emit(shown, form, keys=HISTORY_KEYS, table=_TABLE, narrow=_NARROW)


def _unknown(arn: str, near: list[str]) -> str:
    if arn in near:
        return f"{one_line(arn)} has no record under this --account or --policy: leave them out to see all."
    closest = difflib.get_close_matches(arn, near, n=1, cutoff=0.0)
    hint = (
        f"the nearest known is {one_line(closest[0])}"
        if closest
        else "`gateledger findings --format json` lists those that are known"
    )
    return f"No stage {one_line(arn)} was ever recorded: {hint}."
