"""The oracle's compliance records: every evaluation kept whole, folded into intervals when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from tests.model.knowledge import Key, StageKey
from tests.model.outlines import ItemKey
from tests.model.verdicts import Rules, Subjects, status_of

_ENDING = frozenset({"COMPLIANT", "INAPPLICABLE", "DISAPPEARED"})


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation of a policy found; ``version`` is the hash of the policy's content.

    ``conditions`` are those of stages, where the oracle knows the policy; ``outlines`` hold for every item.
    """

    as_of: datetime
    version: str
    rules: Rules
    conditions: Mapping[StageKey, str]
    subjects: Mapping[StageKey, Subjects]
    outlines: Mapping[ItemKey, str]


@dataclass(frozen=True)
class Record:
    """An interval in which one condition held for a stage, and the same was at fault."""

    condition: str
    status: str
    valid_from: datetime
    valid_to: datetime | None
    since: datetime
    episode_since: datetime | None
    version: str
    subjects: Subjects

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether the interval contains a time."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


@dataclass(frozen=True)
class Episode:
    """An incompliant episode that ended."""

    started_at: datetime
    ended_at: datetime
    outcome: str


class Book:
    """One policy's evaluations; a later one of the same moment replaces the earlier, a backfill replaces all."""

    def __init__(self, policy_id: str) -> None:
        """Begin with none."""
        self.policy_id = policy_id
        self.evaluations: list[Evaluation] = []

    def add(self, evaluation: Evaluation) -> None:
        """Note an evaluation."""
        if self.evaluations and self.evaluations[-1].as_of == evaluation.as_of:
            self.evaluations.pop()
        self.evaluations.append(evaluation)

    def replace(self, evaluations: Iterable[Evaluation]) -> None:
        """Begin anew with evaluations of past nights."""
        self.evaluations = list(evaluations)

    def fold(self) -> tuple[dict[StageKey, list[Record]], dict[StageKey, list[Episode]]]:
        """Return every stage's records and ended episodes."""
        records: dict[StageKey, list[Record]] = {}
        episodes: dict[StageKey, list[Episode]] = {}
        for evaluation in self.evaluations:
            for stage, condition in evaluation.conditions.items():
                held = records.setdefault(stage, [])
                last = held[-1] if held else None
                named = evaluation.subjects[stage]
                if last is not None and (last.condition, last.subjects) == (condition, named):
                    continue
                status = status_of(self.policy_id, condition)
                episode_since = None if last is None else last.episode_since
                if episode_since is not None and status in _ENDING:
                    episodes.setdefault(stage, []).append(Episode(episode_since, evaluation.as_of, status))
                if status in _ENDING:
                    episode_since = None
                elif status == "INCOMPLIANT":
                    episode_since = episode_since or evaluation.as_of
                goes_on = last is not None and last.status == status
                since = last.since if last is not None and goes_on else evaluation.as_of
                if last is not None:
                    held[-1] = replace(last, valid_to=evaluation.as_of)
                held.append(
                    Record(
                        condition,
                        status,
                        evaluation.as_of,
                        None,
                        since,
                        episode_since,
                        evaluation.version,
                        named,
                    )
                )
        return records, episodes

    def daily(self) -> dict[tuple[date, Key], Counter[str]]:
        """Return how many stages had each status at the end of each UTC day, by account-region."""
        counts: dict[tuple[date, Key], Counter[str]] = {}
        if not self.evaluations:
            return counts
        last = self.evaluations[-1].as_of.astimezone(UTC).date()
        for evaluation, following in zip(self.evaluations, [*self.evaluations[1:], None], strict=True):
            day = evaluation.as_of.astimezone(UTC).date()
            until = last + timedelta(days=1) if following is None else following.as_of.astimezone(UTC).date()
            while day < until:
                for stage, condition in evaluation.conditions.items():
                    status = status_of(self.policy_id, condition)
                    counts.setdefault((day, stage[:2]), Counter())[status] += 1
                day += timedelta(days=1)
        return counts
