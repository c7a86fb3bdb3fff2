"""The nightly job tells what it changed; whatever becomes of the message, the run is done."""

from __future__ import annotations

import logging

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
