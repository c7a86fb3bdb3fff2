"""When nights begin: cron expressions as cron means them, by the clock on the wall of a time zone.

APScheduler reads the expression, on a clock that is never changed; its own arithmetic in a time zone loses
the night after clocks were set forward when the schedule lies between midnight and one, and doubles the one
when they are set back. Beyond that it differs from cron twice: weekdays count from Monday, and a day of the
month and a weekday given together must both hold. Here weekdays count from Sunday (7 is Sunday too), and
either day suffices.

A time that comes twice, when clocks are set back, fires at its first coming. A time that is jumped over, when
they are set forward, fires as long after midnight as on any other day (two o'clock comes as three o'clock).
With ``*`` or a step of it for the hour, the schedule is one of intervals: it fires at both comings, and what
is jumped over is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAY = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,2}))?")
#: How far back the last time is looked for, tried one after the other: most schedules fire daily.
_LOOKBACKS = (timedelta(hours=2), timedelta(days=2), timedelta(days=40), timedelta(days=4 * 366 + 1))
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
#: No clock is set forward or back by more.
_LONGEST_CHANGE = timedelta(hours=3)


class Trigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at the times of the wall clock that any of some cron triggers gives."""

    def __init__(self, clocks: list[CronTrigger], zone: ZoneInfo, *, is_interval: bool) -> None:
        """Take triggers that reckon in UTC, whose times are read as those of the wall clock of ``zone``."""
        self._clocks = clocks
        self._zone = zone
        self._is_interval = is_interval

    def get_next_fire_time(
        self,
        previous_fire_time: datetime | None,  # noqa: ARG002  a time fires once, because ``now`` goes on
        now: datetime,
    ) -> datetime | None:
        """Return the first time that is not before ``now``, in UTC; None: there is none."""
        here = now.astimezone(self._zone)
        wall = self._after(here.replace(tzinfo=UTC, fold=0))
        if wall is None:
            return None
        # Where clocks do not change around, one time on the wall is one time.
        steady = (here.astimezone(UTC) - _LONGEST_CHANGE).astimezone(self._zone).utcoffset()
        first, second = (wall.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if steady == here.utcoffset() == first.utcoffset() == second.utcoffset():
            return first.astimezone(UTC)
        return min(self._around(here), default=None)

    def _around(self, now: datetime) -> Iterator[datetime]:
        """Yield times from ``now`` on, the first certainly among them."""
        wall = self._after(now.replace(tzinfo=UTC, fold=0) - _LONGEST_CHANGE)
        until: datetime | None = None
        while wall is not None and (until is None or wall < until):
            for moment in self._moments(wall):
                if moment >= now:
                    yield moment
                    until = until or wall + 2 * _LONGEST_CHANGE
            wall = self._after(wall + timedelta(seconds=1))

    def _moments(self, wall: datetime) -> Iterator[datetime]:
        """Yield when the wall clock shows that time (given as if in UTC)."""
        for fold in (0, 1) if self._is_interval else (0,):
            local = wall.replace(tzinfo=self._zone, fold=fold)
            # Read with the offset from before the jump, a time that is jumped over comes after it.
            moment = local.astimezone(UTC)
            is_jumped_over = moment.astimezone(self._zone).replace(tzinfo=UTC, fold=0) != wall
            if not (self._is_interval and is_jumped_over):
                yield moment

    def _after(self, wall: datetime) -> datetime | None:
        found = [clock.get_next_fire_time(None, wall) for clock in self._clocks]
        return min((each for each in found if each is not None), default=None)


def read_schedule(text: str, zone: ZoneInfo) -> Trigger:
    """Return the trigger of a cron expression (minute hour day month weekday).

    Raises ``ValueError`` with the rest of a sentence for one that is wrong or never comes.
    """
    fields = text.split()
    if len(fields) != 5:
        raise ValueError("has not five fields (minute hour day month weekday)")
    minute, hour, day, month, weekday = fields
    days = _weekdays(weekday)
    # As in cron, a field that begins with a star does not restrict.
    either = not day.startswith("*") and not weekday.startswith("*")
    choices = [(day, "*"), ("*", days)] if either else [(day, days)]
    try:
        clocks = [
            CronTrigger(minute=minute, hour=hour, day=on, month=month, day_of_week=at, timezone=UTC)
            for on, at in choices
        ]
    except ValueError as error:
        reason = str(error).strip().rstrip(".")
        raise ValueError(f"is not a cron expression ({reason})") from None
    trigger = Trigger(clocks, zone, is_interval=hour.startswith("*"))
    if next_time(trigger, _SOME_DAY) is None:
        raise ValueError("names a day that never comes")
    return trigger


def next_time(trigger: Trigger, after: datetime) -> datetime | None:
    """Return the first time after a moment, in UTC."""
    return trigger.get_next_fire_time(None, after + timedelta(microseconds=1))


def last_time(trigger: Trigger, until: datetime) -> datetime | None:
    """Return the last time up to and including a moment, in UTC; None when there was none for four years."""
    for lookback in _LOOKBACKS:
        found = next_time(trigger, until - lookback)
        if found is None or found > until:
            continue
        while (later := next_time(trigger, found)) is not None and later <= until:
            found = later
        return found
    return None


def _weekdays(field: str) -> str:
    """Return a cron weekday field as names, which count from nowhere."""
    chosen: set[int] = set()
    for part in field.lower().split(","):
        match = _WEEKDAY.fullmatch(part)
        if match is None:
            raise ValueError(f"has a weekday {part!r} that cannot be read")
        step = int(match["step"] or 1)
        if not step:
            raise ValueError(f"has a weekday {part!r} with a step of nothing")
        if match["first"] == "*":
            chosen.update(range(0, 7, step))
            continue
        first = _weekday(match["first"])
        last = _weekday(match["last"]) if match["last"] else 6 if match["step"] else first
        if last < first and last == 0:
            last = 7  # fri-sun
        if last < first:
            raise ValueError(f"has a weekday {part!r} that ends before it begins")
        chosen.update(day % 7 for day in range(first, last + 1, step))
    return "*" if len(chosen) == 7 else ",".join(_DAYS[day] for day in sorted(chosen))


def _weekday(text: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if text.isascii() and text.isdigit() and int(text) <= 7:
        return int(text)
    raise ValueError(f"has a weekday {text!r} that is neither 0 to 7 nor sun to sat")
