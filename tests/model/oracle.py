"""The oracle: lives through the same nights as the system, in plain Python."""

from __future__ import annotations

from datetime import datetime

from cmdb.runs.runs import RunKind
from tests.model.knowledge import Observer
from tests.model.records import Book, Evaluation
from tests.model.system import Night, batched, catalog, parameters
from tests.model.verdicts import POLICIES, Rules, verdicts


class Oracle:
    """Everything that was observed and judged, night by night."""

    def __init__(self) -> None:
        """Know nothing."""
        self.observer = Observer()
        self.books = {policy_id: Book(policy_id) for policy_id in POLICIES}
        self.last_as_of: datetime | None = None
        self._killed_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether no collecting run was killed and waits for the next run to settle it."""
        return self._killed_at is None

    def live(self, night: Night) -> None:
        """Live through a night, as far as it got."""
        if self._killed_at is not None:
            self.observer.uncovered(self._killed_at)
            self.observer.keep()
        self._killed_at = None
        self.last_as_of = night.as_of
        steps = _Steps(night.dies_after)
        if night.kind is not RunKind.EVALUATE:
            self.observer.begin(night.as_of)
            self._collect(night, steps)
            self.observer.keep()
        for policy_id in night.policies if night.kind is not RunKind.COLLECT else ():
            if steps.take():
                self.judge(policy_id, night.as_of, night.rules)
        if steps.left == 0 and night.kind is not RunKind.EVALUATE:
            self._killed_at = night.as_of

    def judge(self, policy_id: str, as_of: datetime, rules: Rules) -> None:
        """Evaluate a policy."""
        version = catalog().policy(policy_id).content_hash_with(parameters(policy_id, rules))
        conditions = verdicts(self.observer.known, policy_id, as_of, rules)
        self.books[policy_id].add(Evaluation(as_of, version, rules, conditions))

    def _collect(self, night: Night, steps: _Steps) -> None:
        for account_id, status in night.accounts.items():
            if steps.take():
                self.observer.account(account_id, status, list(night.enabled.get(account_id, ())))
        for batch in batched(night.regions, len(night.regions) if night.together else 1):
            if steps.take():
                for region, faults in batch:
                    self.observer.region(region, faults)
        if steps.take():
            self.observer.uncovered(night.as_of)


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
