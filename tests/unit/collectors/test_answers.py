"""Digests of AWS's answers: the same as long as the same items are made of them, and only so long."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cmdb.snapshot import AccountRegionSnapshot, ScopeStatus
from collectors import answers
from collectors.answers import BODY, AnswerDigests, bodies_of
from simulated_aws import AccountRegion, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import Read


def by_api(snapshot: AccountRegionSnapshot) -> Mapping[str, bytes]:
    assert snapshot.readings["stage"].answers is not None
    return snapshot.readings["stage"].answers.by_parent()


def digests(snapshot: AccountRegionSnapshot) -> tuple[object, ...]:
    assert snapshot.readings["stage"].answers is not None
    whole = snapshot.readings["stage"].answers.whole()
    return (
        snapshot.readings["rest_api"].answer,
        whole,
        snapshot.readings["client_certificate"].answer,
        by_api(snapshot),
    )


@pytest.fixture
def filled(place: AccountRegion) -> AccountRegion:
    for name in ("one", "two"):
        place.add_stage(place.add_api(name).id, "prod", variables={"key": "secret"})
    place.create_certificate("c1")
    return place


def test_what_did_not_change_has_the_same_digests(filled: AccountRegion, read: Read) -> None:
    first = read()
    assert None not in digests(first)
    assert set(by_api(first)) == {api.key for api in first.readings["rest_api"].items}
    assert digests(read()) == digests(first)


def test_a_changed_stage_changes_the_digest_of_its_api_alone(filled: AccountRegion, read: Read) -> None:
    before = read()
    changed, kept = sorted(by_api(before))
    filled.update_stage(changed, "prod", description="new")
    after = read()
    assert by_api(after)[changed] != by_api(before)[changed]
    assert by_api(after)[kept] == by_api(before)[kept]
    assert digests(after)[1] != digests(before)[1]
    assert after.readings["rest_api"].answer == before.readings["rest_api"].answer
    assert after.readings["client_certificate"].answer == before.readings["client_certificate"].answer


def test_an_unread_api_has_no_digest(filled: AccountRegion, aws: SimulatedAws, read: Read) -> None:
    unread, other = sorted(by_api(read()))
    aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=unread)
    snapshot = read()
    assert snapshot.readings["stage"].status is ScopeStatus.PARTIAL
    assert set(by_api(snapshot)) == {other}


def test_tags_to_hide_and_the_key_are_part_of_it() -> None:
    made = {
        AnswerDigests(key, tags).of(b"body")
        for key in (b"key", b"other")
        for tags in ((), ("*secret*",), ("*secret*", "token"))
    }
    assert len(made) == 6
    assert AnswerDigests(b"key", ("b", "a")).of(b"body") == AnswerDigests(b"key", ("a", "b")).of(b"body")
    assert AnswerDigests(b"key").of(b"bo", b"dy") == AnswerDigests(b"key").of(b"body")


def test_another_version_of_the_sdk_makes_others(monkeypatch: pytest.MonkeyPatch) -> None:
    before = AnswerDigests(b"key").of(b"body")
    monkeypatch.setattr(answers, "_versions", lambda: b"gateledger\x009.9\x00botocore\x009.9")
    assert AnswerDigests(b"key").of(b"body") != before


def test_where_the_next_page_begins_is_no_content() -> None:
    def page(position: str, name: str = "a") -> dict[str, object]:
        body = f'{{"item":["{name}"],"position":"{position}"}}'.encode()
        return {"position": position, "ResponseMetadata": {BODY: body}}

    assert bodies_of([page("x1")]) == bodies_of([page("y2")])
    assert bodies_of([page("x1")]) != bodies_of([page("x1", "b")])
    assert bodies_of([{"ResponseMetadata": {}}]) is None
    assert bodies_of([page("x1"), {}]) is None


def test_the_api_is_part_of_what_its_answer_says() -> None:
    one, other = AnswerDigests(b"key").by_api(), AnswerDigests(b"key").by_api()
    one.add("api1", b"body")
    other.add("api2", b"body")
    assert one.whole() != other.whole()
    assert set(one.by_parent().values()).isdisjoint(other.by_parent().values())
