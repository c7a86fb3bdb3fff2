"""Listing findings: filters, the order, the first rows on a terminal, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from gateledger.queries.changes import by_id, change_of
from gateledger.queries.emptiness import warn_unless_evaluated, what_is_known, why_empty
from gateledger.queries.reading import Connection, reading, records, rows, stream
from gateledger.queries.statuses import Status
from gateledger.terminal.console import Column, Format, emit, on_terminal, say
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.logs import one_line

if TYPE_CHECKING:
    from evaluator.catalog.policy import Policy

#: Rows shown on a terminal unless all are requested.
FIRST = 50
FINDING_KEYS = (
    "policy_id",
    "resource_arn",
    "account_id",
    "account_name",
    "region",
    "rest_api_id",
    "rest_api_name",
    "stage_name",
    "client_certificate_id",
    "status",
    "condition",
    "message",
    "remediation",
    "since",
    "evaluated_at",
    "evidence_at",
    "episode_since",
    "severity",
    "partition",
    "item_id",
    "item_type",
    "subjects",
    "subject_count",
    "exception_id",
    "exception_until",
    "api_id",
    "api_name",
    "owner",
    "served_changes",
)
HISTORY_KEYS = (
    "policy_id",
    "resource_arn",
    "account_id",
    "region",
    "rest_api_id",
    "stage_name",
    "status",
    "condition",
    "valid_from",
    "valid_to",
    "since",
    "account_name",
    "policy_version",
    "item_id",
    "item_type",
    "subjects",
    "subject_count",
    "api_id",
    "name",
    "owner",
    "served_changes",
)
PAST_KEYS = (*HISTORY_KEYS[:-4], "exception_id", "exception_until", *HISTORY_KEYS[-4:])
"""Keys of findings of the past."""
API_KEYS = (
    "policy_id",
    "account_id",
    "region",
    "api_id",
    "api_name",
    "stages",
    "compliant",
    "incompliant",
    "inapplicable",
    "undetermined",
    "compliance_percent",
    "excepted",
    "undetermined_excepted",
    "compliance_percent_with_exceptions",
    "oldest_incompliant",
    "api_type",
    "resource_type",
    "account_name",
    "partition",
)
"""Keys of findings by API."""
_WHERE = (
    Column("account_id", "account"),
    Column("region", "region"),
    Column("api_id", "API or other"),
    Column("stage_name", "stage"),
)
_STAGE = ("api_id", "stage_name")
_NOW = (
    Column("status", "status"),
    Column("since", "since"),
    *_WHERE,
    Column("condition", "condition"),
    Column("policy_name", "policy"),
)
_THEN = (
    Column("status", "status"),
    Column("valid_from", "recorded"),
    *_WHERE,
    Column("condition", "condition"),
    Column("policy_name", "policy"),
)
_OWNER = Column("owner", "owner")
_NOW_NARROW = (
    Column("status", "status / since", lines=(("status",), ("since",))),
    Column("account_id", "account, region / API, stage", lines=(("account_id", "region"), _STAGE)),
    Column("condition", "condition / policy", lines=(("condition",), ("policy_name",))),
)
_THEN_NARROW = (
    Column("status", "status / recorded", lines=(("status",), ("valid_from",))),
    *_NOW_NARROW[1:],
)

_COUNTS = ("incompliant", "undetermined", "compliant", "inapplicable")
_BY_API = (
    Column("account_id", "account"),
    Column("region", "region"),
    Column("api_id", "API"),
    Column("api_name", "name"),
    *(Column(name, name, right=True) for name in _COUNTS),
    Column("oldest_incompliant", "oldest"),
    Column("policy_name", "policy"),
)
_BY_API_NARROW = (
    Column("account_id", "account, region / API", lines=(("account_id", "region"), ("api_id", "api_name"))),
    *(Column(name, name[:6], right=True) for name in _COUNTS),
    Column("policy_name", "policy"),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which findings are meant; ``None`` means all, ``as_of`` None means now."""

    statuses: Sequence[str] | None = None
    policies: Sequence[str] | None = None
    accounts: Sequence[str] | None = None
    regions: Sequence[str] | None = None
    as_of: datetime | None = None
    excepted: bool | None = None
    """Only those that an exception covers (True) or does not cover (False)."""
    owners: Sequence[str] | None = None
    unowned: bool = False
    """Only those of items whose owner is not known."""

    def parameters(self, limit: int | None = None) -> dict[str, Any]:
        """Return the parameters of the findings queries."""
        return {
            "statuses": None if self.statuses is None else [str(status) for status in self.statuses],
            "policies": None if self.policies is None else list(self.policies),
            "accounts": None if self.accounts is None else list(self.accounts),
            "regions": None if self.regions is None else list(self.regions),
            "order": [str(status) for status in Status],
            "as_of": self.as_of,
            "excepted": self.excepted,
            "owners": None if self.owners is None else list(self.owners),
            "unowned": self.unowned,
            "limit": limit,
        }


def list_findings(
    engine: Engine,
    selection: Selection,
    form: Format,
    *,
    everything: bool,
    fail_on: Sequence[str],
    include_excepted: bool = False,
    policies: Callable[[], Sequence[Policy]] = tuple,
) -> ExitCode:
    """Write the findings to stdout and return how the command ends.

    On a terminal a table ends with the change that closes the most of them, in the words of ``policies``.

    ``fail_on`` leaves those that an exception covers out unless ``include_excepted``, and warns where nothing
    was judged yet.
    """
    past = selection.as_of is not None
    limit = FIRST + 1 if form is Format.TABLE and on_terminal() and not everything else None
    with reading(engine) as connection:
        parameters = selection.parameters(limit) | {"detailed": form is not Format.TABLE}
        answer = stream(connection, "findings_as_of" if past else "findings", parameters)
        if form is Format.TABLE:
            shown = (_named(row) for number, row in enumerate(answer) if limit is None or number < FIRST)
            table, narrow = _columns(connection, past=past)
            written = emit(shown, form, keys=(), table=table, narrow=narrow)
            if limit is not None and written == FIRST:
                _say_how_many_more(connection, selection)
            if not written:
                say(why_empty(connection, parameters))
            elif selection.as_of is not None:
                _say_what_is_known(connection, selection.as_of)
            elif on_terminal():
                _say_what_first(connection, selection, policies)
        else:
            emit(answer, form, keys=PAST_KEYS if past else FINDING_KEYS, table=())
        if fail_on:
            warn_unless_evaluated(connection)
            if not include_excepted:
                # Where only covered ones are listed, none is left to fail on.
                if selection.excepted:
                    return ExitCode.DONE
                selection = replace(selection, excepted=False)
            counts = count_findings(connection, selection)
            if any(counts.get(str(status), 0) for status in fail_on):
                return ExitCode.FINDINGS
    return ExitCode.DONE


def list_by_api(engine: Engine, selection: Selection, form: Format, *, everything: bool) -> None:
    """Write to stdout how the APIs stand under each policy, those with most incompliant items first."""
    limit = FIRST + 1 if form is Format.TABLE and on_terminal() and not everything else None
    with reading(engine) as connection:
        answer = stream(connection, "findings_by_api", selection.parameters(limit))
        if form is not Format.TABLE:
            emit(answer, form, keys=API_KEYS, table=())
            return
        found = [_of_policy(row) for row in answer]
        emit(found[: limit and FIRST], form, keys=(), table=_BY_API, narrow=_BY_API_NARROW)
        if not found:
            say(why_empty(connection, selection.parameters()))
        if limit is not None and len(found) == limit:
            say("There are more: add --all, narrow with --status, --account, --region or --policy.")


def show_first(engine: Engine, selection: Selection, number: int) -> int:
    """Write the first findings as a table and return how many more there are."""
    with reading(engine) as connection:
        answer = stream(connection, "findings", selection.parameters(number) | {"detailed": False})
        table, narrow = _columns(connection, past=False)
        shown = emit(map(_named, answer), Format.TABLE, keys=(), table=table, narrow=narrow)
        return sum(count_findings(connection, selection).values()) - shown


def _columns(connection: Connection, *, past: bool) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Return the columns of a table, of a wide terminal and of a narrow one; owners where there are any."""
    table, narrow = (_THEN, _THEN_NARROW) if past else (_NOW, _NOW_NARROW)
    ((has_owners,),) = rows(connection, "owners_any")
    if not has_owners:
        return table, narrow
    last = Column("condition", "condition / policy, owner", lines=(("condition",), ("policy_name", "owner")))
    return (*table, _OWNER), (*narrow[:-1], last)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Add what a table has room for: the last part of the policy's id, and that an exception covers it.

    What belongs to no API goes by the end of its ARN, such as ``domainnames/api.example.com``.
    """
    told = _of_policy(row)
    if row["api_id"] is None:
        told["api_id"] = str(row["resource_arn"]).rpartition(":/")[2]
    if row["exception_id"] is not None:
        told["condition"] = f"{row['condition']} (excepted)"
    return told


def _of_policy(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "policy_name": str(row["policy_id"]).rsplit("/", 1)[-1]}


def count_findings(connection: Connection, selection: Selection) -> dict[str, int]:
    """Return how many of the selected findings have each status."""
    name = "findings_count" if selection.as_of is None else "findings_count_as_of"
    return {status: int(number) for status, number in rows(connection, name, selection.parameters())}


def _say_what_first(
    connection: Connection, selection: Selection, policies: Callable[[], Sequence[Policy]]
) -> None:
    """Name the change that closes the most findings that nobody accepted, where some are listed."""
    listed = selection.statuses is None or Status.INCOMPLIANT in selection.statuses
    if not listed or selection.excepted:
        return
    found = records(connection, "findings_changes", selection.parameters(limit=1))
    if found:
        total = int(found[0]["total"])
        say(one_line(f"Do first: {change_of(found[0], by_id(policies())).sentence(total)}"))


def _say_what_is_known(connection: Connection, as_of: datetime) -> None:
    known = what_is_known(connection, as_of)
    if known is not None:
        say(known)


def _say_how_many_more(connection: Connection, selection: Selection) -> None:
    more = sum(count_findings(connection, selection).values()) - FIRST
    if more > 0:
        say(
            f"{more:,} more: add --all, narrow with --status, --account, --region, --owner or --policy, "
            "or use --format csv."
        )
