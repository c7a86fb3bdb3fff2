"""What every view must show, worked out from the oracle."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from tests.model.knowledge import KnownStage, StageKey
from tests.model.oracle import Oracle
from tests.model.outlines import GONE
from tests.model.records import Record

Row = tuple[Any, ...]


def findings(oracle: Oracle) -> list[Row]:
    """Rows of report.finding."""
    known = oracle.observer.known
    rows = []
    for policy_id, book in oracle.modelled.items():
        records, _ = book.fold()
        for key, stage in known.live().items():
            if key not in records or records[key][-1].status == "DISAPPEARED":
                continue
            record = records[key][-1]
            api = known.regions[key[:2]].apis[key[2]]
            rows.append(
                (
                    *(policy_id, *key, api.name, stage.certificate, record.status, record.condition),
                    *(record.since, book.evaluations[-1].as_of, api.stages_read_at, record.episode_since),
                )
            )
    return rows


def finding_history(oracle: Oracle) -> list[Row]:
    """Rows of report.finding_history."""
    return [
        (
            *(policy_id, *key, record.status, record.condition),
            *(record.valid_from, record.valid_to, record.since, record.version),
            list(record.subjects) if record.subjects else None,
        )
        for policy_id, key, record in _records(oracle)
    ]


def findings_as_of(oracle: Oracle, moments: list[datetime]) -> list[Row]:
    """Rows of report.finding_as_of at each moment."""
    return [
        (moment, policy_id, *key, record.status, record.condition, record.since)
        for policy_id, key, record in _records(oracle)
        if record.status != "DISAPPEARED"
        for moment in moments
        if record.holds_at(moment)
    ]


def episodes(oracle: Oracle) -> list[Row]:
    """Rows of report.episode."""
    rows: list[Row] = []
    for policy_id, book in oracle.modelled.items():
        records, ended = book.fold()
        for key, of_stage in ended.items():
            rows += [(policy_id, *key, each.started_at, each.ended_at, each.outcome) for each in of_stage]
        for key, held in records.items():
            if held[-1].episode_since is not None:
                rows.append((policy_id, *key, held[-1].episode_since, None, None))
    return rows


def time_to_remediate(oracle: Oracle) -> list[Row]:
    """Rows of report.time_to_remediate: how many were remediated, how many go on."""
    remediated: Counter[tuple[str, str]] = Counter()
    going_on: Counter[tuple[str, str]] = Counter()
    for policy_id, account_id, _, _, _, _, ended_at, outcome in episodes(oracle):
        if ended_at is None:
            going_on[policy_id, account_id] += 1
        elif outcome == "COMPLIANT":
            remediated[policy_id, account_id] += 1
    return [(*key, remediated[key], going_on[key]) for key in remediated.keys() | going_on.keys()]


def daily(oracle: Oracle) -> list[Row]:
    """Rows of report.compliance_daily."""
    return [
        (day, policy_id, *key, *_split(counts))
        for policy_id, book in oracle.modelled.items()
        for (day, key), counts in book.daily().items()
    ]


def daily_total(oracle: Oracle) -> list[Row]:
    """Rows of report.compliance_daily_total."""
    rows = []
    for policy_id, book in oracle.modelled.items():
        totals: dict[Any, Counter[str]] = {}
        for (day, _), counts in book.daily().items():
            totals.setdefault(day, Counter()).update(counts)
        rows += [(day, policy_id, *_split(counts)) for day, counts in totals.items()]
    return rows


def _split(counts: Counter[str]) -> Row:
    compliant, incompliant = counts["COMPLIANT"], counts["INCOMPLIANT"]
    percent = None
    if compliant + incompliant:
        percent = round(100 * compliant / (compliant + incompliant), 2)
    return compliant, incompliant, counts["INAPPLICABLE"], counts["UNDETERMINED"], percent


def scopes(oracle: Oracle) -> list[Row]:
    """Rows of report.scope_health."""
    known = oracle.observer.known
    held = [((account_id, "global", "account"), scope) for account_id, scope in known.accounts.items()]
    for key, region in known.regions.items():
        held += [((*key, item_type), scope) for item_type, scope in region.scopes.items()]
    return [
        (
            *(*names, scope.status, scope.last_success, scope.last_attempt, scope.read_at),
            *(len(scope.unread), not scope.is_wanted),
        )
        for names, scope in held
    ]


def certificates(oracle: Oracle) -> list[Row]:
    """Rows of report.certificate."""
    rows = []
    for key, region in oracle.observer.known.regions.items():
        users = Counter(
            stage.certificate
            for api in region.apis.values()
            for stage in api.stages.values()
            if stage.gone_at is None
        )
        for name, each in region.certificates.items():
            state = "PRESENT" if each.followed else "NOT FOLLOWED"
            if each.absent_since is not None:
                state = "DELETED"
            rows.append((each.kind, name, *key, each.expires_at, state, each.absent_since, users[name]))
    return rows


def stage_versions(oracle: Oracle) -> list[Row]:
    """Deployment and certificate of every stage as intervals, whatever else changed within them."""
    held: dict[StageKey, list[list[Any]]] = {}
    for as_of, known in sorted(oracle.observer.states.items()):
        for key, stage in known.all().items():
            intervals = held.setdefault(key, [])
            if intervals and intervals[-1][1] is None and intervals[-1][2:] != _shown(stage):
                intervals[-1][1] = as_of
            goes_on = intervals and intervals[-1][1] is None
            if stage.gone_at is None and not goes_on:
                intervals.append([as_of, None, *_shown(stage)])
            elif stage.gone_at is not None and goes_on:
                intervals[-1][1] = as_of
    return [(*key, *interval) for key, intervals in held.items() for interval in intervals]


def _shown(stage: KnownStage) -> list[Any]:
    return [stage.deployment, stage.certificate, stage.named_at]


def outlines_as_of(oracle: Oracle, moments: list[datetime]) -> list[Row]:
    """Rows of report.finding_as_of at each moment, as far as any policy's are known: all items that are there."""
    rows = []
    for policy_id, book in oracle.books.items():
        for moment in moments:
            held = [evaluation for evaluation in book.evaluations if evaluation.as_of <= moment]
            rows += [
                (moment, policy_id, *key, outline)
                for key, outline in (held[-1].outlines.items() if held else ())
                if outline != GONE
            ]
    return rows


def _records(oracle: Oracle) -> list[tuple[str, StageKey, Record]]:
    return [
        (policy_id, key, record)
        for policy_id, book in oracle.modelled.items()
        for key, held in book.fold()[0].items()
        for record in held
    ]
