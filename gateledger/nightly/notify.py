"""Messages about what a run changed: one message a run, to any service that Apprise knows.

An owner whose addresses the mapping file names gets one about its own items beside that.

What cannot be sent is a warning in the log and never fails the run.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from cmdb.errors import SettingsError, shown
from gateledger.exceptions.notices import Notice, sentence
from gateledger.nightly.summary import FirstJudged, counted, policies
from gateledger.owners.rules import read_rules
from gateledger.queries.causes import Cause, by_cause
from gateledger.queries.reading import reading, records
from gateledger.queries.served import listed
from gateledger.terminal.console import iso, short_time
from gateledger.terminal.logs import one_line

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateledger.nightly.summary import RunSummary
    from gateledger.settings.model import Settings

log = logging.getLogger("gateledger.notify")

#: Entries listed one by one under each heading; the rest are a number.
SHOWN = 20
Row = dict[str, Any]
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class News:
    """What a run changed."""

    new: Sequence[Row]
    """Findings that became incompliant."""
    resolved: Sequence[Row]
    failing: Sequence[Row]
    """Scopes that fail for the second time or longer."""
    notices: Sequence[Notice]
    """Exceptions to look at since this run."""
    first: FirstJudged
    """Policies that the run judged for the first time, which are reported to those who look after the whole."""

    def of_owner(self, owner: str) -> News:
        """Return what of it is about an owner's items and exceptions."""
        return News(
            [row for row in self.new if row["owner"] == owner],
            [row for row in self.resolved if row["owner"] == owner],
            (),
            [notice for notice in self.notices if notice.owner == owner],
            FirstJudged(),
        )


def check_targets(settings: Settings) -> None:
    """Raise ``SettingsError`` for an address that no service takes, before a scheduler waits for its night.

    A run does not ask: no night is lost for an address. It is named by its place and service only: the rest
    is secret.
    """
    _check("GATELEDGER_NOTIFY", settings.notify_targets())
    for owner, targets in read_rules(settings).routes.items():
        _check(f"{settings.owners}, `notify` of {shown(owner)}", targets)


def _check(where: str, targets: Sequence[str]) -> None:
    for place, target in enumerate(targets, start=1):
        with _quiet():
            is_fine = _service(target) is not None
        if not is_fine:
            service = one_line(target.partition("://")[0])
            raise SettingsError(
                f"{where}: address {place} ({service}) is none that can be "
                "used: correct it as https://appriseit.com/services/ lists it, or leave it out."
            )


def notify_of_changes(
    engine: Engine,
    settings: Settings,
    summary: RunSummary,
    *,
    include_excepted: bool = False,
    routes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Send what the run changed to the targets of the settings, if anything changed and any are set.

    ``routes`` are owners' own targets, which get what changed of their items. Findings that an exception
    covers are left out unless ``include_excepted``.
    """
    targets = settings.notify_targets()
    if not (targets or routes):
        return
    try:
        news = news_of(engine, summary, include_excepted=include_excepted)
        message = message_about(news, summary)
        if message is None:
            log.info("nothing changed, no message is sent", extra={"event": "notify.nothing_changed"})
            return
        send(targets, message)
        for owner, own_targets in (routes or {}).items():
            own = message_about(news.of_owner(owner), summary, owner=owner)
            if own is not None:
                send(own_targets, own, where=f"`notify` of {shown(owner)} in GATELEDGER_OWNERS")
    except Exception as error:  # the run's work is done and must not fail for its message
        log.warning(
            "the message about run %d could not be made: %s",
            summary.run_id,
            type(error).__name__,
            exc_info=log.isEnabledFor(logging.DEBUG),
            extra={"event": "notify.failed", "run_id": summary.run_id, "error": type(error).__name__},
        )


def message_of(engine: Engine, summary: RunSummary, *, include_excepted: bool = False) -> Message | None:
    """Return what the run changed, or None when nothing that is worth a message did."""
    return message_about(news_of(engine, summary, include_excepted=include_excepted), summary)


def news_of(engine: Engine, summary: RunSummary, *, include_excepted: bool = False) -> News:
    """Return what the run changed.

    That are items that became incompliant, items that were remediated, and scopes that failed for the
    second time in a row or longer. Policies that the run judged for the first time over an estate that was
    known are reported once, with how much they found: none of that is new.
    """
    with reading(engine) as connection:
        at = {"as_of": summary.as_of}
        return News(
            records(connection, "notify_new", {**at, "include_excepted": include_excepted}),
            records(connection, "notify_resolved", at),
            records(connection, "notify_failing", at),
            [notice for notice in summary.exceptions if notice.is_new],
            summary.first_judged,
        )


def message_about(news: News, summary: RunSummary, *, owner: str | None = None) -> Message | None:
    """Return a message about what changed, or None when nothing that is worth one did.

    Scopes that go on failing are only counted. ``owner``: whose items it is about.
    """
    new, resolved, told, first = news.new, news.resolved, news.notices, news.first
    fresh = [row for row in news.failing if row["is_new"]]
    if not (new or resolved or fresh or told or first.policies):
        return None
    counted = [
        *([f"{len(new):,} new incompliant"] if new else []),
        *([f"{len(resolved):,} resolved"] if resolved else []),
        *([f"{len(fresh):,} {'scope' if len(fresh) == 1 else 'scopes'} failing"] if fresh else []),
        *([f"{policies(len(first.policies))} judged for the first time"] if first.policies else []),
        *([f"{len(told):,} {'exception' if len(told) == 1 else 'exceptions'} to look at"] if told else []),
    ]
    causes = by_cause({**row, "account_id": _account(row)} for row in fresh)
    of = "" if owner is None else f" Items of {one_line(owner)}."
    sections = [
        f"Run {summary.run_id} as of {iso(summary.as_of)}.{of}",
        *_section("New incompliant", new, _new),
        *_section("Resolved", resolved, lambda row: f"{_stage(row)}, after {row['days']} days"),
        *_section("Not read completely for more than a night", causes, _cause, len(fresh)),
        *_section("Judged for the first time", first.policies, lambda policy_id: policy_id),
        *([f"{_found(summary)} None of that is new: it was not judged before."] if first.policies else []),
        *_section("Exceptions to look at", told, sentence),
    ]
    if len(news.failing) > len(fresh):
        sections.append(f"{len(news.failing) - len(fresh):,} more have not been read completely for longer.")
    about = "Gateledger" if owner is None else f"Gateledger, {one_line(owner)}"
    return Message(f"{about}: {', '.join(counted)}", "\n\n".join(sections))


def send(targets: Sequence[str], message: Message, *, where: str = "GATELEDGER_NOTIFY") -> int:
    """Send a message to each target and return how many took it; log the ones that did not.

    A target is named by its place in ``where`` and its service only: the rest of its address is secret.
    """
    taken = 0
    for place, target in enumerate(targets, start=1):
        service = one_line(target.partition("://")[0])
        try:
            with _quiet():
                done = _send(target, message)
        except Exception as error:  # a library of a hundred services may raise anything
            done, reason = False, type(error).__name__
        else:
            reason = "it refused the message, cannot be reached, or its address is wrong"
        if done:
            taken += 1
            log.info("message sent to target %d (%s)", place, service, extra={"event": "notify.sent"})
            continue
        log.warning(
            "the message could not be sent to target %d (%s): %s; check %s",
            place,
            service,
            reason,
            where,
            extra={"event": "notify.target_failed", "target": place, "service": service},
        )
    return taken


def _send(target: str, message: Message) -> bool:
    import apprise

    service = _service(target)
    if service is None:
        return False
    return bool(service.notify(title=message.title, body=message.body, body_format=apprise.NotifyFormat.TEXT))


def _service(target: str) -> Any:
    import apprise

    return apprise.Apprise.instantiate(target, suppress_exceptions=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' own log lines away, which hold addresses with their secrets, and their warnings."""
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3", "requests")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled


def _section(
    title: str, rows: Sequence[RowT], line: Callable[[RowT], str], count: int | None = None
) -> Iterator[str]:
    """Yield a heading with how many there are (by default as many as there are rows), and a line for each."""
    if not rows:
        return
    number = len(rows) if count is None else count
    lines = [f"{title}: {number:,}", *(f"- {one_line(line(row))}" for row in rows[:SHOWN])]
    if len(rows) > SHOWN:
        lines.append(f"- and {len(rows) - SHOWN:,} more")
    yield "\n".join(lines)


def _new(row: Row) -> str:
    changes = f" ({listed(row['served_changes'])})" if row["served_changes"] else ""
    return f"{_stage(row)}: {row['condition']}{changes}"


def _found(summary: RunSummary) -> str:
    return f"They found {counted(summary.first_judged.findings) or 'nothing'}."


def _account(row: Row) -> str:
    return f"{row['account_id']} ({row['account_name']})" if row["account_name"] else str(row["account_id"])


def _cause(cause: Cause) -> str:
    since = "never read" if cause.oldest is None else f"last read {short_time(cause.oldest)}"
    reason = cause.text()
    return f"{cause.where()}, {cause.status()}, {since}" + (f": {reason}" if reason else "")


def _stage(row: Row) -> str:
    policy = row["policy_id"].rsplit("/", 1)[-1]
    return f"{_account(row)} {row['region']} {_short(row)} under {policy}"


def _short(row: Row) -> str:
    """Return an item's ids: of a stage API and name, of an API its id, of others what its ARN ends with."""
    if row["stage_name"] is not None and row["rest_api_id"] is not None:
        return f"{row['rest_api_id']}/{row['stage_name']}"
    path = str(row["resource_arn"]).rsplit(":", 1)[-1].strip("/")
    return row["rest_api_id"] if path == f"restapis/{row['rest_api_id']}" else path
