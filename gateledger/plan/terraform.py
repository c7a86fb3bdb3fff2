"""A fix as arguments of Terraform resources, in HCL in which no name can become an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from evaluator.catalog.fixes import METHOD_SETTINGS, Fix, Resource, Scalar
from gateledger.plan.filling import Chosen, Values, entries_at_fault, filled

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(text: str) -> str:
    """Return a text as a string of HCL: no quotation mark, ``${`` or ``%{`` of it means anything."""
    return f'"{_escaped(text)}"'


def label(fix_name: str, account_id: str, region: str) -> str:
    """Return what resources and variables of a change are called, unique among all changes."""
    return f"{fix_name}_{account_id}_{region.replace('-', '_')}"


def declarations(fix: Fix, name: str, once: Values) -> list[str]:
    """Return the variables that somebody sets, and the resources that are made once."""
    lines: list[str] = []
    for key, given in fix.inputs.items():
        if given.resource is not None:
            lines += _resource(given.resource, name, dict(_filled(given.resource, once, {})))
        else:
            lines += [
                f'variable "{_variable(name, key)}" {{',
                f"  description = {literal(given.meaning)}",
                "  type        = string",
                *([] if given.default is None else [f"  default     = {literal(given.default)}"]),
                "}",
            ]
    return lines


def resources_of(fix: Fix, name: str, number: int, values: Values) -> list[str]:
    """Return the resources of an item; raises ``CannotBeFilled``."""
    references = {key: _reference(fix, name, key) for key in fix.inputs}
    lines = []
    for one in fix.terraform:
        lines += _resource(one, f"{name}_{number}", dict(_filled(one, values, references)))
    if fix.method_settings:
        entries = entries_at_fault(fix.method_settings, values.get(METHOD_SETTINGS))
        for at, entry in enumerate(entries, start=1):
            settings = {
                one.terraform: _value(one.value, values, references) for one in entry.settings.values()
            }
            arguments: dict[str, str | dict[str, str]] = {
                "rest_api_id": _value("{rest_api_id}", values, {}),
                "stage_name": _value("{stage_name}", values, {}),
                "method_path": literal(entry.key),
                "settings": settings,
            }
            resource = Resource(resource="aws_api_gateway_method_settings", arguments={"settings": True})
            lines += _resource(resource, f"{name}_{number}_{at}", arguments)
    return lines


def _variable(name: str, key: str) -> str:
    return f"{name}_{key.lower()}"


def _reference(fix: Fix, name: str, key: str) -> str:
    given = fix.inputs[key]
    if given.resource is None:
        return f"var.{_variable(name, key)}"
    return f"{given.resource.resource}.{name}.{given.attribute}"


def _filled(
    resource: Resource, values: Values, references: Mapping[str, str]
) -> Iterator[tuple[str, str | dict[str, str]]]:
    for key, given in resource.arguments.items():
        if isinstance(given, dict):
            yield key, {inner: _value(one, values, references) for inner, one in given.items()}
        else:
            yield key, _value(given, values, references)


def _value(given: Scalar, values: Values, references: Mapping[str, str]) -> str:
    if not isinstance(given, str):
        return str(given).lower()
    pieces = filled(given, values)
    if len(pieces) == 1 and isinstance(pieces[0], Chosen):
        return references[pieces[0].name]
    inner = "".join(
        # A dollar sign right before a reference would make text of it.
        re.sub(r"\$$", r"\\u0024", _escaped(one)) if isinstance(one, str) else f"${{{references[one.name]}}}"
        for one in pieces
    )
    return f'"{inner}"'


def _resource(resource: Resource, name: str, arguments: Mapping[str, str | dict[str, str]]) -> list[str]:
    first = (
        [] if resource.is_new else [f"# Into the {resource.resource} that you have; the rest of it stays."]
    )
    lines = [*first, f'resource "{resource.resource}" "{name}" {{']
    for key, value in arguments.items():
        if isinstance(value, dict):
            lines += [f"  {key} {{", *(f"    {inner} = {one}" for inner, one in value.items()), "  }"]
        else:
            lines.append(f"  {key} = {value}")
    return [*lines, "}"]


def _escaped(text: str) -> str:
    letters = []
    for at, letter in enumerate(text):
        if letter in _ESCAPES:
            letters.append(_ESCAPES[letter])
        elif not letter.isprintable() or (letter in "$%" and text[at + 1 : at + 2] == "{"):
            # A dollar sign as its code, not doubled: three of them in a row would be read in two ways.
            code = ord(letter)
            letters.append(f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
        else:
            letters.append(letter)
    return "".join(letters)
