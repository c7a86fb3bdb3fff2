"""Progress of an upgrade of the schema: each revision, and that the work goes on, on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from cmdb.server import queue_schema, reporting
from cmdb.server.database import check_server, current_revision, upgrade
from cmdb.server.revisions import head_revision, revisions_after

#: Seconds between two lines while one revision is being applied.
EVERY_SECONDS = 10.0


class Migration:
    """Revisions that are applied to a database that holds data already."""

    def __init__(self, revisions: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        """Take the revisions in their order; none: nothing is printed."""
        self._revisions = revisions
        self._done = 0
        self._clock = clock
        self._began = clock()

    def applied(self, revision: str) -> None:
        """Print that a revision has been applied."""
        self._done += 1
        self._say(f"revision {revision} applied ({self._done} of {len(self._revisions)})")

    def still(self) -> None:
        """Print what is in progress."""
        if self._done < len(self._revisions):
            self._say(f"revision {self._revisions[self._done]} in progress")
        else:
            self._say("making the reporting views")

    def _say(self, what: str) -> None:
        if self._revisions:
            sys.stderr.write(f"Migration: {what}, {self._clock() - self._began:,.0f} s so far.\n")


def migrate(engine: Engine, *, every: float = EVERY_SECONDS) -> tuple[str | None, str]:
    """Upgrade the schema; return the revision before (None: there was none) and now.

    Raises what ``cmdb.server.database.upgrade`` raises. A database that is set up holds nothing to wait for:
    then nothing is printed.
    """
    with engine.connect() as connection:
        before = current_revision(connection)
    migration = Migration(() if before is None else revisions_after(before))
    with _watched(migration, every):
        return before, upgrade(engine, migration.applied)


def migrate_if_outdated(engine: Engine) -> None:
    """Upgrade the schema where revision, reporting views or task queue are not this code's; raise as ``migrate`` does.

    To see that nothing is to be done takes a tenth of the time that an upgrade without work does.
    """
    check_server(engine)
    with engine.connect() as connection:
        is_current = (
            current_revision(connection) == head_revision()
            and reporting.is_current(connection)
            and queue_schema.is_current(connection)
        )
    if not is_current:
        migrate(engine)


@contextmanager
def _watched(migration: Migration, every: float) -> Iterator[None]:
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every):
            migration.still()

    watcher = threading.Thread(target=watch, name="migration-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
