"""Cases of a policy: small inventories in YAML, and the condition that each has to give.

A case starts from one stage for which all is well and says only what is different. Times are ISO 8601 or
distances from ``as_of`` (``-80h``, ``+10d``, ``0h``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from evaluator.catalog.files import Model, Text, load_model, shown
from evaluator.catalog.offered import OFFERED
from evaluator.catalog.parameters import parse_duration
from evaluator.errors import PolicyError

Row = Mapping[str, Any]
"""One row of an offered relation: all its columns, in order."""

BASELINE: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "stage": (
        {
            "stage_id": 1, "version_id": 11, "account_region_id": 1, "rest_api_key": 1, "stage_name": "prod",
            "deployment_id": "dep001", "client_certificate_id": "cert01", "certificate_named_at": "-30d",
            "disappeared_at": None, "read_at": "0h", "is_fresh": True,
        },
    ),
    "rest_api": (
        {
            "rest_api_key": 1, "version_id": 21, "account_region_id": 1, "rest_api_id": "a1b2c3d4e5",
            "name": "orders", "is_private": False,
        },
    ),
    "integration": (
        {"rest_api_key": 1, "version_id": 31, "has_http": True, "types": ["HTTP_PROXY"]},
    ),
    "certificate": (
        {
            "account_region_id": 1, "certificate_id": "cert01", "kind": "API_GATEWAY", "version_id": 41,
            "created_at": "-40d", "expires_at": "+325d", "absent_since": None, "read_at": "0h",
            "is_fresh": True,
        },
    ),
    "scope": tuple(
        {
            "account_region_id": 1, "item_type": item_type, "status": "complete", "read_at": "0h",
            "is_fresh": True,
        }
        for item_type in ("rest_api", "stage", "integration", "client_certificate", "acm_certificate")
    ),
}  # fmt: skip
"""The inventory that a case starts from: one stage with HTTP integrations and a certificate that exists."""

EVIDENCE: Final = ("stage", "rest_api", "integration", "certificate")
"""Relations whose versions can be evidence."""

Rows = dict[str, Any] | list[dict[str, Any]] | None


class CaseFile(Model):
    """One case: what differs from the baseline, and what must come out.

    A relation given as a mapping changes the baseline's row, as a list replaces all rows (each again a
    change of the baseline's first), as null or an empty list has none.
    """

    name: Text
    stage: dict[str, Any] | list[dict[str, Any]] = Field(default_factory=dict)
    rest_api: Rows = Field(default_factory=dict)
    integration: Rows = Field(default_factory=dict)
    certificate: Rows = Field(default_factory=dict)
    scope: Rows = Field(default_factory=dict)
    parameters: dict[str, bool | int | str] = Field(default_factory=dict)
    status: Text
    condition: Text
    over: Text | None = None
    evidence: list[Text] | None = None
    recheck_at: Text | None = None


class CasesFile(Model):
    """``cases.yaml``."""

    as_of: Text
    cases: list[CaseFile] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A case, ready to run; what it expects is about its first stage."""

    name: str
    as_of: datetime
    relations: Mapping[str, tuple[Row, ...]]
    parameters: Mapping[str, object]
    status: str
    condition: str
    over: str | None
    """A later condition that holds as well, so that the case shows which of the two goes first."""
    evidence: frozenset[str] | None
    """Relations whose versions must be the evidence, and no other. None: not looked at."""
    recheck_at: datetime | None
    """What ``recheck_at`` must be. None: not looked at."""


def load_cases(path: Path) -> tuple[Case, ...]:
    """Return the cases of a file; raises ``PolicyError`` for the first mistake."""
    content = load_model(path, CasesFile)
    try:
        as_of = _time(content.as_of, None)
    except ValueError as error:
        raise PolicyError(f"{path}: `as_of` {error}.") from None
    cases: dict[str, Case] = {}
    for given in content.cases:
        if given.name in cases:
            raise PolicyError(f"{path}: two cases are called {given.name!r}; rename one.")
        try:
            cases[given.name] = _case(given, as_of)
        except ValueError as error:
            raise PolicyError(f"{path}: case {given.name!r}: {error}.") from None
    return tuple(cases.values())


def _case(given: CaseFile, as_of: datetime) -> Case:
    relations = {name: _rows(name, getattr(given, name), as_of) for name in OFFERED}
    if not relations["stage"]:
        raise ValueError("it has no stage; give it one")
    for relation in given.evidence or []:
        if relation not in EVIDENCE:
            raise ValueError(f"`evidence` names {relation!r}; write some of {', '.join(EVIDENCE)}")
    try:
        recheck_at = None if given.recheck_at is None else _time(given.recheck_at, as_of)
    except ValueError as error:
        raise ValueError(f"`recheck_at` {error}") from None
    evidence = None if given.evidence is None else frozenset(given.evidence)
    return Case(
        given.name, as_of, relations, given.parameters, given.status, given.condition, given.over, evidence,
        recheck_at,
    )  # fmt: skip


def _rows(relation: str, given: Rows, as_of: datetime) -> tuple[Row, ...]:
    baseline = BASELINE[relation]
    if given is None:
        changed: list[Mapping[str, Any]] = []
    elif isinstance(given, dict):
        changed = [{**row, **given} for row in baseline] if given else list(baseline)
    else:
        changed = [{**baseline[0], **row} for row in given]
    return tuple(_row(relation, row, as_of) for row in changed)


def _row(relation: str, given: Mapping[str, Any], as_of: datetime) -> Row:
    columns = dict(OFFERED[relation])
    for name in given:
        if name not in columns:
            raise ValueError(f"`{relation}` has no column {name!r}; write one of {', '.join(columns)}")
    row = {}
    for name, kind in columns.items():
        try:
            row[name] = None if given[name] is None else _value(kind, given[name], as_of)
        except ValueError as error:
            raise ValueError(f"`{relation}.{name}` {error}") from None
    return row


def _value(kind: str, given: object, as_of: datetime) -> object:
    if kind == "timestamptz":
        return _time(given, as_of)
    if kind == "text[]":
        fits = isinstance(given, list) and all(isinstance(element, str) for element in given)
    elif kind in ("bigint", "integer"):
        largest = 2**63 if kind == "bigint" else 2**31
        fits = isinstance(given, int) and not isinstance(given, bool) and abs(given) < largest
    else:
        fits = isinstance(given, {"boolean": bool, "text": str}[kind])
    if not fits:
        raise ValueError(f"is {shown(given)}; write a value of type {kind}")
    return given


def _time(given: object, as_of: datetime | None) -> datetime:
    hint = "2026-01-31T00:00:00Z" if as_of is None else "2026-01-31T00:00:00Z, -80h or +10d"
    if isinstance(given, str):
        if as_of is not None and (distance := re.fullmatch(r"([+-]?)(.+)", given)):
            sign, length = distance.groups()
            if re.fullmatch(r"0[wdhms]", length):
                return as_of
            if re.fullmatch(r"(?:\d+[wdhms])+", length):
                span: timedelta = parse_duration(length)
                try:
                    return as_of - span if sign == "-" else as_of + span
                except OverflowError:
                    raise ValueError(f"is {shown(given)}, for which there is no date; write {hint}") from None
        try:
            time = datetime.fromisoformat(given)
        except ValueError:
            time = None
        if time is not None and time.tzinfo is not None:
            return time
    raise ValueError(f"is {shown(given)}; write a time with its zone such as {hint}")
