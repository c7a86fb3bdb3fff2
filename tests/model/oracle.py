"""The oracle: lives through the same nights as the system, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cmdb.items import item_type, scope_owner
from cmdb.runs.runs import RunKind
from tests.model.knowledge import READ, Knowledge, Observer
from tests.model.outlines import outlines
from tests.model.records import Book, Evaluation
from tests.model.system import Night, batched, catalog, parameters, wanted_by
from tests.model.verdicts import MODELLED, Rules, subjects, verdicts


@dataclass
class _PastRun:
    """A run that came to its end."""

    kind: RunKind
    as_of: datetime


class Oracle:
    """Everything that was observed and judged, night by night."""

    def __init__(self) -> None:
        """Know nothing."""
        self.observer = Observer()
        self.books = {policy.id: Book(policy.id) for policy in catalog().policies}
        self.last_as_of: datetime | None = None
        self.backfilled = 0
        """How many histories were replaced by a backfill."""
        self.overtaken: set[tuple[str, datetime]] = set()
        """Policies and times at which they were judged before more was read at the same time."""
        self._killed_at: datetime | None = None
        self._ended: list[_PastRun] = []
        self._waiting: dict[str, datetime] = {}
        """Policies whose past nights are still to be judged, with when they were judged first."""

    @property
    def is_settled(self) -> bool:
        """Whether no collecting run was killed and waits for the next run to settle it."""
        return self._killed_at is None

    @property
    def modelled(self) -> dict[str, Book]:
        """The books of the policies whose verdicts are known."""
        return {policy_id: self.books[policy_id] for policy_id in MODELLED}

    def live(self, night: Night) -> None:
        """Live through a night, as far as it got."""
        if self._killed_at is not None:
            self.observer.uncovered(self._killed_at, None)
            self.observer.keep()
        self._killed_at = None
        self.last_as_of = night.as_of
        steps = _Steps(night.dies_after)
        if night.kind is not RunKind.EVALUATE:
            self.observer.begin(night.as_of)
            self._collect(night, steps)
            self.overtaken |= {
                (policy_id, night.as_of)
                for policy_id, book in self.books.items()
                if book.evaluations and book.evaluations[-1].as_of == night.as_of
            }
            self.observer.keep()
        for policy_id in night.policies if night.kind is not RunKind.COLLECT else ():
            if steps.take():
                if night.judges_past:
                    self.judge_past(policy_id, night.as_of, night.rules)
                else:
                    self.judge(policy_id, night.as_of, night.rules)
        if steps.left == 0:
            if night.kind is not RunKind.EVALUATE:
                self._killed_at = night.as_of
            return
        self._ended.append(_PastRun(night.kind, night.as_of))
        if night.kind is RunKind.RUN and night.backfills:
            self._judge_waiting(night, steps)

    def judge(self, policy_id: str, as_of: datetime, rules: Rules) -> None:
        """Evaluate a policy."""
        book = self.books[policy_id]
        was_collected = any(past.kind is not RunKind.EVALUATE and past.as_of < as_of for past in self._ended)
        if not book.evaluations and was_collected:
            self._waiting[policy_id] = as_of
        book.add(self._evaluation(policy_id, as_of, rules, self.observer.known))
        self.overtaken.discard((policy_id, as_of))

    def judge_past(self, policy_id: str, as_of: datetime, rules: Rules) -> None:
        """Replace a policy's history by what it says of all nights, the last of them now."""
        self.backfilled += 1
        self._waiting.pop(policy_id, None)
        self.overtaken = {(of, when) for of, when in self.overtaken if of != policy_id}
        states = sorted(self.observer.states.items())
        found = []
        for moment in self.nights(as_of):
            known = [state for at, state in states if at <= moment]
            found.append(self._evaluation(policy_id, moment, rules, known[-1] if known else Knowledge()))
        self.books[policy_id].replace(found)

    def nights(self, as_of: datetime) -> list[datetime]:
        """Return the times at which a backfill judges.

        Those of runs that judged, of collections that no such run followed before the next one, and its own.
        """
        runs = [*self._ended, _PastRun(RunKind.EVALUATE, as_of)]
        return sorted(
            {
                past.as_of
                for past, following in zip(runs, [*runs[1:], None], strict=True)
                if past.kind is not RunKind.COLLECT
                or following is None
                or following.kind is not RunKind.EVALUATE
            }
        )

    def _judge_waiting(self, night: Night, steps: _Steps) -> None:
        """Judge past nights under the enabled policies that wait for it, if what they read was read before."""
        wait = []
        for policy_id in sorted(self._waiting.keys() & set(night.policies)):
            if self._has_past(policy_id):
                wait.append(policy_id)
            else:
                del self._waiting[policy_id]
        for policy_id in wait:
            if steps.take():
                self.judge_past(policy_id, night.as_of, night.rules)
        if wait and steps.left != 0:
            self._ended.append(_PastRun(RunKind.EVALUATE, night.as_of))

    def _has_past(self, policy_id: str) -> bool:
        """Return whether some scope of each item type that a policy reads was read before it was judged first."""
        before = self._waiting[policy_id]
        read = {
            name
            for as_of, state in self.observer.states.items()
            if as_of < before
            for region in state.regions.values()
            for name, scope in region.scopes.items()
            if scope.status in READ
        }
        wanted = {scope_owner(name) for name in catalog().policy(policy_id).item_types}
        return all(any(scope.name in read for scope in one.scopes) for one in wanted)

    def _evaluation(self, policy_id: str, as_of: datetime, rules: Rules, known: Knowledge) -> Evaluation:
        policy = catalog().policy(policy_id)
        version = policy.content_hash_with(parameters(policy_id, rules))
        about = (known, policy_id, as_of, rules)
        conditions = verdicts(*about) if policy_id in MODELLED else {}
        outlined = outlines(known, item_type(policy.logic.item_type), as_of, rules)
        return Evaluation(as_of, version, rules, conditions, subjects(*about), outlined)

    def _collect(self, night: Night, steps: _Steps) -> None:
        wanted, private = wanted_by(night.policies)
        for account_id, status in night.accounts.items():
            if steps.take():
                self.observer.account(account_id, status, list(night.enabled.get(account_id, ())), wanted)
        for batch in batched(night.regions, len(night.regions) if night.together else 1):
            if steps.take():
                for region, faults in batch:
                    self.observer.region(region, faults, wanted, private=private)
        if steps.take():
            self.observer.uncovered(night.as_of, wanted)


class _Steps:
    """The steps that a run still takes before it is killed; None: all."""

    def __init__(self, left: int | None) -> None:
        self.left = left

    def take(self) -> bool:
        if self.left is None:
            return True
        if self.left == 0:
            return False
        self.left -= 1
        return True
