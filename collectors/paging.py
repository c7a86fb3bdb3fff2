"""Listings in pages: followed to the end, or failed as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collectors.calls import Caller
from collectors.errors import malformed
from collectors.values import sequence

#: Pages after which a listing is taken to run in circles: a million items.
_MOST_PAGES = 2000


@dataclass(frozen=True, slots=True)
class Paging:
    """How a service pages: the parameter for the size of a page and its value, the token, the list."""

    size: str
    value: int | str
    token: str
    """Names the next page, in answers and requests alike."""
    items: str
    most: int
    """Items that a page may hold."""


def pages(
    caller: Caller, service: str, operation: str, parameters: dict[str, Any], paging: Paging
) -> Iterator[dict[str, Any]]:
    """Yield the answers of all pages, whose items are lists; ends only at a page without a token."""
    token: str | None = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = {**parameters, paging.size: paging.value}
        if token is not None:
            page[paging.token] = token
        answer = caller.call(service, operation, page, expect=paging.items)
        records = sequence(operation, answer[paging.items], "the list of items")
        if len(records) > paging.most:
            raise malformed(operation, f"a page holds more than {paging.most} items")
        yield answer
        token = answer.get(paging.token)
        if token is None:
            return
        if not isinstance(token, str) or not token:
            raise malformed(operation, f"a page's {paging.token} is not text")
        if token in seen:
            raise malformed(operation, "its pages lead back to one already read")
        seen.add(token)
    raise malformed(operation, f"it does not end after {_MOST_PAGES} pages")
