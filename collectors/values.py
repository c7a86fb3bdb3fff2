"""Values of AWS's answers made safe to keep: checked where used, cleaned everywhere else. Pure functions.

botocore checks nothing of what it parses: a string may stand where an object is promised. Every field that is
used is therefore checked here. Texts that PostgreSQL cannot hold (NUL, lone surrogates) are replaced where
they only describe, and refused in what names a thing.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from collectors.answers import AnswerDigests
from collectors.errors import malformed

#: Longest text of one field; AWS's own limits lie far below.
LONGEST_TEXT = 1024 * 1024
#: Levels of lists and objects in one field; JSON serialisers give up at some 250, and AWS has under ten.
MOST_LEVELS = 100
_LONGEST_NAME = 2048
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_LARGEST_INTEGER = 2**63 - 1
_HASH_DIGITS = 32


class Hasher:
    """Hides values that may be secret: the same value gives the same hash, and the key alone can tell."""

    def __init__(self, key: bytes, sensitive_tags: Iterable[str] = ()) -> None:
        """Take the key and the patterns (``*`` and ``?``, case ignored) of tags whose values are hidden."""
        self._key = key
        self._patterns = tuple(pattern.lower() for pattern in sensitive_tags)
        self.answers = AnswerDigests(key, self._patterns)

    def hide(self, value: str) -> str:
        """Return the keyed hash of a value (HMAC-SHA256, 128 bits, hexadecimal)."""
        digest = hmac.new(self._key, value.encode("utf-8", "surrogatepass"), sha256)
        return "hmac:" + digest.hexdigest()[:_HASH_DIGITS]

    def hide_all(self, operation: str, values: Any) -> dict[str, str]:
        """Return name to hash for a map of values; raises ``ReadFailure`` when it is none."""
        if not isinstance(values, dict):
            raise malformed(operation, "variables are not a map of names to values")
        hidden = {}
        for name, value in values.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise malformed(operation, "variables are not a map of names to values")
            hidden[_storable(operation, name)] = self.hide(value)
        return hidden

    def clean_tags(self, operation: str, tags: Any) -> dict[str, str]:
        """Return tags, the values of sensitive ones hidden; raises ``ReadFailure`` when they are no map."""
        if not isinstance(tags, dict):
            raise malformed(operation, "tags are not a map of names to values")
        clean = {}
        for name, value in tags.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise malformed(operation, "tags are not a map of names to values")
            lower = name.lower()
            secret = any(fnmatchcase(lower, pattern) for pattern in self._patterns)
            clean[_storable(operation, name)] = self.hide(value) if secret else _storable(operation, value)
        return clean


def parse_timestamp(value: Any) -> Any:
    """Return a time of an answer as an aware datetime in UTC, or the value itself when it is no time.

    Given to botocore as its parser of timestamps, whose own would fail a whole page for one odd date.
    """
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return value
    return value


def structure(operation: str, value: Any, what: str) -> dict[str, Any]:
    """Return a value that must be an object."""
    if not isinstance(value, dict):
        raise malformed(operation, f"{what} is not an object")
    return value


def sequence(operation: str, value: Any, what: str) -> list[Any]:
    """Return a value that must be a list."""
    if not isinstance(value, list):
        raise malformed(operation, f"{what} is not a list")
    return value


def key_text(operation: str, record: dict[str, Any], name: str) -> str:
    """Return a field that names a thing: present, not blank, and without characters no id has."""
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise malformed(operation, f"an item has no {name}")
    if value in {".", ".."} or len(value) > _LONGEST_NAME or _CONTROL.search(value):
        raise malformed(operation, f"a {name} holds characters that no id has")
    return value


def optional_key(operation: str, record: dict[str, Any], name: str) -> str | None:
    """Return a field that names another thing, if it names one; blank is kept as it is."""
    value = record.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or _UNSTORABLE.search(value):
        raise malformed(operation, f"a {name} is not an id")
    return value


def optional_text(operation: str, record: dict[str, Any], name: str) -> str | None:
    """Return a descriptive field, cleaned."""
    value = record.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise malformed(operation, f"a {name} is not text")
    return _storable(operation, value)


def required_time(operation: str, record: dict[str, Any], name: str) -> datetime | None:
    """Return a time that policies rest on; an absent one is None, an unreadable one fails the answer."""
    value = record.get(name)
    if value is not None and not isinstance(value, datetime):
        raise malformed(operation, f"a {name} is not a time")
    return value


def described_time(record: dict[str, Any], name: str) -> datetime | None:
    """Return a time that only describes; None when it is absent or unreadable."""
    value = record.get(name)
    return value if isinstance(value, datetime) else None


def clean(operation: str, value: Any, levels: int = MOST_LEVELS) -> Any:
    """Return a value fit for storage as JSON: texts cleaned, times in ISO 8601 (UTC).

    Raises ``ReadFailure`` for what no JSON store holds: infinite numbers, integers beyond 64 bits, texts
    longer than ``LONGEST_TEXT``, and more ``levels`` of lists and objects in each other than given.
    """
    if isinstance(value, str):
        return _storable(operation, value)
    if isinstance(value, dict | list):
        if levels <= 0:
            raise malformed(operation, f"lists and objects are nested more than {MOST_LEVELS} deep")
        if isinstance(value, list):
            return [clean(operation, item, levels - 1) for item in value]
        return {
            clean(operation, str(name)): clean(operation, item, levels - 1) for name, item in value.items()
        }
    if isinstance(value, datetime):
        return iso(value)
    if value is None or isinstance(value, bool):
        return value
    return _number(operation, value)


def _number(operation: str, value: Any) -> int | float:
    if isinstance(value, int) and abs(value) <= _LARGEST_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise malformed(operation, "a value is no number, text, list or object that can be kept")


def iso(value: datetime) -> str:
    """Return a time in ISO 8601, UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _storable(operation: str, text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise malformed(operation, "a text is longer than a mebibyte")
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)
