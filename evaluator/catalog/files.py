"""Reading the files of policy folders and frameworks: text, YAML, and how mistakes in them are worded."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from cmdb.errors import shown
from evaluator.errors import PolicyError

LARGEST = 1024 * 1024
"""Bytes that a file may have."""
DEEPEST = 20
"""Levels of lists and mappings that a YAML file may nest."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


def _printable(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("holds a control character; remove it")
    return value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_printable)]
"""Text that is not empty and can be shown."""


class Model(BaseModel):
    """A mapping in a file: no unknown key, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


ModelT = TypeVar("ModelT", bound=Model)


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises ``PolicyError`` when it is missing, unreadable, larger than 1 MiB, not UTF-8, or holds NUL.
    """
    try:
        if not path.is_file():
            raise PolicyError(f"{path}: the file is missing; add it.")
        if path.stat().st_size > LARGEST:
            raise PolicyError(f"{path}: the file is larger than 1 MiB; make it smaller.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8.") from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError(f"{path}: the file cannot be read ({reason}); check it and its rights.") from None
    if "\0" in text:
        raise PolicyError(f"{path}: the file holds a NUL character; remove it.")
    return text.replace("\r\n", "\n")


def load_model(path: Path, model: type[ModelT], text: str | None = None) -> ModelT:
    """Return the YAML file at ``path`` as ``model``; raise ``PolicyError`` for the first mistake in it.

    ``text`` is what the file holds, where that was read already.
    """
    content = load_yaml(path, text=text)
    if not isinstance(content, dict):
        raise PolicyError(f"{path}: the file is not a mapping of keys to values; write `key: value` lines.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise PolicyError(f"{path}: {worded(error, model)}.") from None


def load_yaml(
    path: Path, loader: type[LibyamlLoader | PythonLoader] | None = None, *, text: str | None = None
) -> Any:
    """Return what a YAML file holds; times stay text; raise ``PolicyError`` with the line of a mistake."""
    content = read_text(path) if text is None else text
    try:
        return yaml.load(content, Loader=loader or _LOADER)  # noqa: S506  both are safe loaders
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f" at line {mark.line + 1}"
        raise PolicyError(f"{path}: the YAML is wrong{line} ({error.problem}); correct it.") from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise PolicyError(f"{path}: the YAML is wrong ({reason}); correct it.") from None
    except ValueError as error:
        raise PolicyError(
            f"{path}: the YAML holds a value that cannot be read ({error}); correct it."
        ) from None


_TAG = "tag:yaml.org,2002:"


class StrictLoader(SafeConstructor, Resolver):
    """YAML without what surprises or explodes: duplicate keys, aliases, deep nesting, guessed times."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML declares it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TAG + "timestamp"]
        for first, resolvers in Resolver.yaml_implicit_resolvers.items()
    }
    depth = 0

    # Composing a tree, which libyaml's loader does in C, calls these two for each node that is no alias.
    def descend_resolver(self, current_node: yaml.Node | None, current_index: Any) -> None:  # noqa: ARG002
        self.depth += 1
        if self.depth > DEEPEST:
            mark = None if current_node is None else current_node.start_mark
            raise yaml.MarkedYAMLError(None, None, "it is nested too deeply", mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def construct_document(self, node: yaml.Node) -> Any:
        return self._built(node, set())

    def _built(self, node: yaml.Node, seen: set[int]) -> Any:
        if id(node) in seen:
            raise yaml.MarkedYAMLError(None, None, "aliases are not allowed", node.start_mark)
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == _TAG + "str" else self.construct_object(node)
        if node.tag == _TAG + "seq":
            return [self._built(part, seen) for part in node.value]
        if node.tag == _TAG + "map":
            return self._mapping(node, seen)
        raise yaml.MarkedYAMLError(None, None, f"the tag {shown(node.tag)} is not allowed", node.start_mark)

    def _mapping(self, node: yaml.Node, seen: set[int]) -> dict[Hashable, Any]:
        keys: set[str] = set()
        found = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _TAG + "merge":
                raise yaml.MarkedYAMLError(None, None, "a key has to be plain text", key.start_mark)
            if key.value in keys:
                raise yaml.MarkedYAMLError(
                    None, None, f"the key {shown(key.value)} is there twice", key.start_mark
                )
            keys.add(key.value)
            found[self._built(key, seen)] = self._built(value, seen)
        return found


class PythonLoader(StrictLoader, yaml.SafeLoader):
    """The strict loader where PyYAML comes without libyaml."""


# libyaml reads a policy folder in a tenth of the time.
if yaml.__with_libyaml__:

    class LibyamlLoader(StrictLoader, yaml.CSafeLoader):
        """The strict loader on libyaml."""

    _LOADER: type[LibyamlLoader | PythonLoader] = LibyamlLoader
else:
    _LOADER = PythonLoader


def worded(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first mistake that pydantic found, as the rest of a sentence without its full stop."""
    return mistake_worded(error.errors(include_url=False)[0], model)


_WANTED = {
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "keys and their values",
    "model_type": "keys and their values",
}
"""Of each kind of mistake about a shape, what to write in place of what is there."""
_EMPTY = {"string_too_short": "a text", "too_short": "at least one entry"}
"""Of each kind of mistake about something empty, what to write."""


def mistake_worded(mistake: ErrorDetails, model: type[BaseModel]) -> str:  # noqa: PLR0911  one sentence a line
    """Return a mistake that pydantic found as the rest of a sentence without its full stop."""
    path = [str(part) for part in mistake["loc"] if not str(part).startswith(("dict[", "list[", "function-"))]
    is_key = path[-1:] == ["[key]"]
    place = f"a key of `{'.'.join(path[:-2])}`" if is_key else f"`{'.'.join(path)}`"
    kind, given = mistake["type"], mistake["input"]
    context = mistake.get("ctx", {})
    if kind == "extra_forbidden":
        known = f" (known here: {', '.join(model.model_fields)})" if len(path) == 1 else ""
        return f"the key {place} is unknown{known}; remove or correct it"
    if kind == "invalid_key":
        return f"the key {shown(given)} is not text; put it in quotes, or remove it"
    if kind == "missing":
        return f"the key {place} is missing; add it"
    if kind in ("enum", "literal_error"):
        return f"{place} is {shown(given)}; write one of {context['expected']}"
    if kind in _WANTED:
        return f"{place} is {_other_kind(kind, given)}"
    if kind in _EMPTY:
        return f"{place} is empty; write {_EMPTY[kind]}"
    if kind == "string_unicode":
        return f"{place} is {shown(given)}, which is not UTF-8; write it in UTF-8"
    if kind in ("string_too_long", "too_long"):
        what = "letters" if isinstance(given, str) else "entries"
        return f"{place} has {len(given):,} {what}; {context['max_length']:,} are allowed"
    if kind == "string_pattern_mismatch":
        return f"{place} is {shown(given)}; it has to look like {context['pattern']}"
    if kind == "value_error":
        return f"{place} {context['error']}"
    message = mistake["msg"][0].lower() + mistake["msg"][1:]
    return f"{place} is {shown(given)}; {message}"


def _other_kind(kind: str, given: object) -> str:
    """Return what is there in place of a text, a list or a mapping, and what to write."""
    if given is None:
        return f"empty; write {_WANTED[kind]}"
    if kind == "string_type" and not isinstance(given, list | dict):
        return f"{shown(given)}, which is not text; put it in quotes"
    return f"{shown(given)}; write {_WANTED[kind]}"
