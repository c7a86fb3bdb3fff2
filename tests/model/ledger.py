"""The plain model of the CMDB: items of any declared type as dicts, one state of all of them for each night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cmdb.items import Absence, Field, ItemType, Kind, item_type, item_types
from cmdb.snapshot import Item
from tests.model.declared import Place, Seen, content_of

Where = tuple[str, Place]
"""Region and place."""

_LIMITS = {Kind.INTEGER: 2**31, Kind.BIGINT: 2**63}


@dataclass
class Known:
    """An item as it was last read, or as it was when it went.

    ``is_shown``: policies see it, or once saw it go; what nobody follows any longer they do not see.
    """

    content: str
    values: dict[str, Any]
    gone_at: datetime | None = None
    is_shown: bool = True


@dataclass
class KnownScope:
    """When a scope was last read, and when what could not be read with it was read before."""

    read_at: datetime | None = None
    unread: dict[str, datetime | None] = field(default_factory=dict)


@dataclass
class State:
    """All that is known after a night."""

    items: dict[Where, Known] = field(default_factory=dict)
    scopes: dict[tuple[str, str], KnownScope] = field(default_factory=dict)

    def read_at(self, where: Where) -> datetime | None:
        """Return when an item was last looked for."""
        region, place = where
        scope = self.scopes[region, _scope_of(place)]
        group = place.key if place.parent is None else place.parent
        return scope.unread.get(group, scope.read_at)


class Ledger:
    """Learns night by night."""

    def __init__(self) -> None:
        """Know nothing."""
        self.state = State()
        self.before = State()
        self.states: dict[datetime, State] = {}

    def begin(self, as_of: datetime) -> None:
        """Begin a night; another one of the same time goes on from it, and leaves no trace of it."""
        if as_of not in self.states:
            self.before = deepcopy(self.state)
        self.states[as_of] = self.state

    def end(self, as_of: datetime) -> None:
        """Keep what is known at the end of a night."""
        self.states[as_of] = deepcopy(self.state)

    def learn(self, as_of: datetime, region: str, scopes: Mapping[str, Seen | None]) -> None:
        """Learn what a night reads of a region."""
        for declared in item_types():
            for scope in declared.scopes:
                if scope.name not in scopes:
                    continue
                known = self.state.scopes.setdefault((region, scope.name), KnownScope())
                seen = scopes[scope.name]
                if seen is None:
                    continue
                known.unread = {group: known.unread.get(group, known.read_at) for group in seen.unread}
                known.read_at = as_of
                self._items(as_of, region, declared, seen)
                if declared.absence is not Absence.NONE:
                    self._missing(as_of, region, declared, seen, scope.name)

    def _items(self, as_of: datetime, region: str, declared: ItemType, seen: Seen) -> None:
        for place, item in seen.items.items():
            content = content_of(declared, item)
            known = self.state.items.get((region, place))
            if known is None or known.content != content or known.gone_at not in {None, as_of}:
                values = self._values(as_of, (region, place), declared, item)
                self.state.items[region, place] = Known(content, values)
            else:
                known.gone_at, known.is_shown = None, True

    def _values(self, as_of: datetime, where: Where, declared: ItemType, item: Item) -> dict[str, Any]:
        """Return a new version's values, and since when some of them are as they are."""
        values = {one.name: value_of(one, item) for one in declared.all_fields if not one.noted}
        if declared.has_payload:
            values["payload"] = item.payload
        before = self.before.items.get(where)
        for one in declared.fields:
            if one.since is not None:
                goes_on = before is not None and before.gone_at is None
                goes_on = goes_on and before is not None and before.values[one.name] == values[one.name]
                values[one.since] = before.values[one.since] if before is not None and goes_on else as_of
        return values

    def _missing(self, as_of: datetime, region: str, declared: ItemType, seen: Seen, scope: str) -> None:
        """Conclude what became of items that a reading lacks."""
        proves = declared.absence is Absence.PROOF
        lists_all = all(one.lists_all for one in declared.scopes if one.name == scope)
        for (owner, place), known in self.state.items.items():
            if owner != region or place.item_type != declared.name or _scope_of(place) != scope:
                continue
            group = place.key if place.parent is None else place.parent
            if place in seen.items or group in seen.unread:
                continue
            if known.gone_at is None:
                known.gone_at = as_of
                known.is_shown = not proves or lists_all or place.key in seen.absent
                self._close_below(as_of, region, place)
            elif not known.is_shown and place.key in seen.absent:
                known.gone_at, known.is_shown = as_of, True
        for key in sorted(seen.absent):
            # Nothing is known of what was never seen but that it is not there.
            place = Place(declared.name, None, key)
            if (region, place) not in self.state.items:
                values = {one.name: None for one in declared.fields}
                assert declared.key is not None
                assert declared.kind_field is not None
                kind = next(one.kind for one in declared.scopes if one.name == scope)
                values |= {declared.key.name: key, declared.kind_field: kind, "payload": None}
                self.state.items[region, place] = Known("", values, as_of)

    def _close_below(self, as_of: datetime, region: str, parent: Place) -> None:
        for (owner, place), known in self.state.items.items():
            is_below = item_type(place.item_type).parent == parent.item_type and place.parent == parent.key
            if owner == region and is_below and known.gone_at is None:
                known.gone_at = as_of
                self._close_below(as_of, region, place)

    def versions(self, where: Where) -> list[tuple[datetime, datetime | None]]:
        """Return an item's versions as intervals, the latest last."""
        found: list[list[Any]] = []
        content: str | None = None
        for as_of, state in sorted(self.states.items()):
            known = state.items.get(where)
            now = None if known is None or known.gone_at is not None else known.content
            if now != content:
                if content is not None:
                    found[-1][1] = as_of
                if now is not None:
                    found.append([as_of, None])
                content = now
        return [(start, end) for start, end in found]


def _scope_of(place: Place) -> str:
    declared = item_type(place.item_type)
    if declared.kind_field is None:
        return declared.scopes[0].name
    is_acm = place.key.startswith("arn:")
    return next(scope.name for scope in declared.scopes if (scope.kind == "ACM") is is_acm)


def shown(state: State, declared: ItemType) -> dict[Where, dict[str, Any]]:
    """Return the relation of a type as policies see it after a night, by region and place."""
    found = {}
    for where, known in state.items.items():
        if where[1].item_type != declared.name or not known.is_shown:
            continue
        if declared.absence is Absence.NONE and known.gone_at is not None:
            continue
        row = dict(known.values)
        if declared.gone_column is not None:
            row[declared.gone_column] = known.gone_at
        if declared.absence is not Absence.NONE:
            row["read_at"] = state.read_at(where)
        found[where] = row
    return found


def value_of(one: Field, item: Item) -> Any:
    """Return what a field has to show of an item: what the reader computed, or what lies in the payload, if it fits."""
    if one.derived:
        return _plain(item.derived[one.name])
    value: Any = item.payload
    for key in one.path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if one.encoded:
        return _parsed(value)
    if one.kind is Kind.TIME:
        return _time(value)
    return value if _fits(one.kind, value) else None


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.JSON:
        return True
    if kind is Kind.TEXT:
        return isinstance(value, str)
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind is Kind.TEXTS:
        return isinstance(value, list) and not [one for one in value if not isinstance(one, str)]
    if kind is Kind.TIME or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return kind is Kind.NUMERIC or (value == int(value) and -_LIMITS[kind] <= value < _LIMITS[kind])


def _time(value: Any) -> datetime | None:
    """Return a time as AWS writes it; anything else is none."""
    return datetime.fromisoformat(value) if isinstance(value, str) and value[10:11] == "T" else None


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
