"""Filling the templates of a fix with the fields of an item; inputs stay open until somebody chooses them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.catalog.fixes import Call, MethodSetting, parts_of

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """An input in the place of a text."""

    name: str


Pieces = Sequence[str | Chosen]


class CannotBeFilled(Exception):
    """A fix does not fit an item; the text is the rest of a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A patch operation; without a value it removes what is there."""

    path: str
    value: Pieces | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a stage's method settings that is at fault: what is set in it, and what was there before."""

    key: str
    """As AWS names it."""
    path: str
    """Its path in patch operations."""
    settings: Mapping[str, MethodSetting]
    before: Mapping[str, str]
    """AWS's default where nothing was set."""


def filled(template: str, values: Values) -> Pieces:
    """Return a template's pieces, the item's fields filled in; raises ``CannotBeFilled`` for one not known."""
    pieces: list[str | Chosen] = []
    for part in parts_of(template):
        if part.is_input:
            pieces.append(Chosen(part.text))
            continue
        text = plain(values.get(part.text)) if part.is_field else part.text
        if text is None:
            raise CannotBeFilled(f"its {part.text} is not known")
        if pieces and isinstance(pieces[-1], str):
            pieces[-1] += text
        else:
            pieces.append(text)
    return pieces


def plain(value: object) -> str | None:
    """Return a value as AWS takes it in text; None: there is none."""
    if value is None:
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def operations_of(call: Call, values: Values) -> list[Operation]:
    """Return a call's patch operations; a value that is one field, of which there is none, is removed."""
    found = []
    for path, template in call.patch.items():
        parts = () if template is None else parts_of(template)
        is_none = len(parts) == 1 and parts[0].is_field and values.get(parts[0].text) is None
        found.append(Operation(path, None if template is None or is_none else filled(template, values)))
    return found


def entries_at_fault(wanted: Mapping[str, MethodSetting], settings: object) -> list[Entry]:
    """Return the entries of method settings that have to be set, that of all methods included.

    Raises ``CannotBeFilled`` where none is.
    """
    given = settings if isinstance(settings, dict) else {}
    found = []
    for key in dict.fromkeys(["*/*", *given]):
        own, _, verb = key.rpartition("/")
        # A key with a leading slash applies to nothing.
        if not own or key.startswith("/"):
            continue
        entry = given.get(key)
        has = entry if isinstance(entry, dict) else {}
        faults = {path: one for path, one in wanted.items() if _is_at_fault(one, has.get(one.field))}
        if faults:
            # The path of a resource is one key of a patch: a slash in it is written ~1.
            resource = key if key == "*/*" else f"~1{own.removeprefix('~1').replace('/', '~1')}/{verb}"
            before = {path: _before(one, has.get(one.field)) for path, one in faults.items()}
            found.append(Entry(key, resource, faults, before))
    if not found:
        raise CannotBeFilled("none of its method settings has a value that the fix replaces")
    return found


def json_of(operations: Sequence[Operation]) -> Pieces:
    """Return patch operations as JSON; what an input holds is put between its quotation marks as it is."""
    pieces: list[str | Chosen] = ["["]
    for number, one in enumerate(operations):
        start = "," if number else ""
        op = "remove" if one.value is None else "replace"
        pieces.append(f'{start}{{"op":"{op}","path":{json.dumps(one.path, ensure_ascii=False)}')
        if one.value is not None:
            pieces.append(',"value":"')
            pieces += [
                piece if isinstance(piece, Chosen) else json.dumps(piece, ensure_ascii=False)[1:-1]
                for piece in one.value
            ]
            pieces.append('"')
        pieces.append("}")
    merged: list[str | Chosen] = []
    for piece in [*pieces, "]"]:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def _is_at_fault(setting: MethodSetting, value: object) -> bool:
    # True == 1 in Python, which no setting means.
    return any(
        value == wrong and isinstance(value, bool) == isinstance(wrong, bool) for wrong in setting.at_fault
    )


def _before(setting: MethodSetting, value: object) -> str:
    text = plain(value)
    return text if text is not None else next(plain(one) or "" for one in setting.at_fault if one is not None)
