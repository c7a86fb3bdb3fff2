"""Scopes that were not read, grouped by cause: one line for what happened everywhere, with how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateledger.terminal.logs import one_line

_ARN = re.compile(r"arn:[^\s,)]+")
_ACCOUNT = re.compile(r"\b\d{12}\b")
_REGION = re.compile(r"\b[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}\b")
_ID = re.compile(r"\b(?=[0-9a-z-]*\d)[0-9a-f]{8}-[0-9a-f-]{27}\b")
_ACCEPTED = re.compile(r"Denied, accepted by GATELEDGER_ACCEPT_DENIED \([^)]*\): ")
_BEGUN = r"(?:^|(?<=\s))(?P<answer>The answer to )?{} "
_VOLATILE = re.compile(r"; the calls after it were not made| \(tried \d+ times\)")
#: Letters of a cause that are shown; the whole of it is in the JSON.
_SHOWN = 200


@dataclass(slots=True)
class Cause:
    """Why scopes were not read, and which."""

    kind: str | None
    """The failure's kind; None where none is noted."""
    sentence: str
    """What happened, without what differs from scope to scope."""
    operations: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    item_types: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    scopes: int = 0
    oldest: datetime | None = None
    """The oldest last complete reading among them; None: one was never read."""

    def as_object(self) -> dict[str, Any]:
        """Return the cause as programs read it."""
        return {
            "kind": self.kind,
            "cause": self.text(None),
            "statuses": sorted(self.statuses),
            "scopes": self.scopes,
            "accounts": sorted(self.accounts),
            "regions": sorted(self.regions),
            "item_types": sorted(self.item_types),
        }

    def where(self) -> str:
        """Return which scopes it met, by name where there is one account, region or item type."""
        parts = [
            _some(self.accounts, "accounts"),
            _some(self.regions, "regions"),
            _some(self.item_types, "item types"),
        ]
        return " ".join(parts) if self.scopes == 1 else f"{self.scopes:,} scopes in {', '.join(parts)}"

    def text(self, letters: int | None = _SHOWN) -> str:
        """Return what happened as one line, cut after so many letters (None: never)."""
        sentence = self.sentence
        if len(self.operations) > 1:
            sentence = re.sub(r"\Awas ", "were ", sentence)
        said = one_line(" ".join([", ".join(sorted(self.operations)), sentence]).strip())
        return said if letters is None or len(said) <= letters else said[: letters - 3] + "..."

    def line(self) -> str:
        """Return the whole cause as one line."""
        reason = self.text()
        return f"{self.where()} ({self.status()})" + (f": {reason}" if reason else "")

    def status(self) -> str:
        """Return the statuses of the scopes."""
        return ", ".join(sorted(self.statuses))


def by_cause(scopes: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """Group scopes by why they were not read, the cause that met most of them first.

    Each has ``account_id``, ``region``, ``item_type``, ``status``, ``error``, ``failure_kind`` and
    ``operation``, as in ``report.scope_health``.
    """
    causes: dict[tuple[str | None, str], Cause] = {}
    for scope in scopes:
        operation, kind = scope.get("operation"), scope.get("failure_kind")
        sentence, named = _sentence(scope["error"] or "", operation)
        cause = causes.setdefault((kind, sentence), Cause(kind, sentence))
        cause.oldest = _older(cause, scope.get("last_success_at"))
        cause.scopes += 1
        cause.accounts.add(scope["account_id"])
        cause.regions.add(scope["region"])
        cause.item_types.add(scope["item_type"])
        cause.statuses.add(scope["status"])
        if named and operation:
            cause.operations.add(operation)
    return sorted(causes.values(), key=lambda cause: (-cause.scopes, cause.sentence))


def _sentence(error: str, operation: str | None) -> tuple[str, bool]:
    """Return what a failure has in common with others of its cause, and whether its operation was cut off.

    A failure that follows from another ends with that one, which begins with its operation. AWS's own words name
    it as an action (``sts:AssumeRole``).
    """
    # AWS's own words may name the operation again (not authorized to perform: sts:AssumeRole on resource: ...).
    begun = None if operation is None else re.search(_BEGUN.format(re.escape(operation)), error)
    named = begun is not None
    root = error if begun is None else error[begun.end() :]
    if begun is not None and begun["answer"]:
        root = f"was answered in a way that {root}"
    accepted = _ACCEPTED.match(error)
    if accepted is not None:
        root, named = accepted.group() + root.strip(), False
    for pattern, instead in ((_VOLATILE, ""), (_ARN, "*"), (_ACCOUNT, "*"), (_REGION, "*"), (_ID, "*")):
        root = pattern.sub(instead, root)
    return " ".join(root.split()), named


def _older(cause: Cause, read_at: datetime | None) -> datetime | None:
    if cause.scopes == 0 or read_at is None or cause.oldest is None:
        return read_at if cause.scopes == 0 else None
    return min(cause.oldest, read_at)


def _some(names: set[str], many: str) -> str:
    return next(iter(names)) if len(names) == 1 else f"{len(names):,} {many}"
