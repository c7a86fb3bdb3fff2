"""Durations as people write them: ``72h``, ``7d``, ``90m``, ``1d12h``, or ISO 8601 (``P7D``, ``PT90M``)."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SHORT = re.compile(r"(?:\d+\s*[wdhms]\s*)+", re.IGNORECASE | re.ASCII)
_PART = re.compile(r"(\d+)\s*([wdhms])", re.IGNORECASE | re.ASCII)
_ISO = re.compile(
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE | re.ASCII,
)
#: More digits name more than ``LONGEST`` in any unit; Python refuses to read thousands of them.
_MOST_DIGITS = 12
#: Longest duration that makes sense here; also keeps times within what Postgres and Python can hold.
LONGEST = timedelta(days=36_500)


def parse_duration(text: str) -> timedelta:
    """Return the duration that ``text`` names.

    Raises ``ValueError`` with the rest of a sentence ("is not a duration ...") for anything else, for
    zero, and for more than a hundred years.
    """
    stripped = text.strip()
    if _SHORT.fullmatch(stripped):
        parts = [(_UNITS[unit.lower()], _read(number)) for number, unit in _PART.findall(stripped)]
        if len({unit for unit, _ in parts}) < len(parts):
            raise ValueError("names the same unit twice; write for example 72h, 7d, 90m or 1d12h")
    elif (match := _ISO.fullmatch(stripped)) is not None:
        parts = [(unit, _read(number)) for unit, number in match.groupdict().items() if number is not None]
    elif re.fullmatch(r"[1-9][0-9]{0,5}", stripped):
        raise ValueError(f"has no unit; write for example {stripped}h, 7d or 90m")
    else:
        raise ValueError("is not a duration; write for example 72h, 7d, 90m or 1d12h")
    try:
        duration = timedelta(**dict(parts))
    except OverflowError:
        duration = LONGEST + timedelta(days=1)
    if duration <= timedelta(0):
        raise ValueError("must be longer than nothing; write for example 72h")
    if duration > LONGEST:
        raise ValueError("is longer than a hundred years; write for example 72h or 30d")
    return duration


def _read(digits: str) -> int:
    return int(digits.lstrip("0")[: _MOST_DIGITS + 1] or "0")


def format_duration(duration: timedelta) -> str:
    """Return the duration in its largest whole units, as ``parse_duration`` reads it (``3d12h``)."""
    left = int(duration.total_seconds())
    parts = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        number, left = divmod(left, seconds)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
