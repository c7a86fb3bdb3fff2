"""Results of checks, remembered by the content from which they follow: in this process, and in a file.

The file lies in the user's cache directory and only saves time. What is read from it was written by the same
checks (a digest of the program's sources is part of each key) for the same content. A file that is missing,
corrupted, somebody else's or cannot be written costs the checks again, and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, get_type_hints

import platformdirs
from pydantic import TypeAdapter, ValidationError

Content = ParamSpec("Content")
Result = TypeVar("Result")

MOST = 500
"""Results that are remembered."""
LARGEST = 8 * 1024 * 1024
"""Bytes that the file may have."""


class Memory:
    """Remembered results; ``file`` is None where they are to be remembered in this process only."""

    def __init__(self, file: Path | None) -> None:
        """Read nothing yet."""
        self.file = file
        self.made = 0
        """Checks that were made because their results were not remembered."""
        self._results: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._written: dict[str, str] | None = None

    def of(
        self, check: Callable[Concatenate[str, Content], Result]
    ) -> Callable[Concatenate[str, Content], Result]:
        """Return the check with a memory.

        Its first argument only names the source in errors; its result, which pydantic must be able to write
        as JSON, follows from the other arguments, which JSON must be able to hold. Errors are not remembered.
        """

        def remembered(source: str, /, *content: Content.args, **named: Content.kwargs) -> Result:
            key = _digest(json.dumps([_program(), check.__qualname__, content, named]).encode())
            if key not in self._results:
                found = self._from_file(key, check)
                if found is None:
                    found = check(source, *content, **named)
                    self.made += 1
                if len(self._results) >= MOST:
                    self._results.clear()
                    self._texts.clear()
                self._results[key] = found
                self._texts[key] = _shape(check).dump_json(found).decode()
            result: Result = self._results[key]
            return result

        return remembered

    def keep(self) -> None:
        """Write what is new, in one step; where that fails, it is remembered in this process only."""
        written = self._written or {}
        if self.file is None or self._texts.keys() <= written.keys():
            return
        kept = {**self._texts, **{key: text for key, text in written.items() if key not in self._texts}}
        body = json.dumps(dict(list(kept.items())[:MOST])).encode()
        if len(body) > LARGEST:
            return
        self._written = kept
        with contextlib.suppress(OSError):
            _replace(self.file, _digest(body).encode() + b"\n" + body)

    def _from_file(self, key: str, check: Callable[..., Result]) -> Result | None:
        if self._written is None:
            self._written = _read(self.file)
        if key not in self._written:
            return None
        shape: TypeAdapter[Result] = _shape(check)
        try:
            return shape.validate_json(self._written[key], strict=True)
        except ValidationError:
            return None


def default_file() -> Path | None:
    """Return where results are remembered for this user; None: a user without a home."""
    try:
        return platformdirs.user_cache_path("gateledger", appauthor=False) / "checks.json"
    except (OSError, RuntimeError):
        return None


MEMORY: Final = Memory(default_file())
"""The memory of this process and this user."""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _shape(check: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(check)["return"])


@cache
def _program() -> str:
    """Return a digest of all that decides a check's result besides the content that is checked."""
    digest = hashlib.sha256(f"{sys.version_info} {version('sqlglot')}".encode())
    packages = [Path(str(resources.files(package))) for package in ("cmdb", "evaluator")]
    files = [file for package in packages for file in package.rglob("*.py")]
    # What all policies share beside code: conditions, helpers, the inventory that cases start from.
    files += [file for kind in ("*.yaml", "*.sql") for file in (packages[1] / "catalog").rglob(kind)]
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(file: Path | None) -> dict[str, str]:
    """Return what the file holds: nothing unless it is whole and only this user can have written it."""
    if file is None:
        return {}
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            is_ours = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if not stat.S_ISREG(status.st_mode) or not is_ours or status.st_size > LARGEST + 100:
                return {}
            digest, _, body = opened.read().partition(b"\n")
    except OSError:
        return {}
    if digest != _digest(body).encode():
        return {}
    found: dict[str, str] = json.loads(body)
    return found


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=file.parent, prefix=".checks-")
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(content)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
