"""Compliance over time, and what moves it: remediation, flapping stages, certificates about to expire."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine

from cmdb.errors import GateledgerError
from gateledger.queries.reading import Connection, reading, records
from gateledger.terminal.console import Column, Format, emit, emit_object, on_terminal, say
from gateledger.terminal.plots import LETTERS, MOST_LINES, percent_plot

#: Days ahead within which a certificate counts as about to expire.
EXPIRY_HORIZON = 90
TREND_KEYS = (
    "day",
    "policy_id",
    "by",
    "name",
    "compliant",
    "incompliant",
    "undetermined",
    "inapplicable",
    "compliance_percent",
    "excepted",
    "compliance_percent_with_exceptions",
)
#: Rows of a table shown under the plot; the other forms hold all.
_SHOWN = 20
_PIPED_WIDTH = 100
_UNOWNED = "(no owner known)"
_TREND = (
    Column("letter", ""),
    Column("name", "name"),
    Column("first", "first day", right=True),
    Column("last", "last day", right=True),
    Column("change", "change", right=True),
    Column("with_exceptions", "with exceptions", right=True),
    Column("compliant", "compliant", right=True),
    Column("incompliant", "incompliant", right=True),
    Column("excepted", "excepted", right=True),
    Column("undetermined", "undetermined", right=True),
)
_REMEDIATED = (
    Column("policy_id", "policy"),
    Column("remediated", "remediated", right=True),
    Column("mean_days", "mean days", right=True),
    Column("median_days", "median days", right=True),
)
_FLAPPING = (
    Column("changes", "changes", right=True),
    Column("last_change", "last"),
    Column("account_id", "account"),
    Column("resource_arn", "stage"),
    Column("policy_id", "policy"),
)
_EXPIRING = (
    Column("expires_at", "expires"),
    Column("days_left", "days left", right=True),
    Column("account_id", "account"),
    Column("region", "region"),
    Column("certificate_id", "certificate"),
    Column("stages_using", "stages", right=True),
    Column("first_stages", "which"),
)


class TrendBy(StrEnum):
    """What a trend has one line for."""

    POLICY = "policy"
    ACCOUNT = "account"
    REGION = "region"
    OWNER = "owner"
    SEVERITY = "severity"


class OwnersOfAll(GateledgerError):
    """A trend by owner covers all accounts and regions; leave --account and --region out."""


class NothingJudged(GateledgerError):
    """No evaluation is recorded yet: run `gateledger run` first."""


@dataclass(frozen=True, slots=True)
class TrendSelection:
    """What a trend covers: ``days`` up to the last one; a stage flaps with more than ``flaps`` changes.

    ``None`` means all.
    """

    days: int
    by: TrendBy
    flaps: int
    policies: Sequence[str] | None = None
    accounts: Sequence[str] | None = None
    regions: Sequence[str] | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the trend queries."""
        return {
            "days": self.days,
            "by": str(self.by),
            "flaps": self.flaps,
            "within": EXPIRY_HORIZON,
            "policies": None if self.policies is None else list(self.policies),
            "accounts": None if self.accounts is None else list(self.accounts),
            "regions": None if self.regions is None else list(self.regions),
        }


def show_trend(engine: Engine, selection: TrendSelection, form: Format) -> None:
    """Write the trend to stdout; raises ``NothingJudged`` when no day is known for the selection.

    Raises ``OwnersOfAll`` for owners of chosen accounts or regions: their days are counted over all of them.
    """
    if selection.by is TrendBy.OWNER and not (selection.accounts is None and selection.regions is None):
        raise OwnersOfAll
    with reading(engine) as connection:
        told = _ask(connection, selection)
    if not told["trend"]:
        raise NothingJudged(
            "No day is recorded for this selection: run `gateledger run` first, or leave filters out."
            + (
                " Owners need GATELEDGER_OWNER_TAGS or GATELEDGER_OWNERS."
                if selection.by is TrendBy.OWNER
                else ""
            )
        )
    if form is Format.JSON:
        emit_object(told)
    elif form is Format.CSV:
        emit(told["trend"], form, keys=TREND_KEYS, table=())
    else:
        _show(told, selection)


def _ask(connection: Connection, selection: TrendSelection) -> dict[str, Any]:
    by_whole = selection.by in {TrendBy.POLICY, TrendBy.SEVERITY}
    whole = by_whole and selection.accounts is None and selection.regions is None
    question = "trend_total" if whole else "trend_parts"
    if selection.by is TrendBy.OWNER:
        question = "trend_owners"
    parameters = selection.parameters()
    days = records(connection, question, parameters)
    return {
        "trend": [{**row, "by": str(selection.by)} for row in days],
        "remediated": records(connection, "trend_remediated", parameters),
        "flapping": records(connection, "trend_flapping", parameters),
        "expiring": records(connection, "trend_expiring", parameters),
    }


def _show(told: dict[str, Any], selection: TrendSelection) -> None:
    width = min(shutil.get_terminal_size((_PIPED_WIDTH, 24)).columns, 160) if on_terminal() else _PIPED_WIDTH
    days = sorted({row["day"] for row in told["trend"]})
    groups = [
        (policy_id, list(rows))
        for policy_id, rows in itertools.groupby(told["trend"], key=lambda row: row["policy_id"])
    ]
    if selection.by is TrendBy.POLICY:
        groups = [("", told["trend"])]
    for policy_id, rows in groups:
        about = f" under {_short(policy_id)}" if policy_id else ""
        _show_lines(rows, days, f"Compliance in percent by {selection.by}{about}", width)
    within = "within a day" if selection.days == 1 else f"within {selection.days:,} days"
    _listing(f"Policies with findings that were remediated {within}", told["remediated"], _REMEDIATED)
    _listing(
        f"Stages whose status changed more than {selection.flaps:,} times {within}",
        told["flapping"],
        _FLAPPING,
    )
    expiring = [{**row, "first_stages": _first_stages(row["stages"])} for row in told["expiring"]]
    _listing(f"Certificates that expire within {EXPIRY_HORIZON} days, or have", expiring, _EXPIRING)


def _show_lines(rows: Sequence[dict[str, Any]], days: Sequence[Any], title: str, width: int) -> None:
    """Plot the lines that stand worst at the end, and list them."""
    lines = {name: {row["day"]: row for row in part} for name, part in _by_name(rows)}
    ends = {name: part[max(part)] for name, part in lines.items()}
    order = sorted(
        lines,
        key=lambda name: (
            ends[name]["compliance_percent"] is None,
            ends[name]["compliance_percent"] or 0,
            name or "",
        ),
    )
    shown = order[:MOST_LINES]
    values = {
        str(name): [lines[name][day]["compliance_percent"] if day in lines[name] else None for day in days]
        for name in shown
    }
    say(percent_plot(days, values, title=title, width=width))
    emit((_summed(letter, name, lines[name]) for letter, name in zip(LETTERS, shown, strict=False)),
         Format.TABLE, keys=(), table=_TREND)  # fmt: skip
    if len(order) > len(shown):
        say(f"{len(order) - len(shown):,} more, which stand better: --format csv holds all.")
    say()


def _by_name(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str | None, Iterator[dict[str, Any]]]]:
    return itertools.groupby(rows, key=lambda row: row["name"])


def _summed(letter: str, name: str | None, line: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    first, last = line[min(line)], line[max(line)]
    before, now = first["compliance_percent"], last["compliance_percent"]
    return {
        "letter": letter,
        "name": _told(name),
        "with_exceptions": last["compliance_percent_with_exceptions"] if last["excepted"] else None,
        "first": before,
        "last": now,
        "change": None if before is None or now is None else f"{now - before:+}",
        **{status: last[status] for status in ("compliant", "incompliant", "excepted", "undetermined")},
    }


def _listing(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> None:
    say(f"{title}: {'none' if not rows else f'{len(rows):,}'}.")
    if rows:
        emit(rows[:_SHOWN], Format.TABLE, keys=(), table=columns)
        if len(rows) > _SHOWN:
            say(f"{len(rows) - _SHOWN:,} more: --format json holds all.")
    say()


def _first_stages(arns: Sequence[str]) -> str:
    names = [arn.split("/restapis/", 1)[-1].replace("/stages/", "/", 1) for arn in arns[:3]]
    more = f" and {len(arns) - 3:,} more" if len(arns) > 3 else ""
    return ", ".join(names) + more


def _told(name: str | None) -> str:
    """Return a line's name for people; of a policy's id its last part."""
    if name is None:
        return _UNOWNED
    return _short(name) if name.startswith("/") else name


def _short(policy_id: str) -> str:
    return policy_id.rsplit("/", 1)[-1]
