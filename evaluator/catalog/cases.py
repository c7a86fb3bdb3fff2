"""Cases of a policy: small inventories in YAML, and the condition that each has to give.

A case starts from one item of each type for which all is well (``baseline.yaml``) and says only what is
different. Times are ISO 8601 or distances from ``as_of`` (``-80h``, ``+10d``, ``0h``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, overload

from pydantic import ConfigDict, Field

from cmdb.errors import shown
from cmdb.items import ItemType, item_types, scope_names
from evaluator.catalog.files import Model, Text, load_model, load_yaml
from evaluator.catalog.offered import SCOPE, has_freshness, offered
from evaluator.catalog.parameters import parse_duration
from evaluator.errors import PolicyError

Row = Mapping[str, Any]
"""One row of an offered relation: all its columns, in order."""

Rows = dict[str, Any] | list[dict[str, Any]] | None


def baseline() -> dict[str, list[dict[str, Any]]]:
    """Return the inventory that a case starts from: its rows by relation."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for number, declared in enumerate(item_types(), start=1):
        row = dict.fromkeys(dict(offered()[declared.name]))
        row |= {"item_id": 1, "version_id": 10 * number + 1, "account_region_id": 1}
        if declared.parent is not None:
            row["parent_id"] = 1
        if declared.key is not None:
            row[declared.key.name] = f"{declared.name}-1"
        if has_freshness(declared):
            row |= {"read_at": "0h", "is_fresh": True}
        if declared.has_payload:
            row["payload"] = {}
        rows[declared.name] = [row | _given().get(declared.name, {})]
    rows[SCOPE] = [
        {"account_region_id": 1, "item_type": name, "status": "complete", "read_at": "0h", "is_fresh": True}
        for name in scope_names()
    ]
    return rows


@cache
def _given() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = load_yaml(
        Path(str(resources.files("evaluator.catalog"))) / "baseline.yaml"
    )
    return loaded


class CaseFile(Model):
    """One case: what differs from the baseline, and what must come out.

    Every further key is a relation: a mapping changes the baseline's row, a list replaces all rows (each again
    a change of the baseline's first), null or an empty list leaves none.
    """

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: Text
    parameters: dict[str, bool | int | str] = Field(default_factory=dict)
    status: Text
    condition: Text
    over: Text | None = None
    evidence: list[Text] | None = None
    subjects: list[Text] | None = None
    recheck_at: Text | None = None


class CasesFile(Model):
    """``cases.yaml``."""

    as_of: Text
    cases: list[CaseFile] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A case, ready to run; what it expects is about the first item of the type that is judged."""

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
    subjects: tuple[str, ...] | None
    """What must be at fault. None: not looked at."""
    recheck_at: datetime | None
    """What ``recheck_at`` must be. None: not looked at."""


@dataclass(frozen=True)
class CaseList(Sequence[Case]):
    """The cases of a file that was checked before: read when one is asked for, which few commands do."""

    path: Path
    item: ItemType
    text: str
    """What the file held when it was checked."""
    number: int

    def __len__(self) -> int:
        """Return how many there are."""
        return self.number

    @overload
    def __getitem__(self, at: int) -> Case: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Case]: ...
    def __getitem__(self, at: int | slice) -> Case | Sequence[Case]:
        """Return one of them, or some."""
        return _loaded(self.path, self.item, self.text)[at]

    def __iter__(self) -> Iterator[Case]:
        """Yield them in the file's order."""
        return iter(_loaded(self.path, self.item, self.text))


@lru_cache(maxsize=100)
def _loaded(path: Path, item: ItemType, text: str) -> tuple[Case, ...]:
    """Return the cases of a file; a process that loads the catalog for every night makes them once."""
    return load_cases(path, item, text)


def load_cases(path: Path, item: ItemType, text: str) -> tuple[Case, ...]:
    """Return the cases of a policy that judges items of a type; raises ``PolicyError`` for the first mistake.

    ``text`` is what the file at ``path`` holds.
    """
    content = load_model(path, CasesFile, text)
    start = baseline()
    try:
        as_of = _time(content.as_of, None)
        unchanged = {name: _rows(name, {}, as_of, rows) for name, rows in start.items()}
    except ValueError as error:
        raise PolicyError(f"{path}: `as_of` {error}.") from None
    cases: dict[str, Case] = {}
    for given in content.cases:
        if given.name in cases:
            raise PolicyError(f"{path}: two cases are called {shown(given.name)}; rename one.")
        try:
            cases[given.name] = _case(given, as_of, item, start, unchanged)
        except ValueError as error:
            raise PolicyError(f"{path}: case {shown(given.name)}: {error}.") from None
    return tuple(cases.values())


def _case(
    given: CaseFile,
    as_of: datetime,
    item: ItemType,
    start: Mapping[str, list[dict[str, Any]]],
    unchanged: Mapping[str, tuple[Row, ...]],
) -> Case:
    changed = given.model_extra or {}
    for name in changed:
        if name not in start:
            known = ", ".join([*CaseFile.model_fields, *start])
            raise ValueError(f"the key `{name}` is unknown (known here: {known}); remove or correct it")
    relations = dict(unchanged) | {
        name: _rows(name, rows, as_of, start[name]) for name, rows in changed.items()
    }
    if not relations[item.name]:
        raise ValueError(f"it has no {item.name}; give it one")
    for relation in given.evidence or []:
        if relation not in start or relation == SCOPE:
            names = ", ".join(name for name in start if name != SCOPE)
            raise ValueError(f"`evidence` names {shown(relation)}; write some of {names}")
    try:
        recheck_at = None if given.recheck_at is None else _time(given.recheck_at, as_of)
    except ValueError as error:
        raise ValueError(f"`recheck_at` {error}") from None
    return Case(
        name=given.name,
        as_of=as_of,
        relations=relations,
        parameters=given.parameters,
        status=given.status,
        condition=given.condition,
        over=given.over,
        evidence=None if given.evidence is None else frozenset(given.evidence),
        subjects=None if given.subjects is None else tuple(given.subjects),
        recheck_at=recheck_at,
    )


def _rows(relation: str, given: Rows, as_of: datetime, start: list[dict[str, Any]]) -> tuple[Row, ...]:
    if given is None:
        changed: list[dict[str, Any]] = []
    elif isinstance(given, dict):
        changed = [{**row, **given} for row in start] if given else start
    elif isinstance(given, list) and all(isinstance(row, dict) for row in given):
        changed = [{**start[0], **row} for row in given]
    else:
        raise ValueError(f"`{relation}` is {shown(given)}; write a mapping, a list of mappings, or null")
    return tuple(_row(relation, row, as_of) for row in changed)


def _row(relation: str, given: Mapping[str, Any], as_of: datetime) -> Row:
    columns = dict(offered()[relation])
    for name in given:
        if name not in columns:
            raise ValueError(f"`{relation}` has no column {shown(name)}; write one of {', '.join(columns)}")
    row = {}
    for name, kind in columns.items():
        try:
            row[name] = None if given[name] is None else _value(kind, given[name], as_of)
        except ValueError as error:
            raise ValueError(f"`{relation}.{name}` {error}") from None
    return row


_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "text": (str,),
    "numeric": (int, float),
}


def _value(kind: str, given: object, as_of: datetime) -> object:
    if kind == "timestamptz":
        return _time(given, as_of)
    if kind == "jsonb":
        from psycopg.types.json import Jsonb  # noqa: PLC0415  only cases that are run need it

        return Jsonb(given)
    if kind == "text[]":
        fits = isinstance(given, list) and all(isinstance(element, str) for element in given)
    elif kind in ("bigint", "integer"):
        largest = 2**63 if kind == "bigint" else 2**31
        fits = isinstance(given, int) and not isinstance(given, bool) and abs(given) < largest
    else:
        fits = isinstance(given, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(given, bool))
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
