"""From the path and query of a REST request to the operation it asks for; what is not known is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from simulated_aws.services.calls import Route, decode_position, refuse_unknown
from simulated_aws.services.errors import AwsError, not_simulated


class Paging(NamedTuple):
    """How a family of listings is paged: its parameters, page sizes, and the code of its refusals."""

    limit: str
    position: str
    default: int
    most: int


class Shape(NamedTuple):
    """A call: its operation, its path (``*`` stands for an id), and the query parameters it knows.

    ``most`` items fit on a page (``None``: as many as on one of any listing). ``embeds`` is the one value
    that ``embed`` may have. The ids in the path become ``resource_id`` and ``part_id`` of the route, in this
    order; a third one is a parameter named ``kind``.
    """

    operation: str
    path: str
    parameters: Sequence[str] = ()
    paged: bool = False
    most: int | None = None
    embeds: str | None = None


class Router:
    """Reads requests of one API (a set of shapes with one way of paging)."""

    def __init__(self, shapes: Sequence[Shape], paging: Paging, *, hidden_prefix: str = "") -> None:
        """``hidden_prefix`` is a part of each path that IAM's names of resources leave out."""
        self._hidden_prefix = hidden_prefix
        self._paging = paging
        self._shapes: dict[tuple[int, str], list[tuple[list[str], Shape]]] = {}
        for shape in shapes:
            words = shape.path.strip("/").split("/")
            self._shapes.setdefault((len(words), words[0]), []).append((words, shape))

    def read(self, method: str, target: str) -> Route:
        """Recognise a request by its method and target (path and query).

        :raises AwsError: 501 for any call that is not simulated, 400 for a bad limit or position.
        """
        path, _, query = target.partition("?")
        parts = path.removeprefix(self._hidden_prefix).strip("/").split("/")
        shape, ids = self._match(method, path, parts)
        given = self._read_query(shape, query)
        page = self._read_paging(given, shape.most) if shape.paged else None
        if len(ids) > 2:
            given["kind"] = ids[2]
        resource = f"arn:{{partition}}:apigateway:{{region}}::/{'/'.join(parts)}"
        return Route(
            shape.operation,
            given,
            ids[0] if ids else None,
            f"apigateway:{method}",
            resource,
            page,
            ids[1] if len(ids) > 1 else None,
        )

    def _match(self, method: str, path: str, parts: list[str]) -> tuple[Shape, list[str]]:
        for words, shape in self._shapes.get((len(parts), parts[0]), ()) if method == "GET" else ():
            pairs = list(zip(words, parts, strict=True))
            if all(word in {"*", part} for word, part in pairs):
                ids = [unquote(part) for word, part in pairs if word == "*"]
                if all(ids):
                    return shape, ids
        raise not_simulated(f"{method} {path} of apigateway")

    def _read_query(self, shape: Shape, query: str) -> dict[str, Any]:
        known = list(shape.parameters)
        if shape.paged:
            known += [self._paging.limit, self._paging.position]
        if shape.embeds is not None:
            known.append("embed")
        given: dict[str, Any] = {}
        for key, value in parse_qsl(query, keep_blank_values=True):
            if key in given:
                raise not_simulated(f"repeated parameter {key!r} of apigateway {shape.operation}")
            given[key] = value
        refuse_unknown("apigateway", shape.operation, given, known)
        if "embed" in given and given["embed"] != shape.embeds:
            raise not_simulated(f"embed={given['embed']} of apigateway {shape.operation}")
        return given

    def _read_paging(self, given: dict[str, Any], most: int | None) -> int:
        paging = self._paging if most is None else self._paging._replace(most=most)
        try:
            given["limit"] = int(given.pop(paging.limit, paging.default))
        except ValueError:
            message = f"Invalid {paging.limit} parameter specified"
            raise AwsError(400, "BadRequestException", message) from None
        if not 1 <= given["limit"] <= paging.most:
            message = f"Invalid {paging.limit} parameter: 1 to {paging.most} are possible"
            raise AwsError(400, "BadRequestException", message)
        try:
            page, given["after"] = decode_position(given.pop(paging.position, None))
        except ValueError:
            message = f"Invalid {paging.position} parameter specified"
            raise AwsError(400, "BadRequestException", message) from None
        return page


def smaller_pages(parameters: Mapping[str, Any], page_limit: int | None) -> Mapping[str, Any]:
    """Return parameters that ask for no more than ``page_limit`` items a page."""
    if page_limit is None or parameters.get("limit", 0) <= page_limit:
        return parameters
    return {**parameters, "limit": page_limit}
