"""Data on stdout: tables for people, JSON and CSV for programs; everything streams."""

from __future__ import annotations

import csv
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

from gateledger.terminal.logs import one_line
from gateledger.terminal.streams import data_on_stdout, fitted, has_colours, is_utf8, width_of

if TYPE_CHECKING:
    from rich.box import Box
    from rich.text import Text

Row = Mapping[str, Any]
#: Rows that a Rich table is laid out for; longer listings are written line by line.
LAID_OUT = 500
#: Characters between the columns of a table on a terminal.
GAP = 3
#: Letters of a column on a terminal below which a table of lines, which the terminal wraps, says more.
_LEAST = 3
_STATUS_STYLES = {
    "INCOMPLIANT": "bold red",
    "UNDETERMINED": "yellow",
    "COMPLIANT": "green",
    "INAPPLICABLE": "dim",
    "DISAPPEARED": "dim",
}


class Format(StrEnum):
    """How a listing is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the row's key and its heading.

    ``lines`` stacks several values in one cell, each line the keys whose values stand side by side; only
    tables laid out for a terminal do that.
    """

    key: str
    heading: str
    right: bool = False
    lines: tuple[tuple[str, ...], ...] = ()


def iso(time: datetime) -> str:
    """Return a time as ISO 8601 in UTC, ending in Z."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def short_time(time: datetime) -> str:
    """Return a time for people, to the minute, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def on_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout.isatty()


def emit(
    rows: Iterable[Row],
    form: Format,
    *,
    keys: Sequence[str],
    table: Sequence[Column],
    narrow: Sequence[Column] = (),
) -> int:
    """Write rows in the form requested and return how many: ``keys`` for programs, ``table`` for people.

    ``narrow`` is the table for a terminal that is not wide enough for ``table``.
    """
    if form is Format.TABLE:
        return _table(iter(rows), table, narrow)
    with data_on_stdout() as out:
        return _json(out, rows, keys) if form is Format.JSON else _csv(out, rows, keys)


def emit_object(value: Mapping[str, Any]) -> None:
    """Write one JSON object, in UTF-8."""
    with data_on_stdout() as out:
        json.dump(value, out, default=_plain, ensure_ascii=False, indent=2)
        out.write("\n")


def say(line: str = "") -> None:
    """Write one line of text to stdout."""
    sys.stdout.write(line + "\n")


def cell(value: Any) -> str:
    """Return a value as one line of text for a table; what could steer a terminal is escaped."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return short_time(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value)
    return one_line(str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _json(out: TextIO, rows: Iterable[Row], keys: Sequence[str]) -> int:
    count = 0
    out.write("[")
    for count, row in enumerate(rows, start=1):
        out.write("\n" if count == 1 else ",\n")
        out.write(json.dumps({key: row[key] for key in keys}, default=_plain, ensure_ascii=False))
    out.write("\n]\n" if count else "]\n")
    return count


def _csv(out: TextIO, rows: Iterable[Row], keys: Sequence[str]) -> int:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(keys)
    count = 0
    for row in rows:
        writer.writerow([_csv_value(row[key]) for key in keys])
        count += 1
    return count


def _csv_value(value: Any) -> str:
    """Return the exact value as text; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | dict | bool):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    if isinstance(value, datetime | date | timedelta | Decimal):
        return str(_plain(value))
    return str(value)


def _table(rows: Iterator[Row], columns: Sequence[Column], narrow: Sequence[Column]) -> int:
    first = list(itertools.islice(rows, LAID_OUT))
    more = list(itertools.islice(rows, 1))
    widths = [
        max([len(column.heading), *(width_of(fitted(cell(row[column.key]))) for row in first)])
        for column in columns
    ]
    if on_terminal() and not more and _laid_out(first, columns, narrow, sum(widths) + GAP * len(widths)):
        return len(first)
    _line([column.heading for column in columns], widths, columns)
    count = 0
    for row in itertools.chain(first, more, rows):
        _line([cell(row[column.key]) for column in columns], widths, columns)
        count += 1
    return count


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> None:
    padded = []
    for text, width, column in zip(map(fitted, cells), widths, columns, strict=True):
        blank = " " * (width - width_of(text))
        padded.append(blank + text if column.right else text + blank)
    sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _laid_out(rows: Sequence[Row], wide: Sequence[Column], narrow: Sequence[Column], width: int) -> bool:
    """Write a table that fits the terminal; return whether there is room for one, columns of a few letters each."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, color_system="auto" if has_colours(sys.stdout) else None)
    columns = narrow if narrow and width > console.width else wide
    if console.width < len(columns) * (_LEAST + GAP):
        return False
    table = Table(box=_box(), pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_styled(row, column) for column in columns))
    console.print(table)
    return True


def _box() -> Box:
    """Return one line below the headings, drawn in what stdout's encoding has."""
    from rich.box import SIMPLE_HEAD, Box

    if is_utf8(sys.stdout):
        return SIMPLE_HEAD
    return Box("\n".join(["    ", "    ", " -- ", *["    "] * 5, ""]), ascii=True)


def _styled(row: Row, column: Column) -> Text:
    from rich.text import Text

    text = Text()
    for number, keys in enumerate(column.lines or ((column.key,),)):
        text.append("\n" if number else "")
        for place, key in enumerate(keys):
            style = _STATUS_STYLES.get(str(row[key]), "") if key == "status" else ""
            text.append(" " if place else "").append(fitted(cell(row[key])), style=style)
    return text
