"""Parsers of AWS's JSON that refuse what botocore's let pass: something else where a list is promised.

botocore walks over whatever stands there, so that an empty object or text becomes an empty list (from which
everything would be concluded to be deleted), and a text becomes a list of its letters.
"""

from __future__ import annotations

from typing import Any

from botocore.parsers import (
    PROTOCOL_PARSERS,
    JSONParser,
    ResponseParserError,
    ResponseParserFactory,
    RestJSONParser,
)

from collectors.answers import BODY
from collectors.values import parse_timestamp


class _ListsAreLists:
    """Refuses a list in a body that is none; those in headers are texts by nature."""

    def _handle_list(self, shape: Any, node: Any) -> Any:
        if not isinstance(node, list) and shape.serialization.get("location") != "header":
            raise ResponseParserError(f"{shape.name} is not a list")
        return super()._handle_list(shape, node)  # type: ignore[misc]


class _Json(_ListsAreLists, JSONParser):
    pass


class _RestJson(_ListsAreLists, RestJSONParser):
    def parse(self, response: Any, shape: Any) -> Any:
        """Return the parsed answer with its body noted in ``ResponseMetadata``, for a digest of it."""
        parsed = super().parse(response, shape)
        if response["status_code"] < 300 and isinstance(parsed, dict):
            parsed["ResponseMetadata"][BODY] = response["body"]
        return parsed


_STRICT = {"json": _Json, "rest-json": _RestJson}


class StrictParsers(ResponseParserFactory):
    """Makes the parsers of a session; times are parsed by ``parse_timestamp``."""

    def create_parser(self, protocol_name: str) -> Any:
        """Return a parser for a protocol."""
        made: Any = _STRICT.get(protocol_name) or PROTOCOL_PARSERS[protocol_name]
        return made(timestamp_parser=parse_timestamp)
