"""The stage, or other item, that a reference means, or one sentence about why there is not exactly one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cmdb.errors import GateledgerError
from cmdb.items import item_type
from gateledger.queries.reading import Connection, records, rows
from gateledger.queries.references import ItemReference, StageReference, parse_reference
from gateledger.terminal.logs import one_line

#: Candidates that a sentence lists.
_LISTED = 8
_STAGES = ("stage", "api_stage")
_APIS = ("rest_api", "api")


class StageUnknown(GateledgerError):
    """No stage with this ARN was ever recorded."""


class StageAmbiguous(GateledgerError):
    """A reference fits several stages."""


Row = Mapping[str, Any]
Reference = StageReference | ItemReference


@dataclass(frozen=True, slots=True)
class FoundStage:
    """A stage, or another item, by its ARN, in one or several accounts (most ARNs do not name the account)."""

    resource_arn: str
    items: tuple[Row, ...]
    """One for each account: its key, type and names."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts."""
        return tuple(row["account_id"] for row in self.items)


def find_stage(
    connection: Connection,
    text: str,
    accounts: Sequence[str] | None = None,
    policies: Sequence[str] | None = None,
) -> FoundStage:
    """Return the one stage, or other item, that a text names, of those ever recorded in ``accounts`` (None: in any).

    Of several, the only one that still exists is meant. An API alone stands for its stage, but for itself where
    it has none, or where all ``policies`` (None: it is not said which) judge APIs. Raises
    ``ReferenceUnreadable``, ``StageUnknown`` (with the nearest that is known) or ``StageAmbiguous`` (with the
    candidates).
    """
    reference = parse_reference(text)
    narrowed = None if accounts is None else list(accounts)
    if reference.account_id is not None:
        if accounts is not None and reference.account_id not in accounts:
            raise StageUnknown(
                f"The stage {reference.label} is not one of --account {' '.join(accounts)}: leave it out."
            )
        narrowed = [reference.account_id]
    found = _found(connection, reference, narrowed, policies)
    if not found:
        raise StageUnknown(_unknown(connection, reference, narrowed))
    arns = list(dict.fromkeys(row["resource_arn"] for row in found))
    if len(arns) > 1:
        arns = list(dict.fromkeys(row["resource_arn"] for row in found if row["exists_now"])) or arns
    if len(arns) > 1:
        raise StageAmbiguous(_ambiguous(reference, arns, found[0]["item_type"]))
    return FoundStage(arns[0], tuple(row for row in found if row["resource_arn"] == arns[0]))


def _found(
    connection: Connection,
    reference: Reference,
    accounts: list[str] | None,
    policies: Sequence[str] | None,
) -> list[dict[str, Any]]:
    if isinstance(reference, ItemReference) or reference.stage_name is not None:
        return _named(connection, reference, accounts)
    order = (_APIS, _STAGES) if _judge_apis(connection, policies) else (_STAGES, _APIS)
    return next((found for types in order if (found := _named(connection, reference, accounts, types))), [])


def _judge_apis(connection: Connection, policies: Sequence[str] | None) -> bool:
    """Return whether all of these policies judge APIs."""
    if policies is None:
        return False
    judged = {row[0] for row in rows(connection, "policies_types", {"policies": list(policies)})}
    return bool(judged) and judged <= {item_type(name).resource_type for name in _APIS}


def _named(
    connection: Connection,
    reference: Reference,
    accounts: list[str] | None,
    types: Sequence[str] = _STAGES,
) -> list[dict[str, Any]]:
    asked = {**asdict(reference), "accounts": accounts, "item_types": list(types)}
    if isinstance(reference, ItemReference):
        return records(connection, "items_named", {**asked, "arns": list(reference.arns)})
    return records(connection, "stages_named", asked)


def _ambiguous(reference: Reference, arns: Sequence[str], kind: str) -> str:
    listed = ", ".join(one_line(arn) for arn in arns[:_LISTED])
    more = f" and {len(arns) - _LISTED:,} more" if len(arns) > _LISTED else ""
    if kind not in _STAGES:
        noun = "APIs" if kind in _APIS else "items"
        return f"{reference.label} fits {len(arns):,} {noun}, give one of them: {listed}{more}."
    alone = isinstance(reference, StageReference) and reference.stage_name is None
    itself = "; or name by --policy what judges the API itself" if alone else ""
    return f"{reference.label} fits {len(arns):,} stages, give one of them: {listed}{more}{itself}."


def _unknown(connection: Connection, reference: Reference, accounts: list[str] | None) -> str:
    if accounts is not None and _named(connection, reference, None):
        return (
            f"{reference.label} was never recorded in account {' or '.join(accounts)}: leave "
            "--account out to see where it was."
        )
    listed = "`gateledger findings --format json` lists those that are known"
    if isinstance(reference, ItemReference):
        return f"No item {reference.label} was ever recorded: {listed}."
    near = [row[0] for row in rows(connection, "stages_near", asdict(reference))]
    wanted = f"{reference.region or ''}::/restapis/{reference.api_id}/stages/{reference.stage_name or ''}"
    closest = max(near, key=lambda arn: _likeness(arn, wanted), default=None)
    hint = listed if closest is None else f"the nearest known is {one_line(closest)}"
    return f"No stage {reference.label} was ever recorded: {hint}."


def _likeness(arn: str, wanted: str) -> float:
    """Return how much alike two ARNs are, upper and lower case alike."""
    return difflib.SequenceMatcher(None, wanted.lower(), arn.lower()).ratio()
