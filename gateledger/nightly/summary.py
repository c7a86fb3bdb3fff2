"""What a run did, for the people and programs that started it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateledger.exceptions.notices import Notice, sentence
from gateledger.queries.causes import Cause, by_cause
from gateledger.queries.quota import quota_line
from gateledger.queries.statuses import Status
from gateledger.terminal.console import Format, emit, emit_object, iso, say

#: Causes of failures that are shown at the end of a run.
SHOWN_CAUSES = 10
#: Exceptions to look at that are shown there.
SHOWN_NOTICES = 10


@dataclass(frozen=True, slots=True)
class FailedScope:
    """A scope that this run could not read, with the reason in one sentence."""

    account_id: str
    region: str
    item_type: str
    status: str
    error: str | None
    failure_kind: str | None = None
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class FirstJudged:
    """What policies found that a run judged for the first time although earlier nights were collected."""

    policies: tuple[str, ...] = ()
    findings: dict[str, int] = field(default_factory=dict)
    excepted: dict[str, int] = field(default_factory=dict)
    """Of the findings, by status, those that an exception covers."""


@dataclass(frozen=True, slots=True)
class Backfilled:
    """A policy whose past nights the run judged, or (``nights`` is None) that still waits for that."""

    policy_id: str
    nights: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The outcome of ``run``, ``collect`` or ``evaluate``.

    ``findings`` counts live stages by status over all policies (empty after ``collect``);
    ``before`` is the same before this run. ``new`` counts findings whose status became
    the key in this run (``{"INCOMPLIANT": 3}``).
    """

    run_id: int
    kind: str
    as_of: datetime
    duration: timedelta
    scopes_ok: int = 0
    scopes_failed: int = 0
    items_seen: int = 0
    items_changed: int = 0
    findings_changed: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    new: dict[str, int] = field(default_factory=dict)
    failures: tuple[FailedScope, ...] = ()
    quota: dict[str, Any] | None = None
    """How much of API Gateway's quota was taken, as ``report.run`` has it; None: not known."""
    excepted: dict[str, int] = field(default_factory=dict)
    """Findings by status that an exception covers; they are counted in ``findings`` too."""
    exceptions: tuple[Notice, ...] = ()
    """Exceptions that somebody should look at."""
    first_judged: FirstJudged = field(default_factory=FirstJudged)
    """Findings that are counted in ``findings`` and are not new: nobody asked before."""
    backfilled: tuple[Backfilled, ...] = ()


def write_summary(summary: RunSummary, form: Format) -> None:
    """Write the summary to stdout: sentences for people, one object or row for programs."""
    if form is Format.JSON:
        emit_object(as_object(summary))
    elif form is Format.CSV:
        flat = as_object(summary)
        flat["failures"] = len(summary.failures)
        flat["not_read"] = len(flat["not_read"])
        flat["quota"] = None if summary.quota is None else summary.quota["share"]
        flat["exceptions"] = len(summary.exceptions)
        flat["first_judged"] = len(summary.first_judged.policies)
        flat["backfilled"] = sum(one.nights is not None for one in summary.backfilled)
        emit([flat], form, keys=tuple(flat), table=())
    else:
        for line in lines(summary):
            say(line)


def as_object(summary: RunSummary) -> dict[str, Any]:
    """Return the summary as programs read it; the duration is in seconds."""
    return {
        "run_id": summary.run_id,
        "kind": summary.kind,
        "as_of": summary.as_of,
        "duration_seconds": round(summary.duration.total_seconds(), 3),
        "scopes_ok": summary.scopes_ok,
        "scopes_failed": summary.scopes_failed,
        "items_seen": summary.items_seen,
        "items_changed": summary.items_changed,
        "findings_changed": summary.findings_changed,
        "findings": dict(summary.findings),
        "findings_before": dict(summary.before),
        "new": dict(summary.new),
        "quota": summary.quota,
        "not_read": [cause.as_object() for cause in _causes(summary)],
        "failures": [asdict(failure) for failure in summary.failures],
        "excepted": dict(summary.excepted),
        "exceptions": [asdict(notice) for notice in summary.exceptions],
        "first_judged": asdict(summary.first_judged),
        "backfilled": [asdict(one) for one in summary.backfilled],
    }


def lines(summary: RunSummary) -> list[str]:
    """Return the summary as people read it."""
    told = [
        f"Run {summary.run_id} ({summary.kind}) as of {iso(summary.as_of)}, {_seconds(summary.duration)}."
    ]
    if summary.kind != "evaluate":
        told.append(
            f"Scopes: {summary.scopes_ok:,} ok, {summary.scopes_failed:,} failed. "
            f"Items: {summary.items_seen:,} read, {summary.items_changed:,} changed."
        )
    if summary.kind != "collect":
        told.append("Findings: " + (counted(summary.findings) or "none, no stage is known") + ".")
        if summary.before:
            new = counted(summary.new)
            told.append(f"New since the last night: {new or 'nothing'}.")
        told += _of_new_policies(summary)
        if summary.excepted:
            told.append(f"Covered by exceptions: {counted(summary.excepted)}.")
        told += [f"Exception {sentence(notice)}." for notice in summary.exceptions[:SHOWN_NOTICES]]
        if len(summary.exceptions) > SHOWN_NOTICES:
            told.append(
                f"Exceptions: {len(summary.exceptions) - SHOWN_NOTICES:,} more to look at; "
                "`gateledger exceptions list --all` lists them."
            )
    if summary.quota is not None:
        told.append(quota_line(summary.quota))
    causes = _causes(summary)
    told += [f"Not read: {cause.line()}" for cause in causes[:SHOWN_CAUSES]]
    if len(causes) > SHOWN_CAUSES:
        rest = sum(cause.scopes for cause in causes[SHOWN_CAUSES:])
        told.append(
            f"Not read: {rest:,} scopes more, for {len(causes) - SHOWN_CAUSES:,} other causes; "
            "`gateledger status --scopes` lists them."
        )
    return told


def _of_new_policies(summary: RunSummary) -> Iterator[str]:
    """Yield what is said of policies that were judged for the first time, and of their past nights."""
    first = summary.first_judged
    if first.policies:
        yield (
            f"Judged for the first time: {policies(len(first.policies))}, "
            f"{counted(first.findings) or 'no finding'}; these are not counted as new."
        )
    done = [one for one in summary.backfilled if one.nights is not None]
    if done:
        nights = max(one.nights or 0 for one in done)
        yield f"Past nights: judged under {policies(len(done))}, up to {nights:,} each."
    waiting = [one for one in summary.backfilled if one.nights is None]
    if waiting:
        yield f"Past nights: still to be judged under {policies(len(waiting))}; the next runs go on."
    for one in waiting:
        if one.error is not None:
            yield f"Past nights under {one.policy_id} could not be judged: {one.error}"


def policies(number: int) -> str:
    """Return a number of policies in words."""
    return f"{number:,} {'policy' if number == 1 else 'policies'}"


def _causes(summary: RunSummary) -> list[Cause]:
    return by_cause(asdict(failure) for failure in summary.failures)


def counted(counts: Mapping[str, int]) -> str:
    """Return counts by status as people read them, worst status first; empty when there is none."""
    known = [status for status in Status if counts.get(status)]
    return ", ".join(f"{counts[status]:,} {status}" for status in known)


def _seconds(duration: timedelta) -> str:
    seconds = duration.total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
