"""Listings in pages: all of them, or a failure. A listing ends only at a page that names no next one."""

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
    """How a family of listings is paged: its service, and what the members of a page are called.

    ``position`` names the next page, in the answer and in the request. ``most`` items fit on a page.
    """

    service: str
    items: str
    position: str
    limit: str
    most: int
    limit_is_text: bool = False


#: API Gateway's listings (API reference: at most 500 items a page).
REST = Paging("apigateway", "items", "position", "limit", 500)
#: API Gateway V2's listings, and its routing rules (100 a page).
HTTP = Paging("apigatewayv2", "Items", "NextToken", "MaxResults", 500, limit_is_text=True)
ROUTING_RULES = Paging("apigatewayv2", "RoutingRules", "NextToken", "MaxResults", 100)


def pages(
    caller: Caller, paging: Paging, operation: str, parameters: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the answers of all pages, whose items are lists. Raises ``ReadFailure``."""
    position: str | None = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        limit: int | str = str(paging.most) if paging.limit_is_text else paging.most
        page = {**parameters, paging.limit: limit}
        if position is not None:
            page[paging.position] = position
        answer = caller.call(paging.service, operation, page, expect=paging.items)
        records = sequence(operation, answer[paging.items], "the list of items")
        if len(records) > paging.most:
            raise malformed(operation, f"a page holds more than {paging.most} items")
        yield answer
        position = answer.get(paging.position)
        if position is None:
            return
        if not isinstance(position, str) or not position:
            raise malformed(operation, "a page's position is not text")
        if position in seen:
            raise malformed(operation, "its pages lead back to one already read")
        seen.add(position)
    raise malformed(operation, f"it does not end after {_MOST_PAGES} pages")
