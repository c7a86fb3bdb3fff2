"""HTTP and WebSocket APIs of an account-region, with what is wanted of each: stages, routes, integrations.

They are read before the REST APIs and so before the certificates that stages of WebSocket APIs name. Each kind of
part is a scope of its own: what of one API could not be read leaves everything else standing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from cmdb.snapshot import Failure, FailureKind, Item, Reading, ScopeStatus
from collectors import apigatewayv2
from collectors.apigateway import Listing
from collectors.calls import Caller
from collectors.errors import ReadFailure
from collectors.patience import Patience
from collectors.reader import Reader, Readings, RegionAccess, pages_for
from collectors.readings import because, conclude
from collectors.served import ServedReader
from collectors.values import Hasher

_PARTS: Mapping[str, Callable[[Caller, Hasher, str], Listing]] = {
    "api_stage": apigatewayv2.get_stages,
    "api_routes": lambda caller, _, api_id: apigatewayv2.get_routes(caller, api_id),
    "api_integrations": lambda caller, _, api_id: apigatewayv2.get_integrations(caller, api_id),
}
_TITLES = {"api_stage": "stages", "api_routes": "routes", "api_integrations": "integrations"}


@dataclass(slots=True)
class _Part:
    """What is read of one scope, API by API."""

    read: Callable[[Caller, Hasher, str], Listing]
    patience: Patience = field(default_factory=Patience)
    found: dict[str, Listing] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def forget(self, api_id: str) -> None:
        """Take back what was read of an API that is gone."""
        self.found.pop(api_id, None)
        self.failures.pop(api_id, None)


def read(access: RegionAccess, _so_far: Readings) -> dict[str, Reading]:
    """Read the APIs and the wanted parts of each. Raises nothing of AWS."""
    caller, hasher = access.caller, access.hasher
    parts = {scope: _Part(read) for scope, read in _PARTS.items() if scope in access.wanted}
    try:
        listed = apigatewayv2.get_apis(caller, hasher)
    except ReadFailure as error:
        failed = because("The HTTP and WebSocket APIs could not be listed", error.failure)
        rest = {scope: Reading(ScopeStatus.FAILED, failed) for scope in parts}
        return {"api": Reading(ScopeStatus.FAILED, error.failure), **rest}
    apis = Reading(ScopeStatus.COMPLETE, answer=listed.digest(hasher))
    for api in listed.items:
        if _read_parts(caller, hasher, api.key, parts):
            apis.items.append(api)
        else:
            # What was listed is no longer what is there.
            apis.answer = None
            for part in parts.values():
                part.forget(api.key)
    return {"api": apis, **{scope: _concluded(scope, part, hasher) for scope, part in parts.items()}}


def _read_parts(caller: Caller, hasher: Hasher, api_id: str, parts: Mapping[str, _Part]) -> bool:
    """Read the parts of an API; return False when the API is gone meanwhile."""
    for part in parts.values():
        try:
            part.found[api_id] = part.patience.guarded(partial(part.read, caller, hasher, api_id))
        except ReadFailure as error:
            if error.failure.kind is FailureKind.ABSENT and _is_gone(caller, api_id, part.patience):
                return False
            part.failures[api_id] = error.failure
    return True


def _is_gone(caller: Caller, api_id: str, patience: Patience) -> bool:
    try:
        return patience.guarded(lambda: apigatewayv2.api_is_gone(caller, api_id))
    except ReadFailure:
        return False


def _concluded(scope: str, part: _Part, hasher: Hasher) -> Reading:
    reading = Reading(ScopeStatus.COMPLETE, unread=dict(part.failures))
    answers = hasher.answers.by_api()
    reading.answers = answers
    for api_id, listing in part.found.items():
        reading.items += listing.items
        if listing.bodies is None:
            reading.answers = None
        else:
            answers.add(api_id, b"".join(listing.bodies))
    nothing_read = bool(part.failures) and not part.found
    conclude(reading, "HTTP or WebSocket API", f"whose {_TITLES[scope]}", nothing_read=nothing_read)
    return reading


class NamingStages:
    """The stages of one HTTP or WebSocket API within a reading, for those who follow the certificates they name."""

    title = "API"
    is_gone = False

    def __init__(self, api_id: str, stages: dict[str, Item], reading: Reading) -> None:
        """Take the stages by name, and the reading that they are part of."""
        self.api_id = api_id
        self.stages = stages
        self._reading = reading

    def look(self, caller: Caller, hasher: Hasher, name: str) -> Item | None:
        """Return a stage as it is now; None: there is none. Raises ``ReadFailure``."""
        return apigatewayv2.get_stage(caller, hasher, self.api_id, name)

    def replace(self, name: str, stage: Item | None) -> None:
        """Take a stage as it was seen after the listing (None: it is gone)."""
        old = self.stages.pop(name)
        self._reading.items.remove(old)
        self._reading.answers = None
        if stage is not None:
            self.stages[name] = stage
            self._reading.items.append(stage)

    def read_again(self, served: ServedReader) -> None:
        """Nothing that a stage serves is read of such an API."""


def naming_stages(reading: Reading | None) -> list[NamingStages]:
    """Return the stages of a reading by their APIs; it is changed where they are replaced."""
    if reading is None:
        return []
    by_api: dict[str, dict[str, Item]] = {}
    for stage in reading.items:
        assert stage.parent is not None  # noqa: S101 - a stage belongs to an API
        by_api.setdefault(stage.parent, {})[stage.key] = stage
    return [NamingStages(api_id, stages, reading) for api_id, stages in by_api.items()]


def _calls(sizes: Mapping[str, int]) -> dict[str, int]:
    apis = sizes.get("api", 0)
    return {"api": pages_for(apis), **dict.fromkeys(_PARTS, apis)}


#: First, for the certificates that its stages name are read after the stages of REST APIs.
READER = Reader(
    scopes=("api", *_PARTS),
    read=read,
    calls=_calls,
    costs={"api": "1", **dict.fromkeys(_PARTS, "1 per HTTP or WebSocket API")},
    resources=("apis", "apis/*"),
    is_first=True,
)
