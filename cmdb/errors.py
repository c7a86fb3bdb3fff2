"""The errors a person is expected to meet.

Each error is a single sentence for that person: what is wrong, where, and what to do next. The command line
prints ``str(error)`` and ends with a non-zero status; nothing else in the project prints them.
"""

from __future__ import annotations

from cmdb.masking import masked


class GateledgerError(Exception):
    """Gateledger could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        """Keep ``message`` as the sentence to show; without one the class's own docstring is the sentence.

        It may quote what a library said, so secrets in it are hidden here, once for all sentences.
        """
        sentence = message if message is not None else (type(self).__doc__ or type(self).__name__)
        super().__init__(masked(sentence))


class DatabaseUnreachable(GateledgerError):
    """The database does not answer; check its address and that it is running."""


class DatabaseTooOld(GateledgerError):
    """The database server is older than the oldest supported PostgreSQL; use a newer server."""


class DatabaseEncodingWrong(GateledgerError):
    """The database's encoding cannot hold the data; make one with the encoding UTF8."""


class DatabaseTriggersOff(GateledgerError):
    """Sessions of this role leave triggers out; reset session_replication_role."""


class DatabasePooled(GateledgerError):
    """A connection pooler lends sessions by transaction; name the database server itself."""


class DatabaseForeign(GateledgerError):
    """The database already holds tables that are not Gateledger's; choose an empty database."""


class DatabaseNewer(GateledgerError):
    """The database was upgraded by a newer Gateledger; install that version or a later one."""


class DatabaseOutdated(GateledgerError):
    """The database has an older structure than this version needs; run `gateledger db upgrade`."""


class EmbeddedServerError(GateledgerError):
    """The embedded PostgreSQL server could not be started."""


class AlreadyRunning(GateledgerError):
    """Another run is already in progress on this database; wait until it ends."""


class RunOvertaken(GateledgerError):
    """Another run has begun since this one lost its lock; nothing more of this one is kept."""


class AsOfTooEarly(GateledgerError):
    """The requested time lies before the first recorded run; choose a later one."""


class SettingsError(GateledgerError):
    """The settings are incomplete or contradictory."""


def shown(value: object) -> str:
    """Return a value that somebody gave, quoted and short enough to be part of a sentence."""
    return brief("empty" if value is None else repr(value))


def brief(text: str) -> str:
    """Return a text cut to what a sentence can hold."""
    return text if len(text) <= 80 else f"{text[:77]}..."
