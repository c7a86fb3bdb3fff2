"""How owners are found: what the settings and the mapping file say, read and checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from gateledger.owners.file import OwnerRule, read_owner_file
from gateledger.settings.model import Settings


@dataclass(frozen=True, slots=True)
class OwnerRules:
    """Rules of the mapping file, tried first, then tags; and the owners' own addresses."""

    tags: tuple[str, ...] = ()
    rules: tuple[OwnerRule, ...] = ()
    routes: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def hash(self) -> str:
        """SHA-256 of all that decides whose an item is."""
        said = [self.tags, [[rule.owner, rule.match] for rule in self.rules]]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether nothing names owners."""
        return not (self.tags or self.rules)


def read_rules(settings: Settings) -> OwnerRules:
    """Return how the settings find owners; raises ``OwnersWrong`` for a mapping file that cannot be used."""
    if settings.owners is None:
        return OwnerRules(settings.owner_tags)
    found = read_owner_file(settings.owners, settings.sensitive_tags)
    return OwnerRules(settings.owner_tags, found.rules, found.routes)
