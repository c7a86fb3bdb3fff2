"""A fix of one item as commands of the AWS CLI, and the commands that go back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluator.catalog.fixes import METHOD_SETTINGS, Call, Fix
from gateledger.plan.filling import (
    CannotBeFilled,
    Chosen,
    Entry,
    Operation,
    Pieces,
    Values,
    entries_at_fault,
    filled,
    json_of,
    operations_of,
)
from gateledger.terminal.shell import is_opened, prose, quoted

_STAGE = {"rest-api-id": "{rest_api_id}", "stage-name": "{stage_name}", "region": "{region}"}
_UPDATE_STAGE = Call(call="apigateway update-stage", options=_STAGE)


def preamble(fix: Fix, account_id: str, once: Values) -> list[str]:
    """Return the lines before the items: which account it has to be, and the inputs.

    ``once`` has the fields that all items share. They stop the subshell that they stand in where something is amiss.
    """
    lines = [
        "set -eu",
        "export AWS_PAGER=''",
        f'[ "$(aws sts get-caller-identity --query=Account --output=text)" = {quoted(account_id)} ] ||'
        f" {_stop(f'These are not credentials of account {account_id}.')}",
    ]
    for name, given in fix.inputs.items():
        lines.append(f"{name}={quoted(given.default or '')}  # {prose(given.meaning)}")
        if given.made_by is not None:
            lines.append(f'[ -n "${name}" ] || {name}="$({_line(given.made_by, once)})"')
        lines.append(_required(name, f"Set {name}: {prose(given.meaning)}."))
    return lines


def commands_of(fix: Fix, values: Values) -> list[str]:
    """Return the commands for an item, a line each; raises ``CannotBeFilled``."""
    lines = []
    if fix.method_settings:
        lines.append(_line(_UPDATE_STAGE, values, list(_set(_entries(fix, values), values))))
    return [*lines, *_lines(fix.commands, values)]


def undo_of(fix: Fix, values: Values) -> list[str]:
    """Return the commands that go back to what was there, a line each; raises ``CannotBeFilled``."""
    lines = list(_lines(fix.undo, values))
    if fix.method_settings:
        lines.append(_line(_UPDATE_STAGE, values, list(_set_back(_entries(fix, values)))))
    return lines


def _lines(calls: Sequence[Call], values: Values) -> Iterator[str]:
    for call in calls:
        line = _line(call, values)
        if call.save is None:
            yield line
        else:
            yield f'{call.save}="$({line})"'
            yield _required(call.save, f"AWS named no {call.query}.")


def _required(name: str, sentence: str) -> str:
    """Return a line that stops where a variable is empty, or None, as the AWS CLI writes what an answer lacks."""
    return f'case "${name}" in ""|None) {_stop(sentence)} ;; esac'


def _entries(fix: Fix, values: Values) -> list[Entry]:
    return entries_at_fault(fix.method_settings, values.get(METHOD_SETTINGS))


def _set(entries: list[Entry], values: Values) -> Iterator[Operation]:
    for entry in entries:
        for path, setting in entry.settings.items():
            value: Pieces = (
                filled(setting.value, values)
                if isinstance(setting.value, str)
                else [str(setting.value).lower()]
            )
            yield Operation(f"/{entry.path}/{path}", value)


def _set_back(entries: list[Entry]) -> Iterator[Operation]:
    for entry in entries:
        for path, before in entry.before.items():
            yield Operation(f"/{entry.path}/{path}", [before])


def _line(call: Call, values: Values, operations: list[Operation] | None = None) -> str:
    """Return a call as one line; values are joined to their options so that none is read as an option."""
    words = ["aws", *call.call.split(" ")]
    for name, template in call.options.items():
        pieces = filled(template, values)
        if pieces and not isinstance(pieces[0], Chosen) and is_opened(pieces[0]):
            raise CannotBeFilled("a name of it begins like an address, which the AWS CLI would open")
        words.append(f"--{name}={_word(pieces)}")
    patched = operations_of(call, values) if operations is None else operations
    if patched:
        words.append(f"--patch-operations={_word(json_of(patched))}")
    if call.query is not None:
        words += [f"--query={quoted(call.query)}", "--output=text"]
    return " ".join(words)


def _word(pieces: Pieces) -> str:
    """Return pieces as one word, inputs as the variables that hold them."""
    return "".join(f'"${one.name}"' if isinstance(one, Chosen) else quoted(one) for one in pieces) or "''"


def _stop(sentence: str) -> str:
    return f"{{ echo {quoted(sentence)} >&2; exit 1; }}"
