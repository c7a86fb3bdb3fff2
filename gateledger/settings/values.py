"""Readers of single settings: text of the environment or values of TOML in, checked values out.

Each raises ``ValueError`` whose text ends a sentence that begins with the setting's name and value:
what is wrong, and an example of a right value.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cmdb.errors import shown
from gateledger.settings.durations import parse_duration

ACCOUNT = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")
_ROLE = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
SHORTEST_KEY = 16
MOST_THREADS = 256
LONGEST_TAG_KEY = 128
#: Patterns have at least one sign that stands for others, so that a mistyped name is none.
_PATTERN_ACCOUNT = re.compile(r"(?=.*[*?])[0-9*?]{1,12}")
_PATTERN_REGION = re.compile(r"(?=.*[*?])[a-z0-9*?-]{1,30}")
#: PostgreSQL counts time-outs in milliseconds, in 31 bits.
LONGEST_TIMEOUT = timedelta(days=24)
SPENT_BY_DEFAULT = timedelta(hours=1)
_SWITCHED = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def _text(value: Any, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is not text; write for example {example}")
    stripped = value.strip()
    if not stripped:
        raise ValueError(f"is empty; write for example {example}")
    _check_characters(stripped, example)
    return stripped


def _check_characters(text: str, example: str) -> None:
    if "\0" in text:
        raise ValueError(f"holds a NUL character; write for example {example}")
    try:
        text.encode()
    except UnicodeEncodeError:
        # So Python reads bytes of the environment that are none.
        raise ValueError(f"is not UTF-8 text; write for example {example}") from None


def _list(value: Any, example: str) -> tuple[str, ...]:
    if isinstance(value, str):
        _check_characters(value, example)
        parts = [part.strip() for part in value.split(",")]
    elif isinstance(value, list | tuple):
        parts = [_text(part, example) for part in value]
    else:
        raise ValueError(f"is not a list; write for example {example}")
    kept = tuple(dict.fromkeys(part for part in parts if part))
    if not kept:
        raise ValueError(f"is empty; write for example {example}")
    return kept


def database_url(value: Any) -> Any:
    """Return the database's address as libpq's programs read it; one that is wrong is never shown."""
    from cmdb.server.address import EXAMPLE, read_address

    return read_address(_text(value, EXAMPLE)).url


def notify_targets(text: str) -> tuple[str, ...]:
    """Return the single addresses of a list; one may hold commas itself, so only `, name://` parts them."""
    return tuple(
        part.strip().rstrip(",") for part in re.split(r"[\s,]+(?=[A-Za-z][\w+-]*://)", text.strip()) if part
    )


def notify(value: Any) -> Any:
    """Check that the value is a list of addresses, without showing it."""
    example = "slack://tokenA/tokenB/tokenC, mailto://user:password@example.com"
    is_list = isinstance(value, list | tuple)
    text = ", ".join(_list(value, example)) if is_list else _text(value, example)
    for target in _list(value, example) if is_list else notify_targets(text):
        if not re.match(r"[A-Za-z][\w+-]*://\S", target):
            raise ValueError(f"holds something that is not an address; write for example {example}")
    return text


def path(value: Any) -> Any:
    """Return a path with ``~`` expanded."""
    example = "/var/lib/gateledger"
    given = value if isinstance(value, Path) else Path(_text(value, example))
    try:
        return given.expanduser()
    except RuntimeError:
        raise ValueError(
            f"begins with the home of a user who is not known; write for example {example}"
        ) from None


def policies(value: Any) -> Any:
    """Return ids or patterns of policies; None: none were given."""
    return None if value is None else _list(value, "*certificate*,rest-api-stage-waf-web-acl")


def item_types(value: Any) -> Any:
    """Return names of item types that are collected (``*``: all of them); an empty list is fine."""
    from cmdb.items import item_types as declared

    if isinstance(value, list | tuple) and not value:
        return ()
    known = [one.name for one in declared() if one.collected]
    given = _list(value, "domain_name,usage_plan")
    for name in given:
        if name not in {*known, "*"}:
            raise ValueError(f"names {shown(name)}; write * or some of {', '.join(known)}")
    return tuple(known) if "*" in given else given


def directories(value: Any) -> Any:
    """Return existing directories."""
    example = "/etc/gateledger/policies"
    parts = value if isinstance(value, list | tuple) else _list(value, example)
    found = tuple(path(part) for part in parts)
    for directory in found:
        if not _is_directory(directory):
            raise ValueError(
                f"names {shown(str(directory))}, which is not a directory; write for example {example}"
            )
    return found


def _is_directory(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except OSError:
        return False  # its name is too long


def accounts(value: Any) -> Any:
    """Return ``self``, ``organization`` or account ids."""
    example = "self, organization or 111122223333,444455556666"
    parts = _list(value, example)
    if parts in {("self",), ("organization",)}:
        return parts[0]
    for part in parts:
        if part in {"self", "organization"}:
            raise ValueError(f"mixes {part} with other accounts; write {example}")
        if not ACCOUNT.fullmatch(part):
            raise ValueError(f"holds {shown(part)}, which is not a 12-digit account id; write {example}")
    return parts


def regions(value: Any) -> Any:
    """Return ``enabled`` or region names."""
    example = "enabled or eu-central-1,us-east-1"
    parts = _list(value, example)
    if parts == ("enabled",):
        return "enabled"
    for part in parts:
        if not REGION.fullmatch(part):
            raise ValueError(f"holds {shown(part)}, which is not a region name; write {example}")
    return parts


def role_name(value: Any) -> Any:
    """Return an IAM role name, with its path if it has one; refuse an ARN."""
    if value is None:
        return None
    example = "gateledger-reader"
    text = _text(value, example)
    if text.startswith("arn:"):
        raise ValueError(f"is an ARN; write the role's name alone, for example {text.rsplit('/', 1)[-1]}")
    if not _ROLE.fullmatch(text):
        raise ValueError(f"is not an IAM role name; write for example {example}")
    return text


def external_id(value: Any) -> Any:
    """Return an external id as STS allows it (2 to 1224 characters)."""
    if value is None:
        return None
    text = _text(value, "an id of 2 to 1224 letters, digits and +=,.@:/-")
    if not _EXTERNAL_ID.fullmatch(text):
        raise ValueError("is not an external id; it has 2 to 1224 letters, digits and +=,.@:/-")
    return text


def schedule(value: Any) -> Any:
    """Return a cron expression of five fields that the scheduler understands."""
    example = "'0 2 * * *' for every night at two"
    text = " ".join(_text(value, example).split())
    if len(text.split(" ")) != 5:
        raise ValueError(f"has not five fields (minute hour day month weekday); write for example {example}")
    if text == "0 2 * * *":
        return text
    from gateledger.settings.cron import read_schedule

    try:
        read_schedule(text, ZoneInfo("UTC"))
    except ValueError as error:
        raise ValueError(f"{error}; write for example {example}") from None
    return text


def timezone(value: Any) -> Any:
    """Return the name of a time zone that this system knows."""
    example = "UTC or Europe/Vienna"
    text = _text(value, example)
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"is not a time zone that this system knows; write for example {example}") from None
    return text


def duration(value: Any) -> Any:
    """Return a duration."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000:
        raise ValueError(f'has no unit; write for example "{value}h", "7d" or "90m"')
    return parse_duration(_text(value, "72h"))


def statement_timeout(value: Any) -> Any:
    """Return a duration that PostgreSQL takes for a time-out."""
    found = duration(value)
    if found > LONGEST_TIMEOUT:
        raise ValueError("is longer than PostgreSQL can wait (24 days); write for example 30m")
    return found


def time_to_spend(value: Any) -> Any:
    """Return how long something may take at most; None: it is not to be done."""
    if isinstance(value, bool) or str(value).strip().lower() in _SWITCHED:
        return SPENT_BY_DEFAULT if _SWITCHED[str(value).strip().lower()] else None
    try:
        return duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or on, or off") from None


def log_format(value: Any) -> Any:
    """Return ``text`` or ``json``."""
    text = _text(value, "text or json").lower()
    if text not in {"text", "json"}:
        raise ValueError("is neither text nor json")
    return text


def threads(value: Any) -> Any:
    """Return a number of threads."""
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError("is not a whole number; write for example 16")
    if not 1 <= int(text) <= MOST_THREADS:
        raise ValueError(f"is not between 1 and {MOST_THREADS}; write for example 16")
    return int(text)


def quota_share(value: Any) -> Any:
    """Return a part of the quota."""
    example = "0.8"
    try:
        # float() takes digits of any script, and underscores between them.
        is_plain = not isinstance(value, bool) and re.fullmatch(r"[\s0-9.eE+-]+|inf", str(value), re.ASCII)
        share = float(value) if is_plain else math.nan
    except (TypeError, ValueError):
        share = math.nan
    if math.isnan(share):
        raise ValueError(f"is not a number; write for example {example}")
    if not 0 < share <= 1:
        raise ValueError(f"is not over 0 and up to 1; write for example {example}")
    return share


def account_patterns(value: Any) -> Any:
    """Return patterns of accounts and regions; an empty list is fine."""
    if isinstance(value, list | tuple) and not value:
        return ()
    example = "111122223333,*/us-*"
    parts = _list(value, example)
    for part in parts:
        account, slash, region = part.partition("/")
        if REGION.fullmatch(part):
            raise ValueError(f"holds {shown(part)}, a region without an account; write */{part}")
        if not (ACCOUNT.fullmatch(account) or _PATTERN_ACCOUNT.fullmatch(account)):
            raise ValueError(
                f"holds {shown(part)}, which begins with no account; write for example {example}"
            )
        if slash and not (REGION.fullmatch(region) or _PATTERN_REGION.fullmatch(region)):
            raise ValueError(f"holds {shown(part)}, which ends with no region; write for example {example}")
        if set(account + region) <= {"*", "?"}:
            raise ValueError(f"holds {shown(part)}, which means everything; write for example {example}")
    return parts


def yes_or_no(value: Any) -> Any:
    """Return a truth value."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in {"true", "false", "yes", "no", "1", "0"}:
        raise ValueError("is neither yes (true) nor no (false)")
    return text in {"true", "yes", "1"}


def hash_key(value: Any) -> Any:
    """Return a key that is long enough, without showing it."""
    if value is None:
        return None
    text = _text(value, "32 random characters")
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"is shorter than {SHORTEST_KEY} characters; write for example 32 random characters")
    return text


def names(value: Any) -> Any:
    """Return a list of names; an empty one is fine."""
    if isinstance(value, list | tuple) and not value:
        return ()
    return _list(value, "owner-mail,cost-code")


def tag_keys(value: Any) -> Any:
    """Return a list of keys of tags, upper and lower case apart; an empty one is fine."""
    if isinstance(value, list | tuple) and not value:
        return ()
    example = "owner,team"
    parts = _list(value, example)
    for part in parts:
        if len(part) > LONGEST_TAG_KEY:
            raise ValueError(
                f"holds {shown(part)}, which is longer than a tag's key can be ({LONGEST_TAG_KEY}); write for "
                f"example {example}"
            )
    return parts
