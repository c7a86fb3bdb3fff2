"""Templates and what they need: escaping, times, numbers, names, Markdown."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from cmdb.items import item_type

#: Nothing is loaded or sent but what lies beside the page; no script or style stands in the page itself.
SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)
_WORDS = re.compile(r"[^A-Za-z0-9_-]+")
_ACRONYMS = re.compile(r"\b(aws|api|rest|acm|ssl|tls|http|id)\b", re.IGNORECASE)


@cache
def environment() -> Environment:
    """Return the templates; everything that is put into them is escaped."""
    templates = Environment(
        loader=PackageLoader("gateledger.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["security_policy"] = SECURITY_POLICY
    templates.filters.update(
        number=number,
        percent=percent,
        points=points,
        time=time,
        day=day,
        days=days,
        iso=iso,
        words=words,
        short=short,
        markdown=markdown,
        share=share,
        called=called,
        kind=kind,
        path=path,
    )
    return templates


def render(template: str, **values: Any) -> str:
    """Return a page."""
    return environment().get_template(template).render(values)


def called(row: Mapping[str, Any]) -> str:
    """Return what people know an item by that is no stage: its REST API's name, or what its ARN ends with."""
    return str((_is_api(row) and row.get("rest_api_name")) or row["resource_arn"].rsplit("/", 1)[-1])


def _is_api(row: Mapping[str, Any]) -> bool:
    return bool(row.get("rest_api_id")) and row["resource_arn"].endswith(f"/restapis/{row['rest_api_id']}")


def kind(name: str) -> str:
    """Return the title of an item type."""
    return item_type(name).title


def path(arn: str) -> str:
    """Return where an item is, as its ARN says after service, region and account."""
    return arn.split(":", 5)[-1].strip("/")


def number(value: float) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,}"


def percent(value: Decimal | None) -> str:
    """Return a percentage with the two decimals of the views; a dash when there is none."""
    return "–" if value is None else f"{value:.2f}%"


def points(value: Decimal | None) -> str:
    """Return a difference of percentages with its sign."""
    if value is None:
        return "–"
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{abs(value):.2f}"


def share(part: int, whole: int) -> str:
    """Return a part of a whole as a percentage for a bar's width; what is there is never invisible."""
    return f"{max(100 * part / whole, 0.4):.3f}%" if whole and part else "0%"


def time(value: datetime | None) -> str:
    """Return a time for people, to the minute, in UTC."""
    return "never" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def days(number: int) -> str:
    """Return a number of days with its word."""
    return f"{number:,} day" if number == 1 else f"{number:,} days"


def day(value: date | datetime | None) -> str:
    """Return the UTC day of a time."""
    if value is None:
        return "–"
    return (value.astimezone(UTC).date() if isinstance(value, datetime) else value).isoformat()


def iso(value: datetime) -> str:
    """Return a time as programs read it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def days_between(earlier: datetime, later: datetime) -> int:
    """Return the whole days between two times."""
    return math.floor((later - earlier).total_seconds() / 86_400)


def words(name: str) -> str:
    """Return a name of our own (``certificate_empty``) as words."""
    text = name.replace("_", " ").replace("-", " ")
    return _ACRONYMS.sub(lambda found: found.group().upper(), text)


def short(policy_id: str) -> str:
    """Return the last part of a policy's id."""
    return policy_id.rsplit("/", 1)[-1]


def file_name(text: str, taken: set[str]) -> str:
    """Return a file name made of a text, unlike those taken."""
    base = _WORDS.sub("-", text).strip("-")[:80] or "unnamed"
    name, count = base, 1
    while name.lower() in taken:
        count += 1
        name = f"{base}-{count}"
    taken.add(name.lower())
    return name


def markdown(text: str) -> Markup:
    """Return a policy's Markdown as HTML, one heading level deeper; HTML in it shows as text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    html = parser.renderer.render(tokens, parser.options, {})
    return Markup(html)  # noqa: S704  the parser escapes whatever is not Markdown


def embedded_json(value: Mapping[str, Any]) -> Markup:
    """Return JSON to stand inside a page: nothing in it can end the element that holds it."""
    return Markup(script_json(value))  # noqa: S704  escaped by script_json


def script_json(value: Any) -> str:
    """Return JSON in ASCII without markup characters: safe in a page and as JavaScript."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
