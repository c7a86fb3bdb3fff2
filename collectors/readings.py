"""What a reading concludes from the parts of it that could not be read."""

from __future__ import annotations

from collections import Counter

from cmdb.snapshot import Failure, Reading, ScopeStatus


def because(what: str, failure: Failure) -> Failure:
    """Return the failure of what rests on something else that failed."""
    return Failure(failure.kind, failure.operation, f"{what}: {failure.message}")


def conclude(reading: Reading, noun: str, of_which: str, *, nothing_read: bool) -> None:
    """Set a reading's status from what is unread in it: a part is a ``noun``, of which something was not read.

    Where every single part failed the scope has failed: nothing was learned, and its last success stays.
    """
    if not reading.unread:
        return
    reading.status = ScopeStatus.FAILED if nothing_read else ScopeStatus.PARTIAL
    kind, _ = Counter(failure.kind for failure in reading.unread.values()).most_common(1)[0]
    first = next(failure for failure in reading.unread.values() if failure.kind is kind)
    count = len(reading.unread)
    parts, reason = (noun, "because") if count == 1 else (f"{noun}s", "the first because")
    message = f"{count} {parts} {of_which} could not be read; {reason}: {first.message}"
    reading.failure = Failure(kind, first.operation, message)
    if nothing_read:
        reading.unread = {}
