"""Permissions: what a caller may do. Everything, until the first statement is added.

Statements are those of IAM policy documents, narrowed to what the simulated calls need: actions and
resources with ``*`` and ``?``. A document that uses more (conditions, NotAction) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulated_aws.credentials import Principal


@dataclass(frozen=True, slots=True)
class Statement:
    """One allow or deny. ``account_id``, ``role`` and ``region`` narrow whom it concerns (``None``: all)."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    account_id: str | None = None
    role: str | None = None
    region: str | None = None

    def concerns(self, principal: Principal, region: str) -> bool:
        """Return whether the statement speaks of this caller in this region."""
        return (
            self.account_id in {None, principal.account_id}
            and self.role in {None, principal.role}
            and self.region in {None, region}
        )

    def covers(self, action: str, resource: str) -> bool:
        """Return whether an action on a resource is one of those the statement names."""
        return any(_pattern(each, ignore_case=True).fullmatch(action) for each in self.actions) and any(
            _pattern(each, ignore_case=False).fullmatch(resource) for each in self.resources
        )


class Permissions:
    """Statements in force. A caller that no allow statement concerns may do all that is not denied."""

    def __init__(self) -> None:
        self._statements: tuple[Statement, ...] = ()

    def allow(
        self,
        *actions: str,
        resources: Sequence[str] = ("*",),
        account_id: str | None = None,
        role: str | None = None,
    ) -> None:
        """Let callers do this; from now on they may do only what is allowed."""
        self._add(Statement(True, actions, tuple(resources), account_id, role))

    def deny(
        self,
        *actions: str,
        resources: Sequence[str] = ("*",),
        account_id: str | None = None,
        role: str | None = None,
        region: str | None = None,
    ) -> None:
        """Forbid this whatever is allowed, as a service control policy does; no action named means all."""
        self._add(Statement(False, actions or ("*",), tuple(resources), account_id, role, region))

    def attach(
        self, document: Mapping[str, Any], *, account_id: str | None = None, role: str | None = None
    ) -> None:
        """Put an IAM policy document in force.

        :raises ValueError: when it uses what is not simulated.
        """
        made = []
        for each in _listed(document["Statement"]):
            if extra := each.keys() - {"Sid", "Effect", "Action", "Resource"}:
                raise ValueError(f"the simulated IAM does not know {sorted(extra)[0]!r} in a statement")
            actions, resources = tuple(_listed(each["Action"])), tuple(_listed(each["Resource"]))
            made.append(Statement(each["Effect"] == "Allow", actions, resources, account_id, role))
        self._add(*made)

    def clear(self) -> None:
        """Forget all statements: everything is allowed again."""
        self._statements = ()

    def permits(self, principal: Principal, region: str, action: str, resource: str) -> bool:
        """Decide a call: an explicit deny wins, then an allow, then whether anything was allowed at all."""
        mine = [each for each in self._statements if each.concerns(principal, region)]
        if any(not each.allow and each.covers(action, resource) for each in mine):
            return False
        allows = [each for each in mine if each.allow]
        return not allows or any(each.covers(action, resource) for each in allows)

    @property
    def unrestricted(self) -> bool:
        """Whether there is no statement at all."""
        return not self._statements

    def _add(self, *statements: Statement) -> None:
        # A new tuple each time: the server's thread reads it without a lock.
        self._statements = (*self._statements, *statements)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@lru_cache(maxsize=4096)
def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    source = "".join(parts.get(char) or re.escape(char) for char in text)
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
