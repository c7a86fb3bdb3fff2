"""How a night ended: the exit codes of the process that runs one, read by the scheduler."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class NightEnd(IntEnum):
    """What became of a night; the numbers pass between the scheduler and the process it starts."""

    DONE = 0
    FAILED = 1
    """It could not be done; the process logged why. It is tried again."""
    INCOMPLETE = 3
    """Done, but some scope could not be read; the next night reads it again."""
    ELSEWHERE = 10
    """Another run or another scheduler is in progress."""
    ALREADY = 11
    """A run that began after the night was due has done it."""
    FIRST_AHEAD = 12
    """Nothing ever ran on this database: nothing was missed, the first night is still to come."""
    STOPPED = 143
    """It was told to stop."""


class Occasion(StrEnum):
    """Why a night is to run."""

    SCHEDULED = "scheduled"
    STARTED = "started"
    """The scheduler has started: a night that was due while none was up is caught up."""
    WANTED = "wanted"
    """It was requested (``--run-now``)."""
