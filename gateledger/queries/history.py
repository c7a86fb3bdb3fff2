"""The intervals of one stage."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from gateledger.queries.findings import HISTORY_KEYS
from gateledger.queries.reading import reading, records
from gateledger.queries.stages import StageUnknown, find_stage
from gateledger.terminal.console import Column, Format, emit, say
from gateledger.terminal.logs import one_line

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


def show_history(
    engine: Engine,
    arn: str,
    form: Format,
    *,
    accounts: Sequence[str] | None = None,
    policies: Sequence[str] | None = None,
) -> None:
    """Write a stage's intervals to stdout; ``arn`` is any reference that ``find_stage`` takes.

    Raises what ``find_stage`` raises, and ``StageUnknown`` when no policy judged the stage.
    """
    with reading(engine) as connection:
        stage = find_stage(connection, arn, accounts, policies)
        found = records(
            connection,
            "history",
            {
                "arn": stage.resource_arn,
                "accounts": list(stage.accounts),
                "policies": None if policies is None else list(policies),
                "detailed": form is not Format.TABLE,
            },
        )
    if not found:
        raise StageUnknown(
            f"{one_line(stage.resource_arn)} was not judged"
            + (
                " by this policy: leave --policy out to see all."
                if policies
                else " yet: run `gateledger evaluate`."
            )
        )
    shown = [
        {
            **row,
            "valid_to": row["valid_to"] if row["valid_to"] or form is not Format.TABLE else "now",
            "policy_name": row["policy_id"].rsplit("/", 1)[-1],
        }
        for row in found
    ]
    if form is Format.TABLE:
        say(one_line(stage.resource_arn))
    emit(shown, form, keys=HISTORY_KEYS, table=_TABLE, narrow=_NARROW)
