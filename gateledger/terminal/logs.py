"""Log lines on stderr: text for people, JSON for machines, each with a stable ``event`` name."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

from cmdb.masking import masked
from gateledger.terminal.streams import make_utf8

#: Libraries whose own chatter may carry what was sent or received; never more than their warnings.
_QUIET = (
    "boto3",
    "botocore",
    "urllib3",
    "s3transfer",
    "alembic",
    "sqlalchemy",
    "asyncio",
    "procrastinate",
    "psycopg",
    "tzlocal",
    "markdown_it",
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
LogFormat = Literal["text", "json"]


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever ``sys.stderr`` is now, so that a live display can keep its place below the lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        """The stream to write to."""
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:  # noqa: ARG002  the base class says so
        raise AttributeError("log lines always go to the present stderr")


class TextFormatter(logging.Formatter):
    """``2026-11-23T02:00:00Z INFO scope.collected: message``; one line, escaped, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback when there is one."""
        event = getattr(record, "event", record.name)
        line = f"{_time(record)} {record.levelname} {event}: {one_line(record.getMessage())}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return masked(line)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, event, logger, message and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as text."""
        entry: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and name not in entry:
                entry[name] = masked(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["traceback"] = masked(self.formatException(record.exc_info))
        return json.dumps(entry, default=lambda value: masked(str(value)), ensure_ascii=False)


def configure_logging(level: int, form: LogFormat) -> None:
    """Send all log records of ``level`` and above to stderr in this form; may be called again.

    In JSON stderr is for programs: all that goes there is UTF-8 from then on, whatever the locale.
    """
    if form == "json":
        make_utf8(sys.stderr)
    handler = _Stderr()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Stderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # A lost connection is reported by the command that loses it; the pool would add its traceback.
    pool = logging.getLogger("sqlalchemy.pool")
    pool.setLevel(logging.NOTSET if level <= logging.DEBUG else logging.CRITICAL)


def one_line(text: str) -> str:
    """Return the text on one line, characters that would steer a terminal shown as escapes."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
