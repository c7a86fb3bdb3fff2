"""Fixes: what a policy declares for machines about putting its findings right.

A fix is data, never a shell line: calls of the AWS CLI with their options, patch operations and method settings,
and Terraform resources with their arguments. ``{stage_name}`` in it stands for a field of the item, ``{NAME}`` for
an input that whoever runs it chooses or that a call made. Whoever writes a fix down quotes what is filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field, PlainValidator, StringConstraints, TypeAdapter

from cmdb.errors import shown
from cmdb.items import ItemType, Kind, item_type
from evaluator.catalog.files import Model, Text
from evaluator.errors import PolicyError

ONCE = ("partition", "account_id", "region")
"""What an input that is made once for all items of an account-region may name."""
IDENTITY = ("partition", "account_id", "region", "resource_arn")
"""What a fix may name of an item of any type, beside the keys and single fields of its own type."""
ENTRY_FIELDS: Mapping[str, type[bool | int | str]] = {
    "metricsEnabled": bool,
    "loggingLevel": str,
    "dataTraceEnabled": bool,
    "throttlingBurstLimit": int,
    "throttlingRateLimit": int,
    "cachingEnabled": bool,
    "cacheTtlInSeconds": int,
    "cacheDataEncrypted": bool,
}
"""Keys of an entry of a stage's method settings, as GetStages names them, and what a fix writes for each.

A rate that is no whole number is left to an input.
"""
_WORDS = {bool: "true or false", int: "a whole number", str: "a text"}
METHOD_SETTINGS = "method_settings"
"""The field that holds them."""
_OF_THE_SHELL = re.compile(
    r"(AWS|BASH|COMP|CURL|DYLD|GATELEDGER|LC|LD|MALLOC|OPENSSL|REQUESTS|SSL|XDG)_.*|(BASH|EPOCH|HIST|HOST|PYTHON|SHELL).*"
    r"|CDPATH|COLUMNS|DIRSTACK|ENV|EUID|EXECIGNORE|FIGNORE|FPATH|FUNC(NAME|NEST)|GLOB(IGNORE|SORT)|GROUPS|HOME|IFS"
    r"|IGNOREEOF|INPUTRC|LANG|LANGUAGE|LINENO|LINES|LOGNAME|MACHTYPE|MAILPATH|MAPFILE|NLSPATH|(ALL|HTTP|HTTPS|NO)_PROXY"
    r"|OLDPWD|OPT(ARG|ERR|IND)|OSTYPE|PAGER|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PROMPT_COMMAND|PS[0-9]|PWD|RANDOM"
    r"|REPLY|SECONDS|SHLVL|SRANDOM|TEMP|TERM|TIMEFORMAT|TMOUT|TMP|TMPDIR|TZ|UID|USER"
)
"""Variables that shells, the loader of programs and the AWS CLI read: setting one would change what runs."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SINGLE = frozenset({Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC})

InputName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,40}$")]
Option = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")]
PatchPath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9]+)+$")]
SettingPath = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[A-Za-z]+$")]
Argument = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Plain = bool | int | str


def _scalar(value: object) -> Plain:
    # One sentence for all kinds, in place of one for each that the value is not.
    if isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _TEXT.validate_python(value)
    raise ValueError(f"is {shown(value)}; write a text, a whole number, true or false")


def _argument(value: object) -> Plain | dict[str, Plain]:
    return _BLOCK.validate_python(value) if isinstance(value, dict) else _scalar(value)


_TEXT: TypeAdapter[str] = TypeAdapter(Text)
Scalar = Annotated[Plain, PlainValidator(_scalar)]
ScalarOrBlock = Annotated[Plain | dict[str, Plain], PlainValidator(_argument)]
_BLOCK: TypeAdapter[dict[str, Plain]] = TypeAdapter(dict[Argument, Scalar])


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a template: literal text, a field of the item, or an input."""

    text: str
    is_field: bool = False
    is_input: bool = False

    @property
    def is_literal(self) -> bool:
        """Whether it stands for itself."""
        return not (self.is_field or self.is_input)


@cache
def parts_of(template: str) -> tuple[Part, ...]:
    """Return the pieces of a template in their order."""
    parts = []
    position = 0
    for found in _PLACEHOLDER.finditer(template):
        if found.start() > position:
            parts.append(Part(template[position : found.start()]))
        name = found.group(1)
        parts.append(Part(name, is_input=name.isupper(), is_field=not name.isupper()))
        position = found.end()
    if position < len(template):
        parts.append(Part(template[position:]))
    return tuple(parts)


class Call(Model):
    """A call of the AWS CLI: ``apigateway update-stage`` with options and, where it takes them, patch operations.

    A patch of null removes what is there. ``save`` names an input that holds what ``query`` selects of the answer.
    """

    call: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+ [a-z0-9-]+$")]
    options: dict[Option, Text] = Field(default_factory=dict)
    patch: dict[PatchPath, Text | None] = Field(default_factory=dict)
    query: Text | None = None
    save: InputName | None = None

    def templates(self) -> Iterator[tuple[str, str]]:
        """Yield each template in it after the key that it has."""
        yield from ((f"options.{name}", text) for name, text in self.options.items())
        yield from ((f"patch.{path}", text) for path, text in self.patch.items() if text is not None)


class Resource(Model):
    """A Terraform resource and its arguments; ``is_new``: it is added, not one that is there already."""

    resource: Argument
    is_new: bool = False
    arguments: dict[Argument, ScalarOrBlock] = Field(min_length=1)

    def templates(self) -> Iterator[tuple[str, str]]:
        """Yield each template in it after the key that it has."""
        for name, value in self.arguments.items():
            within = value.items() if isinstance(value, dict) else [("", value)]
            for inner, one in within:
                if isinstance(one, str):
                    yield f"arguments.{name}{'.' if inner else ''}{inner}", one


class Input(Model):
    """What whoever runs the fix chooses once for all items, or what is made once.

    ``made_by`` makes it where it is left empty; ``resource`` with ``attribute`` does so in Terraform.
    """

    meaning: Text
    default: Text | None = None
    made_by: Call | None = None
    resource: Resource | None = None
    attribute: Argument | None = None


class MethodSetting(Model):
    """A value for all entries of a stage's method settings whose ``field`` has a value that is ``at_fault``.

    The first of ``at_fault`` that is not null is AWS's default, which going back sets where nothing was set.
    ``terraform`` is its argument in ``settings`` of ``aws_api_gateway_method_settings``.
    """

    value: Scalar
    field: Text
    at_fault: list[Scalar | None] = Field(min_length=1)
    terraform: Argument


class Fix(Model):
    """What puts the findings of some conditions right; ``conditions`` empty: all that are INCOMPLIANT."""

    title: Text
    conditions: list[Text] = Field(default_factory=list)
    check: list[Text] = Field(min_length=1)
    inputs: dict[InputName, Input] = Field(default_factory=dict)
    commands: list[Call] = Field(default_factory=list)
    undo: list[Call] = Field(default_factory=list)
    method_settings: dict[SettingPath, MethodSetting] = Field(default_factory=dict)
    terraform: list[Resource] = Field(default_factory=list)

    def fields(self) -> frozenset[str]:
        """Return the fields of the item that it needs."""
        templates = (text for _, text, _ in self.templates())
        named = {part.text for text in templates for part in parts_of(text) if part.is_field}
        return frozenset(named | ({METHOD_SETTINGS} if self.method_settings else set()))

    def templates(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Yield where each template is, the template, and the inputs that it may name."""
        known = frozenset(self.inputs)
        for name, one in self.inputs.items():
            for part in (one.made_by, one.resource):
                if part is not None:
                    yield from (
                        (f"inputs.{name}.{key}", text, frozenset[str]()) for key, text in part.templates()
                    )
        yield from _of_calls("commands", self.commands, known)
        yield from _of_calls("undo", self.undo, frozenset())
        for path, setting in self.method_settings.items():
            if isinstance(setting.value, str):
                yield f"method_settings.{path}.value", setting.value, known
        for number, resource in enumerate(self.terraform):
            yield from ((f"terraform.{number}.{key}", text, known) for key, text in resource.templates())


def _of_calls(
    where: str, calls: Sequence[Call], known: frozenset[str]
) -> Iterator[tuple[str, str, frozenset[str]]]:
    for number, call in enumerate(calls):
        yield from ((f"{where}.{number}.{key}", text, known) for key, text in call.templates())
        known |= {call.save} if call.save else set()


def fields_of(declared: ItemType) -> tuple[str, ...]:
    """Return what ``{name}`` may stand for in a fix of a policy that judges this item type."""
    keys = []
    owner: ItemType | None = declared
    while owner is not None:
        keys += [owner.key.name] if owner.key is not None else []
        owner = None if owner.parent is None else item_type(owner.parent)
    own = [field.name for field in declared.fields if field.kind in _SINGLE]
    return tuple(dict.fromkeys([*IDENTITY, *keys, *own]))


def check_fixes(
    source: str, fixes: Mapping[str, Fix], declared: ItemType, incompliant: Iterable[str]
) -> None:
    """Raise ``PolicyError`` with one sentence for the first mistake in the fixes of a policy.

    ``incompliant``: its conditions that are INCOMPLIANT.
    """
    wanted = tuple(incompliant)
    taken: dict[str, str] = {}
    for name, fix in fixes.items():
        place = f"{source}: `fixes.{name}"
        if not wanted:
            raise PolicyError(
                f"{place}` is for nothing: no condition of the policy is INCOMPLIANT; remove it."
            )
        for condition in fix.conditions or wanted:
            if condition not in wanted:
                known = ", ".join(wanted) or "none"
                raise PolicyError(
                    f"{place}.conditions` names {shown(condition)}, which is no condition that is INCOMPLIANT "
                    f"(there: {known}); correct it."
                )
            if condition in taken:
                raise PolicyError(
                    f"{place}` is for {shown(condition)}, which `fixes.{taken[condition]}` is for already; name "
                    "the conditions of each."
                )
            taken[condition] = name
        _check_shape(place, fix, declared)
        _check_templates(place, fix, fields_of(declared))


def _check_shape(place: str, fix: Fix, declared: ItemType) -> None:
    if not (fix.commands or fix.method_settings):
        raise PolicyError(f"{place}` changes nothing; give it `commands` or `method_settings`.")
    if fix.commands and not fix.undo:
        raise PolicyError(f"{place}` does not say how to go back; give it `undo`.")
    if fix.undo and not fix.commands:
        raise PolicyError(
            f"{place}.undo` has no `commands` to go back from; remove it or give it `commands`."
        )
    if fix.method_settings and not any(field.name == METHOD_SETTINGS for field in declared.fields):
        raise PolicyError(
            f"{place}.method_settings` is for stages of REST APIs, not for {declared.name}; remove it."
        )
    for path, setting in fix.method_settings.items():
        _check_setting(f"{place}.method_settings.{path}", setting)
    _check_inputs(place, fix)


def _check_setting(place: str, setting: MethodSetting) -> None:
    wanted = ENTRY_FIELDS.get(setting.field)
    if wanted is None:
        raise PolicyError(
            f"{place}.field` is {shown(setting.field)}; write one of {', '.join(ENTRY_FIELDS)}."
        )
    if all(value is None for value in setting.at_fault):
        raise PolicyError(f"{place}.at_fault` is null alone; add the value that is AWS's default.")
    given = [(f"at_fault.{number}", value) for number, value in enumerate(setting.at_fault)]
    if not (isinstance(setting.value, str) and any(not part.is_literal for part in parts_of(setting.value))):
        given.append(("value", setting.value))
    for key, value in given:
        # True is an int in Python, and no number here.
        if value is not None and type(value) is not wanted:
            raise PolicyError(
                f"{place}.{key}` is {shown(value)}, which {setting.field} never is; write {_WORDS[wanted]}."
            )


def _check_inputs(place: str, fix: Fix) -> None:
    made = [(f"inputs.{name}.made_by", one.made_by) for name, one in fix.inputs.items() if one.made_by]
    for where, call in made:
        if call.query is None or call.save is not None:
            raise PolicyError(f"{place}.{where}` makes the input; give it `query`, and no `save`.")
    for where, calls in (("commands", fix.commands), ("undo", fix.undo)):
        for number, call in enumerate(calls):
            if (call.query is None) != (call.save is None):
                raise PolicyError(f"{place}.{where}.{number}` has one of `query` and `save`; give it both.")
    saved = [(f"commands.{number}.save", call.save) for number, call in enumerate(fix.commands) if call.save]
    for where, name in [*((f"inputs.{name}", name) for name in fix.inputs), *saved]:
        if _OF_THE_SHELL.fullmatch(name):
            raise PolicyError(
                f"{place}.{where}` is {name}, a variable that shells or programs read; give it another name."
            )
    for name, one in fix.inputs.items():
        if (one.resource is None) != (one.attribute is None):
            raise PolicyError(f"{place}.inputs.{name}` has one of `resource` and `attribute`; give it both.")


def _check_templates(place: str, fix: Fix, fields: Sequence[str]) -> None:
    for where, text, inputs in fix.templates():
        for part in parts_of(text):
            offered = ONCE if where.startswith("inputs.") else fields
            known = inputs if part.is_input else offered
            if not part.is_literal and part.text not in known:
                choice = ", ".join(f"{{{one}}}" for one in sorted(known)) or "none"
                raise PolicyError(
                    f"{place}.{where}` names {shown('{' + part.text + '}')}, which there is not here; write one "
                    f"of {choice}."
                )
            if part.is_literal and re.search(r"[{}]", part.text):
                raise PolicyError(
                    f"{place}.{where}` is {shown(text)}, which has a brace that belongs to no name; remove it."
                )
