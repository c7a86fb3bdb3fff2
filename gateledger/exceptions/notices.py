"""Exceptions that somebody should look at: they end soon, ended, match nothing, or are no longer needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from cmdb.queries import query_text
from gateledger.exceptions.entry import end_words
from gateledger.queries.reading import reading

SOON = timedelta(days=30)
ENDED, ENDS_SOON, MATCHES_NOTHING, NOT_NEEDED = "ended", "ends soon", "matches nothing", "no longer needed"


@dataclass(frozen=True, slots=True)
class Notice:
    """An exception, and what there is to look at."""

    exception_id: str
    owner: str
    valid_until: datetime
    kind: str
    """ended, ends soon, matches nothing, or no longer needed (all that it matches is compliant)."""
    is_new: bool
    """Whether that is so since the last evaluation only; said of ended and ends soon."""


def notices(engine: Engine) -> tuple[Notice, ...]:
    """Return the exceptions to look at, as of the last evaluation or change of exceptions."""
    with reading(engine) as connection:
        found = connection.execute(
            query_text("notices", "gateledger.exceptions.sql"), {"soon": SOON}
        ).fetchall()
    return tuple(Notice(*row) for row in found)


def sentence(notice: Notice) -> str:
    """Return what there is to look at, without its full stop."""
    until = end_words(notice.valid_until)
    words = {
        ENDED: f"ended with {until}: what it covered counts again; renew it or leave it out of the file",
        ENDS_SOON: f"ends with {until}: renew it, or correct what it covers",
        MATCHES_NOTHING: "matches no finding: correct its patterns, or end it",
        NOT_NEEDED: "is no longer needed: nothing that it matches has a status that it accepts; end it",
    }
    return f"{notice.exception_id} ({notice.owner}) {words[notice.kind]}"
