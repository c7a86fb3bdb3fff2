"""What the oracle knows of any policy: which items have a verdict, which are gone, and which were not read lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cmdb.items import ItemType, item_type
from tests.model.knowledge import Knowledge, KnownRegion
from tests.model.truth import PARENTS
from tests.model.verdicts import Rules, is_fresh

GONE, STALE, JUDGED = "gone", "stale", "judged"

ItemKey = tuple[str, str]
"""Account and ARN."""


def outlines(known: Knowledge, judged: ItemType, as_of: datetime, rules: Rules) -> dict[ItemKey, str]:
    """Return how every item of a type that was ever known has to stand under any policy, as of a time."""
    found = {}
    for key, region in known.regions.items():
        for names, is_gone, read_at in _items(region, judged.name):
            arn = judged.arn.format(partition="aws", account_id=key[0], region=key[1], **names)
            is_known = is_fresh(read_at, as_of, rules)
            found[key[0], arn] = GONE if is_gone else JUDGED if is_known else STALE
    return found


def _items(region: KnownRegion, name: str) -> Iterator[tuple[dict[str, str], bool, datetime | None]]:
    """Yield the items of a type: the keys in their ARNs, whether they are gone, when they were looked for."""
    if name == "rest_api":
        scope = region.scopes.get("rest_api")
        for rest_api_id, api in region.apis.items():
            yield {"rest_api_id": rest_api_id}, api.gone, None if scope is None else scope.read_at
    elif name == "stage":
        for rest_api_id, api in region.apis.items():
            for stage_name, stage in api.stages.items():
                names = {"rest_api_id": rest_api_id, "stage_name": stage_name}
                yield names, stage.gone_at is not None, api.stages_read_at
    else:
        for (of, parent, key), other in region.others.items():
            if of == name:
                yield _names(name, parent, key), other.is_gone, other.read_at


def _names(name: str, parent: str | None, key: str) -> dict[str, str]:
    declared = item_type(name)
    assert declared.key is not None
    names = {declared.key.name: key}
    above = PARENTS[name]
    if above is not None:
        own = item_type(above).key
        assert own is not None
        assert parent is not None
        names[own.name] = parent
    return names
