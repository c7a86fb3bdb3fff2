"""When an API's methods are read again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cmdb.snapshot import Item, MethodsReading
from collectors.methods import needs_methods
from tests.support import items
from tests.unit.collectors.conftest import ACCOUNT, AS_OF, REGION

WEEK = timedelta(days=7)
NIGHT = timedelta(days=1)


def api(name: str = "a1", *types: str) -> Item:
    return items.rest_api(name, name, types or ("REGIONAL",), {})


def stages(*deployments: str | None) -> list[Item]:
    return [items.stage("a1", f"s{at}", deployment, None, {}) for at, deployment in enumerate(deployments)]


def needed(subject: Item, found: list[Item], known: MethodsReading | None, max_age: timedelta = WEEK) -> bool:
    return needs_methods(ACCOUNT, REGION, subject, found, known, as_of=AS_OF, max_age=max_age)


def known(*deployments: str, age: timedelta = timedelta(0)) -> MethodsReading:
    return MethodsReading(AS_OF - age, frozenset(deployments))


@pytest.mark.parametrize(
    ("subject", "found", "before", "expected"),
    [
        pytest.param(api(), stages("d1"), None, True, id="never read"),
        pytest.param(api(), stages("d1"), known("d1"), False, id="nothing changed"),
        pytest.param(api(), stages("d2"), known("d1"), True, id="another deployment"),
        pytest.param(api(), stages("d1", "d2"), known("d1"), True, id="one more deployment"),
        pytest.param(api(), stages("d1", "d1", None), known("d1"), False, id="one deployment on two stages"),
        pytest.param(api(), stages("d1"), known("d1", age=WEEK), True, id="old"),
        pytest.param(api("a1", "PRIVATE"), stages("d1"), None, False, id="private"),
        pytest.param(api("a1", "PRIVATE", "REGIONAL"), stages("d1"), None, True, id="not only private"),
        pytest.param(items.rest_api("a1", None, (), {}), stages("d1"), None, True, id="endpoint not told"),
        pytest.param(api(), [], None, False, id="no stage"),
    ],
)
def test_methods_are_read_only_when_needed(
    subject: Item, found: list[Item], before: MethodsReading | None, expected: bool
) -> None:
    assert needed(subject, found, before) is expected


def test_without_an_age_limit_methods_are_read_every_night() -> None:
    assert needed(api(), stages("d1"), known("d1"), timedelta(0))


def test_rereading_is_spread_over_the_nights_and_none_grows_older_than_the_limit() -> None:
    """Given 700 APIs read in one night, when nothing changes, then about a seventh fall due each night."""
    read_at = {f"api{number}": AS_OF for number in range(700)}
    per_night = []
    for night in range(1, 22):
        now = AS_OF + night * NIGHT
        due = [
            name
            for name, at in read_at.items()
            if needs_methods(
                ACCOUNT,
                REGION,
                api(name),
                stages("d1"),
                MethodsReading(at, frozenset({"d1"})),
                as_of=now,
                max_age=WEEK,
            )
        ]
        assert all(now - at <= WEEK for at in read_at.values())
        read_at.update(dict.fromkeys(due, now))
        per_night.append(len(due))
    assert sum(per_night) == 3 * 700
    assert 60 <= min(per_night) <= max(per_night) <= 140
