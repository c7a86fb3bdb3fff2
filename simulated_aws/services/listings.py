"""One page of a listing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from simulated_aws.services.calls import Answer, Route, encode_position
from simulated_aws.services.errors import AwsError


def listing(
    route: Route,
    items: Mapping[str, Any],
    wire: Callable[[Any], dict[str, Any]],
    *,
    key: str = "item",
    next_page: str = "position",
) -> Answer:
    """Return the page of ``items`` that a call asks for, in the order of their keys.

    ``key`` and ``next_page`` are what the list and the position of the next page are called on the wire.
    """
    keys = sorted(items)
    first = bisect_right(keys, route.parameters["after"]) if route.parameters["after"] else 0
    shown = keys[first : first + route.parameters["limit"]]
    body: dict[str, Any] = {key: [wire(items[each]) for each in shown]}
    is_last = first + len(shown) >= len(keys)
    if not is_last:
        body[next_page] = encode_position((route.page or 1) + 1, shown[-1])
    return Answer(orjson.dumps(body), is_last)


def not_found(message: str) -> AwsError:
    """Return API Gateway's answer for a thing that is not there."""
    return AwsError(404, "NotFoundException", message)
