"""Callbacks before and after calls: an edit of the estate between any two calls of a client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from simulated_aws.faults import Occasion

Callback = Callable[[Occasion], object]


@dataclass(slots=True)
class Hook:
    """When a callback runs: around which calls (``None`` matches any), and around which of them.

    Of the calls that match, the ``nth`` and the following ``times`` - 1 are meant; ``times=None``: for ever.
    """

    moment: Literal["before", "after"]
    callback: Callback
    operation: str | None = None
    account_id: str | None = None
    region: str | None = None
    resource_id: str | None = None
    part_id: str | None = None
    nth: int = 1
    times: int | None = 1
    matched: int = field(default=0, init=False)
    """Calls that matched so far."""
    runs: int = field(default=0, init=False)
    """How often the callback ran so far."""

    def is_due(self, call: Occasion) -> bool:
        """Count a call if it matches; return whether the callback has to run for it."""
        if (
            self.operation not in {None, call.operation}
            or self.account_id not in {None, call.account_id}
            or self.region not in {None, call.region}
            or self.resource_id not in {None, call.resource_id}
            or self.part_id not in {None, call.part_id}
        ):
            return False
        self.matched += 1
        if self.matched < self.nth or (self.times is not None and self.runs >= self.times):
            return False
        self.runs += 1
        return True


class Hooks:
    """Callbacks in force. They run in the server's thread, one at a time, and may change the estate.

    A callback must not call the simulated AWS itself: the one thread that would answer is busy with it.

    ``before`` runs when a call has arrived and nothing of its answer is made; ``after`` when its answer is
    made, fault and all, and not yet sent: an edit then is seen by the next call, and not by this one. Calls
    that are refused before they are understood (unsigned, not simulated) have no hooks. What a callback
    raises is kept in ``errors``, the call is answered by 500, and leaving the ``with`` block of
    ``SimulatedAws`` raises the first of them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._hooks: tuple[Hook, ...] = ()
        self.errors: list[BaseException] = []

    def before(
        self,
        operation: str | None,
        callback: Callback,
        *,
        account_id: str | None = None,
        region: str | None = None,
        resource_id: str | None = None,
        part_id: str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Hook:
        """Run a callback before the ``nth`` call of an operation (``None``: of any)."""
        return self._add(
            Hook("before", callback, operation, account_id, region, resource_id, part_id, nth, times)
        )

    def after(
        self,
        operation: str | None,
        callback: Callback,
        *,
        account_id: str | None = None,
        region: str | None = None,
        resource_id: str | None = None,
        part_id: str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Hook:
        """Run a callback after the ``nth`` call of an operation (``None``: of any)."""
        return self._add(
            Hook("after", callback, operation, account_id, region, resource_id, part_id, nth, times)
        )

    def remove(self, hook: Hook) -> None:
        """Take a hook out of force; nothing happens when it is not."""
        with self._lock:
            self._hooks = tuple(each for each in self._hooks if each is not hook)

    def clear(self) -> None:
        """Take all hooks out of force."""
        with self._lock:
            self._hooks = ()

    @property
    def idle(self) -> bool:
        """Whether there is no hook at all."""
        return not self._hooks

    def run(self, moment: Literal["before", "after"], call: Occasion) -> bool:
        """Run what is due; return whether all of it ended well."""
        with self._lock:
            due = [each for each in self._hooks if each.moment == moment and each.is_due(call)]
        for hook in due:
            try:
                hook.callback(call)
            except BaseException as error:
                self.errors.append(error)
                return False
        return True

    def _add(self, hook: Hook) -> Hook:
        with self._lock:
            self._hooks = (*self._hooks, hook)
        return hook
