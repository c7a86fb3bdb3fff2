"""When to stop asking: what met several calls in a row would meet all the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cmdb.snapshot import Failure, FailureKind
from collectors.errors import ReadFailure

ResultT = TypeVar("ResultT")

#: Calls in a row that may fail for a reason which would meet the next one too; then no more are made.
PATIENCE = 3
_GENERAL = frozenset({FailureKind.THROTTLED, FailureKind.UNREACHABLE})
_AT_ONCE = frozenset({FailureKind.CREDENTIALS, FailureKind.INTERRUPTED})


class Patience:
    """Counts failures in a row of one kind of calls to an account-region."""

    def __init__(self) -> None:
        self._streak = 0
        self._given_up: Failure | None = None

    def guarded(self, read: Callable[[], ResultT]) -> ResultT:
        """Read, unless reading was given up. Raises ``ReadFailure``."""
        if self._given_up is not None:
            raise ReadFailure(self._given_up)
        try:
            result = read()
        except ReadFailure as error:
            self._weigh(error.failure)
            raise
        self._streak = 0
        return result

    def _weigh(self, failure: Failure) -> None:
        if failure.kind in _GENERAL:
            self._streak += 1
        elif failure.kind not in _AT_ONCE:
            self._streak = 0
        if failure.kind in _AT_ONCE or self._streak >= PATIENCE:
            self._given_up = Failure(
                failure.kind, failure.operation, f"{failure.message[:-1]}; the calls after it were not made."
            )
