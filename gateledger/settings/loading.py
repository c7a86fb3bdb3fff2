"""Reading the settings, and one sentence for every mistake in them."""

from __future__ import annotations

import difflib
import logging
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from cmdb.errors import SettingsError, shown
from gateledger.settings.model import PREFIX, Settings, environment_name, setting_names
from gateledger.terminal.logs import one_line

log = logging.getLogger("gateledger.settings")

DEFAULT_FILE = Path("gateledger.toml")
#: Bytes that the file may have.
_LARGEST = 1024 * 1024
#: Never shown, whatever is wrong with them.
_HIDDEN = frozenset({"database_url", "hash_key", "external_id", "notify"})
#: Settings that are accepted and do nothing, and why.
_WITHOUT_EFFECT = {
    "methods_max_age": "stages are judged by the deployments that they serve, which never change. Remove it."
}
#: Settings whose relative paths are meant from the directory of the file that names them.
_PATHS = tuple(name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation))


def load_settings(config: Path | None = None) -> Settings:
    """Return the settings of the environment, of ``config`` (or ``./gateledger.toml`` if it is there).

    Raises ``SettingsError`` (one sentence: which setting, where it came from, what is wrong, what is right).
    Unknown ``GATELEDGER_*`` variables are only warned about: other software may own them.
    """
    file = config if config is not None else DEFAULT_FILE if os.path.lexists(DEFAULT_FILE) else None
    data = {} if file is None else _read(file)
    _warn_of_unknown_variables()
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors(include_url=False)[0], file)) from None
    settings.check_owner_tags()
    for name in sorted(settings.model_fields_set & _WITHOUT_EFFECT.keys()):
        log.warning(
            "%s has no effect any more: %s",
            environment_name(name),
            _WITHOUT_EFFECT[name],
            extra={"event": "settings.without_effect", "setting": name},
        )
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise SettingsError(
            f"The settings file {file} cannot be read ({error.strerror}): check it, or name another with "
            "--config."
        ) from error
    if len(content) > _LARGEST:
        raise SettingsError(f"The settings file {file} is larger than 1 MiB: name another with --config.")
    try:
        data = tomllib.loads(content.decode().replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"The settings file {file} is not UTF-8 text: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        reason = one_line(str(error).rstrip("."))
        raise SettingsError(f"The settings file {file} is not valid TOML: {reason}.") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, a date that is none, lists in lists in lists.
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else "a value cannot be read"
        raise SettingsError(f"The settings file {file} is not valid TOML: {reason}.") from None
    for key in data:
        if key not in setting_names():
            raise SettingsError(_unknown_key(key, file))
    return _resolve_paths(data, file.parent)


def _resolve_paths(data: dict[str, Any], base: Path) -> dict[str, Any]:
    resolved = dict(data)
    for name in _PATHS:
        value = data.get(name)
        if isinstance(value, str):
            is_list = name == "policy_dirs" and value.strip(", \t")
            resolved[name] = (
                [_from(base, part.strip()) for part in value.split(",")] if is_list else _from(base, value)
            )
        elif isinstance(value, list) and all(isinstance(part, str) for part in value):
            resolved[name] = [_from(base, part) for part in value]
    return resolved


def _from(base: Path, path: str) -> str:
    # What is empty stays so and is refused later; a home is looked up there too.
    return path if not path.strip(", \t") or path.startswith("~") else str(base / path)


def _unknown_key(key: str, file: Path) -> str:
    wanted = key.lower().replace("-", "_").removeprefix(PREFIX.lower())
    return (
        f"{shown(key)} in {file} is not a setting{_near_miss(wanted, setting_names())}; "
        "the README lists all settings."
    )


def _warn_of_unknown_variables() -> None:
    known = [environment_name(name) for name in setting_names()]
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known:
            log.warning(
                "%s is not a setting and is ignored%s",
                variable,
                _near_miss(variable, known),
                extra={"event": "settings.unknown_variable", "variable": variable},
            )


def _near_miss(word: str, known: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def _sentence(error: ErrorDetails, file: Path | None) -> str:
    name = str(error["loc"][0]) if error["loc"] else "settings"
    variable = environment_name(name)
    from_environment = bool(os.environ.get(variable))
    where = f"{variable} (environment)" if from_environment else f"{name} (in {file})"
    cause = error.get("ctx", {}).get("error")
    problem = str(cause) if isinstance(cause, ValueError) else f"is wrong: {error['msg'].lower()}"
    value = os.environ[variable] if from_environment else error.get("input")
    if name in _HIDDEN or isinstance(value, dict | SecretStr):
        return f"{where} {problem}."
    return f"{where}: {shown(value)} {problem}."
