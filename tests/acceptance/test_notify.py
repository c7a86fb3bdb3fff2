"""The nightly job tells what it changed; whatever becomes of the message, the run is done."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.support.nights import MakeNights
from tests.support.webhook import SECRET, webhook


def test_a_run_sends_one_message_and_ends_well_when_nobody_takes_it(
    make_nights: MakeNights, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a stage that loses its certificate, then one message tells it, and a dead target is a warning."""
    with webhook() as (address, taken), webhook(500) as (refusing, refused):
        nights = make_nights(notify=f"{address}, {refusing}")
        stage = nights.stage(certificate=nights.certificate())
        nights.night()
        assert taken == []
        nights.detach(stage)
        with caplog.at_level(logging.INFO):
            summary = nights.night()
    assert [message["title"] for message in taken] == ["Gateledger: 1 new incompliant"]
    assert len(refused) == 1
    assert summary.new["INCOMPLIANT"] == 1
    assert nights.verdict(stage) == ("INCOMPLIANT", "certificate_empty")
    events = [getattr(record, "event", "") for record in caplog.records]
    assert events.count("notify.sent") == events.count("notify.target_failed") == 1
    assert SECRET not in caplog.text


def test_owners_get_messages_about_their_own_items_at_their_own_addresses(
    make_nights: MakeNights, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Given two owners with addresses and one without, then each message is about one's own items alone."""
    file = tmp_path / "owners.yaml"
    with (
        webhook() as (everybody, all_taken),
        webhook() as (shop, shop_taken),
        webhook(500) as (bank, refused),
    ):
        file.write_text(
            f"owners:\n  - owner: shop\n    notify: {shop}\n"
            f'  - owner: $(rm -rf ~)\n    match: {{api: "orders", region: us-east-1}}\n    notify: [{bank}]\n',
            encoding="utf-8",
        )
        nights = make_nights(notify=everybody, owners=str(file), owner_tags="owner", regions="enabled")
        place = nights.place()
        tagged = nights.stage("tagged", certificate=nights.certificate())
        place.update_stage(tagged.api_id, "tagged", tags={"owner": "shop"})
        other = nights.place("us-east-1")
        mapped = nights.stage("mapped", place=other, certificate=nights.certificate(other))
        nobodys = nights.stage("nobodys", certificate=nights.certificate())
        nights.night()
        assert (all_taken, shop_taken, refused) == ([], [], [])
        for stage in (tagged, nobodys, mapped):
            nights.detach(stage)
        with caplog.at_level(logging.INFO):
            nights.night()
    assert [message["title"] for message in all_taken] == ["Gateledger: 3 new incompliant"]
    (own,) = shop_taken
    assert own["title"] == "Gateledger, shop: 1 new incompliant"
    assert "/tagged " in own["message"]
    assert "nobodys" not in own["message"]
    assert "mapped" not in own["message"]
    assert len(refused) == 1
    assert SECRET not in caplog.text
    assert "check `notify` of '$(rm -rf ~)' in GATELEDGER_OWNERS" in caplog.text
