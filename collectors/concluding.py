"""What a reading comes to once all of its parts were read or failed."""

from __future__ import annotations

from collections import Counter

from cmdb.snapshot import Failure, Reading, ScopeStatus


def because(what: str, failure: Failure) -> Failure:
    """Return a failure that follows from another one."""
    return Failure(failure.kind, failure.operation, f"{what}: {failure.message}")


def conclude(reading: Reading, what: str, *, nothing_read: bool) -> None:
    """Set a reading's status from what is unread in it.

    Where every single part failed the scope has failed: nothing was learned, and its last success stays.
    """
    if not reading.unread:
        return
    reading.status = ScopeStatus.FAILED if nothing_read else ScopeStatus.PARTIAL
    kind, _ = Counter(failure.kind for failure in reading.unread.values()).most_common(1)[0]
    first = next(failure for failure in reading.unread.values() if failure.kind is kind)
    count = len(reading.unread)
    message = f"{count} {what} could not be read; the first because: {first.message}"
    reading.failure = Failure(kind, first.operation, message)
    if nothing_read:
        reading.unread = {}
