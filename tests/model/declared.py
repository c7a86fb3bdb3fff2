"""A small AWS of items of any declared type, and a collector that hands them over by the contract of the CMDB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from cmdb.items import NEVER, Absence, Field, ItemType, Kind, Reference, Scope, item_type
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, Failure, FailureKind, Item, Reading, ScopeStatus
from collectors.answers import AnswerDigests
from tests.model.payloads import derived, payload

ACCOUNT = AccountKey("aws", "111122223333")
REGIONS = ("eu-central-1", "us-east-1")
DENIED = Failure(FailureKind.DENIED, "GetSomething", "It was denied.")
#: Slots in which items of a type can lie: two of each of two parents, or two in all.
SLOTS = 4


def _both(name: str, kind: Kind) -> tuple[Field, Field]:
    """Return a field that is a column, and one of the same kind that is read from the payload."""
    return (
        Field(name, kind, name, f"The {name} outside.", "There is none.", stored=True),
        Field(f"inner_{name}", kind, f"inner.{name}", f"The {name} inside.", "There is none."),
    )


GADGET = ItemType(
    name="gadget",
    title="gadget",
    resource_type="aws.apigateway.gadget",
    arn="arn:{partition}:apigateway:{region}::/usageplans/{usage_plan_id}/gadgets/{gadget_id}",
    scopes=(Scope("gadget", ("apigateway:GetGadgets",)),),
    parent="usage_plan",
    key=Field("gadget_id", Kind.TEXT, "id", "Its id within the usage plan.", NEVER),
    label="name",
    digested=("parts",),
    references=(Reference("certificate_id", "certificate", "The certificate that it shows."),),
    fields=(
        Field("name", Kind.TEXT, "name", "Its name.", "None was given.", stored=True, since="named_at"),
        Field(
            "certificate_id", Kind.TEXT, "certificateId", "Its certificate.", "It has none.", stored=True,
            since="certificate_shown_at",
        ),
        Field("parts", Kind.INTEGER, "parts", "How many parts it has.", NEVER, stored=True, derived=True),
        Field("maker", Kind.TEXT, "maker", "Who made it.", "Nobody knows.", stored=True, derived=True),
        Field("mood", Kind.TEXT, "mood", "How it is just now.", "It says nothing.", volatile=True),
        Field("manual", Kind.JSON, "manual", "Its manual.", "There is none.", encoded=True),
        *(one for kind in Kind for one in _both(f"{kind.name.lower()}_value", kind)),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What happens to the item in a slot: it has this content from now on (0: it goes)."""

    region: int
    item_type: int
    slot: int
    number: int


@dataclass(frozen=True)
class Trouble:
    """What keeps a night from reading a type in a region: all (``failed``, ``left out``) or a slot (``part``)."""

    region: int
    item_type: int
    kind: str
    slot: int = 0


@dataclass(frozen=True)
class Night:
    """A night: hours since the one before, what happened, what it cannot read, how answers come."""

    pause: timedelta
    changes: Sequence[Change] = ()
    troubles: Sequence[Trouble] = ()
    proves: bool = False
    """Whether collectors look for what is missing and prove it absent."""
    answered: bool = True
    backwards: bool = False


@dataclass(frozen=True)
class Place:
    """Where an item is: its type, the key of its parent, its own key."""

    item_type: str
    parent: str | None
    key: str


@dataclass
class Seen:
    """A reading of one scope, as the model and the collector both take it: ``None`` in place of it: it failed."""

    items: dict[Place, Item]
    unread: set[str]
    """Groups (parents, or items themselves) that could not be read."""
    absent: set[str]
    parents: set[str]
    """Parents whose items were read."""


@dataclass
class World:
    """What is there, by region; ``types`` are the item types of the life, parents before their children."""

    types: Sequence[str]
    there: dict[str, dict[Place, int]] = field(default_factory=lambda: {region: {} for region in REGIONS})

    def apply(self, change: Change) -> None:
        """Let something happen."""
        name = self.types[change.item_type % len(self.types)]
        held = self.there[REGIONS[change.region]]
        place = place_of(name, change.slot)
        if change.number:
            held[place] = change.number
        else:
            held.pop(place, None)

    def read(self, night: Night, region: str) -> dict[str, Seen | None]:
        """Return what a night reads of a region, by scope; scopes that are left out are missing."""
        found: dict[str, Seen | None] = {}
        readable: dict[str, tuple[set[str], set[str]]] = {}
        for name in self.types:
            declared = item_type(name)
            troubles = [
                trouble
                for trouble in night.troubles
                if REGIONS[trouble.region] == region
                and self.types[trouble.item_type % len(self.types)] == name
            ]
            kinds = {trouble.kind for trouble in troubles}
            parents = None if declared.parent is None else readable.get(declared.parent)
            if "left out" in kinds or (declared.parent in self.types and parents is None):
                continue
            unread = {_group(name, trouble.slot) for trouble in troubles if trouble.kind == "part"}
            for scope in declared.scopes:
                found[scope.name] = (
                    None if "failed" in kinds else self._scope(region, name, scope, unread, parents, night)
                )
            if "failed" not in kinds:
                there = {place.key for place in self.there[region] if place.item_type == name}
                readable[name] = there - unread, unread
        return found

    def _scope(
        self, region: str, name: str, scope: Scope, unread: set[str], above: tuple[set[str], set[str]] | None,
        night: Night,
    ) -> Seen:  # fmt: skip
        """Read a scope; ``above`` are the keys of parents that were read, and of those that could not be."""
        declared = item_type(name)
        parents = None if above is None else above[0] - unread
        if above is not None:
            unread = (unread & above[0]) | above[1]
        if declared.absence is Absence.PROOF:
            unread = {key for key in unread if kind_of(key) == scope.kind}
        seen = Seen({}, unread, set(), parents or set())
        for place, number in self.there[region].items():
            group = place.key if place.parent is None else place.parent
            if place.item_type != name or group in unread:
                continue
            if scope.kind is not None and kind_of(place.key) != scope.kind:
                continue
            if parents is None or place.parent in parents:
                seen.items[place] = made(place, number)
        if declared.absence is Absence.PROOF and night.proves:
            listed = {place_of(name, slot).key for slot in range(SLOTS)}
            seen.absent = {key for key in listed - unread if kind_of(key) == scope.kind}
            seen.absent -= {place.key for place in seen.items}
        return seen


def kind_of(certificate_id: str) -> str:
    """Return the kind of a certificate by its key."""
    return "ACM" if certificate_id.startswith("arn:") else "API_GATEWAY"


def place_of(name: str, slot: int) -> Place:
    """Return the place of a slot."""
    declared = item_type(name)
    parent = None if declared.parent is None else place_of(declared.parent, slot // 2).key
    if declared.key is None:
        return Place(name, parent, "")
    key = f"{name}{slot % 2}"
    if declared.absence is Absence.PROOF and slot % 2:
        key = f"arn:aws:acm:eu-central-1:111122223333:certificate/{slot % 2}"
    return Place(name, parent, key)


def _group(name: str, slot: int) -> str:
    place = place_of(name, slot)
    return place.key if place.parent is None else place.parent


def made(place: Place, number: int) -> Item:
    """Return the item of a content, as a reader would."""
    declared = item_type(place.item_type)
    named = {
        reference.field: [place_of(reference.item_type, slot).key for slot in range(SLOTS)]
        for reference in declared.references
    }
    said = payload(place.item_type, place.key, number, named)
    computed = derived(declared, said, named)
    if declared.kind_field is not None:
        computed[declared.kind_field] = kind_of(place.key)
    return Item(place.key, said, place.parent, computed)


def snapshot(region: str, seen: Mapping[str, Seen | None], night: Night) -> AccountRegionSnapshot:
    """Return what a collector hands over."""
    return AccountRegionSnapshot(
        ACCOUNT,
        region,
        {
            name: Reading(ScopeStatus.FAILED, DENIED) if one is None else _reading(one, night)
            for name, one in seen.items()
        },
    )


def _reading(seen: Seen, night: Night) -> Reading:
    items = list(seen.items.values())
    if night.backwards:
        items.reverse()
    reading = Reading(
        ScopeStatus.PARTIAL if seen.unread else ScopeStatus.COMPLETE,
        DENIED if seen.unread else None,
        items=items,
        unread=dict.fromkeys(sorted(seen.unread), DENIED),
        absent=set(seen.absent),
    )
    if not night.answered:
        return reading
    if seen.parents:
        reading.answers = answers = AnswerDigests(b"a key of the tests").by_api()
        for parent in sorted(seen.parents):
            answers.add(parent, repr([item for item in items if item.parent == parent]).encode())
    elif not seen.unread and all(item.parent is None for item in items):
        reading.answer = hashlib.sha256(repr(items).encode()).digest()
    return reading


def content_of(declared: ItemType, item: Item) -> str:
    """Return what makes a version: all but what changes by itself."""
    kept = {name: value for name, value in item.payload.items() if name not in declared.volatile}
    return json.dumps([kept, {name: str(value) for name, value in item.derived.items()}], sort_keys=True)
