"""Values that may be secret stay with AWS."""

from __future__ import annotations

import json
import logging

import pytest

from cmdb.snapshot import AccountRegionSnapshot
from collectors.values import Hasher
from simulated_aws import AccountRegion, FaultKind, SimulatedAws
from tests.unit.collectors.conftest import Read

SECRET = "hunter2-hunter2"


def stage_with_secrets(place: AccountRegion) -> str:
    api = place.add_api("orders", tags={"owner": "me", "api-key": SECRET})
    place.add_stage(
        api.id,
        "prod",
        variables={"password": SECRET, "empty": ""},
        canarySettings={"percentTraffic": 5.0, "stageVariableOverrides": {"password": SECRET}},
        tags={"Api-Key": SECRET},
    )
    return api.id


def everything_of(snapshot: AccountRegionSnapshot) -> str:
    return repr(snapshot)


def test_of_variables_only_names_and_keyed_hashes_are_kept(
    aws: SimulatedAws, place: AccountRegion, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    stage_with_secrets(place)
    with caplog.at_level(logging.INFO):
        snapshot = read(sensitive_tags=("api-*",))
    (stage,) = snapshot.readings["stage"].items
    variables = stage.payload["variables"]
    assert set(variables) == {"password", "empty"}
    assert variables["password"] == Hasher(b"a key of the tests").hide(SECRET)
    assert stage.payload["canarySettings"]["stageVariableOverrides"] == {"password": variables["password"]}
    assert stage.payload["canarySettings"]["percentTraffic"] == 5.0
    assert stage.payload["tags"] == {"Api-Key": variables["password"]}
    assert snapshot.readings["rest_api"].items[0].payload["tags"]["owner"] == "me"
    assert SECRET not in everything_of(snapshot)
    assert SECRET not in caplog.text


def test_a_broken_answer_gives_no_secret_away(
    aws: SimulatedAws, place: AccountRegion, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    stage_with_secrets(place)
    bodies = [
        json.dumps({"item": [{"stageName": "p", "variables": SECRET}]}),
        json.dumps({"item": [{"stageName": "p", "variables": {"a": [SECRET]}}]}),
        json.dumps({"item": [{"stageName": "p", "variables": {"a": SECRET}, "tags": SECRET}]}),
        json.dumps([SECRET]),
        json.dumps(SECRET),
        SECRET,
    ]
    with caplog.at_level(logging.DEBUG, "collectors"):
        for body in bodies:
            aws.faults.clear()
            aws.faults.add(FaultKind.REPLACE_BODY, "GetStages", body=body.encode())
            snapshot = read(sensitive_tags=("api-*",))
            assert snapshot.readings["stage"].items == []
            assert SECRET not in everything_of(snapshot)
    ours = [record.getMessage() for record in caplog.records if record.name == "collectors"]
    assert ours
    assert not any(SECRET in line for line in ours)


def test_another_key_gives_another_hash() -> None:
    assert Hasher(b"one").hide(SECRET) != Hasher(b"two").hide(SECRET)
    assert Hasher(b"one").hide(SECRET) == Hasher(b"one").hide(SECRET)
    assert len(Hasher(b"one").hide("")) == len("hmac:") + 32
