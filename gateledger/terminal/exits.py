"""Exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns to its caller; scripts and schedulers rely on the numbers."""

    DONE = 0
    ERROR = 1
    """It could not be done; one sentence on stderr says why."""
    USAGE = 2
    """The command line is wrong; nothing was tried."""
    INCOMPLETE = 3
    """Done, but some scope of the inventory could not be read."""
    FINDINGS = 4
    """Done, and findings exist with a status given by ``--fail-on`` (wins over ``INCOMPLETE``)."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""
    BROKEN_PIPE = 141
    """The reader of stdout went away, as ``head`` does."""
    TERMINATED = 143
    """Ended by SIGTERM."""
