"""Parsers of AWS's answers that refuse what botocore's let pass, and let pass what they refuse.

botocore walks over whatever stands where a list is promised, so that an empty object or text becomes an empty
list (from which everything would be concluded to be deleted), and a text becomes a list of its letters.

An error in a form that is not AWS's comes from a proxy or gateway on the way: its HTTP status is what can be
believed of it, where botocore's XML parsers would complain about the form.
"""

from __future__ import annotations

from typing import Any

from botocore.parsers import (
    PROTOCOL_PARSERS,
    EC2QueryParser,
    JSONParser,
    QueryParser,
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


class _ErrorsByStatus:
    """Makes of an error that is not AWS's own one without code and words, whose status is known."""

    def parse(self, response: Any, shape: Any) -> Any:
        try:
            return super().parse(response, shape)  # type: ignore[misc]
        except ResponseParserError:
            if response["status_code"] < 400:
                raise
            metadata = {"HTTPStatusCode": response["status_code"], "HTTPHeaders": dict(response["headers"])}
            return {"Error": {"Code": "", "Message": ""}, "ResponseMetadata": metadata}


class _Query(_ErrorsByStatus, QueryParser):
    pass


class _Ec2(_ErrorsByStatus, EC2QueryParser):
    pass


class _Json(_ListsAreLists, JSONParser):
    pass


class _RestJson(_ListsAreLists, RestJSONParser):
    def parse(self, response: Any, shape: Any) -> Any:
        """Return the parsed answer with its body noted in ``ResponseMetadata``, for a digest of it."""
        parsed = super().parse(response, shape)
        if response["status_code"] < 300 and isinstance(parsed, dict):
            parsed["ResponseMetadata"][BODY] = response["body"]
        return parsed


_STRICT = {"json": _Json, "rest-json": _RestJson, "query": _Query, "ec2": _Ec2}


class StrictParsers(ResponseParserFactory):
    """Makes the parsers of a session; times are parsed by ``parse_timestamp``."""

    def create_parser(self, protocol_name: str) -> Any:
        """Return a parser for a protocol."""
        made: Any = _STRICT.get(protocol_name) or PROTOCOL_PARSERS[protocol_name]
        return made(timestamp_parser=parse_timestamp)
