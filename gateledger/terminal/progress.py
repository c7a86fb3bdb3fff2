"""How a long job shows its progress: a live display on a terminal, log lines elsewhere.

Jobs call a ``Progress``; they never print. All methods may be called from several threads.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from collectors.progress import Progress as CollectionProgress
from collectors.progress import RegionDone
from gateledger.terminal.streams import has_colours, is_steerable
from gateledger.terminal.throughput import Throughput

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

log = logging.getLogger("gateledger.progress")


class Progress(CollectionProgress, Protocol):
    """What a job reports while it works; the steps of its phases are account-regions or policies."""

    def phase(self, name: str) -> None:
        """A part of the job begins, for example ``collect`` or ``evaluate``."""

    def policy_done(self, policy_id: str, items: int, changes: int) -> None:
        """One policy was evaluated over ``items`` items; ``changes`` records opened or closed."""

    def finished(self) -> None:
        """The phase is over."""


class SilentProgress:
    """Reports nothing."""

    def phase(self, name: str) -> None:
        """Do nothing."""

    def started(self, total: int | None) -> None:
        """Do nothing."""

    def account_region_done(self, region: RegionDone) -> None:
        """Do nothing."""

    def policy_done(self, policy_id: str, items: int, changes: int) -> None:
        """Do nothing."""

    def finished(self) -> None:
        """Do nothing."""


class LogProgress:
    """Writes one log line per step, for services and files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phase = ""
        self._total: int | None = None
        self._done = 0
        self._pace = Throughput()

    def phase(self, name: str) -> None:
        """Log that a phase begins."""
        with self._lock:
            self._phase, self._total, self._done = name, None, 0
            self._pace = Throughput()
        log.info("%s started", name, extra={"event": "phase.started", "phase": name})

    def started(self, total: int | None) -> None:
        """Remember how many steps there are."""
        with self._lock:
            self._total = total

    def account_region_done(self, region: RegionDone) -> None:
        """Log one account-region."""
        done, total = self._step(region.calls, region.throttles)
        pace = self._pace
        left = pace.seconds_left(total)
        log.log(
            logging.WARNING if region.failed else logging.INFO,
            "%s %s: %s, %d items, %d changes (%s, %.1f calls/s, %d throttled%s)",
            region.account_id,
            region.region,
            "incomplete" if region.failed else "read",
            region.items,
            region.changes,
            _out_of(done, total),
            pace.calls_a_second,
            pace.throttles,
            "" if left is None else f", about {left:.0f} s left",
            extra={
                "event": "account_region.done",
                "account_id": region.account_id,
                "region": region.region,
                "items": region.items,
                "changes": region.changes,
                "failed": region.failed,
                "done": done,
                "total": total,
                "calls_a_second": round(pace.calls_a_second, 1),
                "throttles": pace.throttles,
                "seconds_left": None if left is None else round(left),
            },
        )

    def policy_done(self, policy_id: str, items: int, changes: int) -> None:
        """Log one policy."""
        done, total = self._step()
        log.info(
            "%s: %d items, %d changes (%s)",
            policy_id,
            items,
            changes,
            _out_of(done, total),
            extra={"event": "policy.done", "policy_id": policy_id, "items": items, "changes": changes},
        )

    def finished(self) -> None:
        """Log that the phase is over."""
        log.info("%s finished", self._phase, extra={"event": "phase.finished", "phase": self._phase})

    def _step(self, calls: int = 0, throttles: int = 0) -> tuple[int, int | None]:
        with self._lock:
            self._done += 1
            self._pace.step(calls, throttles)
            return self._done, self._total


class TerminalProgress:
    """Shows one live line per phase on stderr; use inside ``progress_for``."""

    def __init__(self, bar: RichBar) -> None:
        self._bar = bar
        self._lock = threading.Lock()
        self._task: TaskID | None = None
        self._items = self._changes = self._failed = 0
        self._pace = Throughput()

    def phase(self, name: str) -> None:
        """Start a new line."""
        with self._lock:
            self._items = self._changes = self._failed = 0
            self._pace = Throughput()
            self._task = self._bar.add_task(name, total=None, detail="")

    def started(self, total: int | None) -> None:
        """Give the line its length."""
        if self._task is not None:
            self._bar.update(self._task, total=total)

    def account_region_done(self, region: RegionDone) -> None:
        """Advance by one account-region."""
        with self._lock:
            self._pace.step(region.calls, region.throttles)
        self._advance(region.items, region.changes, region.failed, "items")

    def policy_done(
        self,
        policy_id: str,  # noqa: ARG002  the line shows sums only
        items: int,
        changes: int,
    ) -> None:
        """Advance by one policy."""
        self._advance(items, changes, False, "verdicts")

    def finished(self) -> None:
        """Fill the line."""
        with self._lock:
            if self._task is not None:
                done = self._bar.tasks[self._task].completed
                self._bar.update(self._task, total=max(done, 1), completed=max(done, 1))

    def _advance(self, items: int, changes: int, failed: bool, unit: str) -> None:
        with self._lock:
            self._items += items
            self._changes += changes
            self._failed += int(failed)
            if self._task is None:
                return
            detail = f"{self._items:,} {unit}, {self._changes:,} changes"
            if self._failed:
                detail += f", {self._failed} incomplete"
            if self._pace.calls:
                detail += f", {self._pace.calls_a_second:.0f} calls/s, {self._pace.throttles:,} throttled"
            self._bar.update(self._task, advance=1, detail=detail)


@contextmanager
def progress_for(*, terminal: bool | None = None) -> Iterator[Progress]:
    """Yield the progress that fits stderr: live on a terminal that can be steered, log lines elsewhere."""
    if terminal is None:
        terminal = is_steerable(sys.stderr)
    if not terminal:
        yield LogProgress()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
        console=Console(stderr=True, color_system="auto" if has_colours(sys.stderr) else None),
    ) as bar:
        yield TerminalProgress(bar)


def _out_of(done: int, total: int | None) -> str:
    return f"{done}" if total is None else f"{done} of {total}"
