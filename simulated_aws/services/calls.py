"""A recognised call, and what a service answers to it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from simulated_aws.credentials import Credentials, Principal
from simulated_aws.estate import Account, Estate
from simulated_aws.services.errors import AwsError, not_simulated


class World(NamedTuple):
    """What answers are made from."""

    estate: Estate
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, as read from a request alone: it does not depend on who asks, nor on the estate.

    ``resource_id`` is what the call is about (a REST API's id, a certificate, a role). ``action`` and
    ``resource`` are what IAM decides on; ``{partition}``, ``{region}`` and ``{account}`` in it are filled in.
    ``page`` counts from 1 and is ``None`` for calls without pages. ``part_id`` is a second id, of what is
    within the first (a stage of a REST API, a deployment).
    """

    operation: str
    parameters: Mapping[str, Any]
    resource_id: str | None
    action: str | None
    resource: str
    page: int | None = None
    part_id: str | None = None


class Caller(NamedTuple):
    """Who asks, and in which region the request is signed."""

    principal: Principal
    account: Account
    region: str


class Answer(NamedTuple):
    """A body. ``is_last``: whether no page follows it; ``once``, that the next one will be another.

    ``content_type`` is by default that of the service.
    """

    body: bytes
    is_last: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    once: bool = False


def json_parameters(service: str, operation: str, body: bytes, known: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of a JSON request; a parameter that is not simulated is refused."""
    try:
        parsed = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise AwsError(400, "SerializationException", "The request is not JSON.") from None
    if not isinstance(parsed, dict):
        raise AwsError(400, "SerializationException", "The request is not a JSON object.")
    refuse_unknown(service, operation, parsed, known)
    return parsed


def refuse_unknown(service: str, operation: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse parameters that the simulated AWS would otherwise silently ignore."""
    if unknown := given.keys() - set(known):
        raise not_simulated(f"parameter {sorted(unknown)[0]!r} of {service} {operation}")


def encode_position(page: int, after: str) -> str:
    """Return an opaque token for page ``page``, which begins after the item ``after``.

    It holds a key and no offset, so items added or deleted between two pages shift nothing.
    """
    return base64.urlsafe_b64encode(f"{page}:{after}".encode()).decode("ascii")


def decode_position(token: str | None) -> tuple[int, str]:
    """Return page number and the item a page begins after (``""``: at the start).

    :raises ValueError: when the token was not made here.
    """
    if token is None:
        return 1, ""
    try:
        number, _, after = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition(":")
        page = int(number)
    except (binascii.Error, ValueError):
        raise ValueError(f"{token!r} is not a position") from None
    if page < 2 or not after:
        raise ValueError(f"{token!r} is not a position")
    return page, after
