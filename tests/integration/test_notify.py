"""Telling what a run changed: what is worth a message, what it says, and targets that fail."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from cmdb.errors import SettingsError
from cmdb.runs.runs import Run
from gateledger.nightly.notify import SHOWN, message_of, notify_of_changes
from gateledger.nightly.summary import RunSummary
from gateledger.settings.loading import load_settings
from gateledger.settings.values import notify_targets
from tests.support.histories import DENIED, History
from tests.support.webhook import SECRET, webhook


@pytest.fixture
def history(engine: Engine) -> History:
    history = History(engine)
    history.policies = ["/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"]
    return history


def summary_of(run: Run) -> RunSummary:
    return RunSummary(run.run_id, str(run.kind), run.as_of, timedelta(seconds=1))


def body_of(engine: Engine, run: Run) -> list[str]:
    message = message_of(engine, summary_of(run))
    return [] if message is None else [message.title, *message.body.splitlines()]


def test_new_incompliant_and_resolved_stages_are_told_once(engine: Engine, history: History) -> None:
    """Given a bare stage fixed on the third night, then the first and the third have something to tell."""
    region = history.region()
    stage = region.api("a1b2c3d4e5").stage("bare\nstage")
    region.certificate("cert01")
    where = "111122223333 (Shop) eu-central-1 a1b2c3d4e5/bare\\nstage under rest-api-stage-ssl-certificate"
    first = history.night()
    assert body_of(engine, first) == [
        "Gateledger: 1 new incompliant",
        "Run 1 as of 2026-01-01T02:00:00Z.",
        "",
        "New incompliant: 1",
        f"- {where}: certificate_empty",
    ]
    assert body_of(engine, history.night()) == []
    stage.certificate = "cert01"
    assert body_of(engine, history.night()) == [
        "Gateledger: 1 resolved",
        "Run 3 as of 2026-01-03T02:00:00Z.",
        "",
        "Resolved: 1",
        f"- {where}, after 2.00 days",
    ]
    assert body_of(engine, history.night()) == []


def test_an_undetermined_stretch_makes_nothing_new_and_a_deleted_stage_is_not_resolved(
    engine: Engine, history: History
) -> None:
    region = history.region()
    api = region.api("a1b2c3d4e5")
    api.stage("bare")
    history.night()
    region.failure = DENIED
    history.nights(5)
    region.failure = None
    assert body_of(engine, history.night()) == []
    del api.stages["bare"]
    assert body_of(engine, history.night()) == []


def test_scopes_are_told_when_they_fail_for_the_second_night(engine: Engine, history: History) -> None:
    region = history.region()
    region.api("private001", endpoint_types=("PRIVATE",)).stage("inner")
    history.nights(2)
    region.failure = DENIED
    assert body_of(engine, history.night()) == []
    told = body_of(engine, history.night())
    assert told[0] == "Gateledger: 5 scopes failing"
    assert (
        "- 5 scopes in 111122223333 (Shop), eu-central-1, 5 item types, failed, last read 2026-01-02 02:00Z: "
        "GetStages was denied." in told
    )
    assert body_of(engine, history.night()) == []
    other = history.region("444455556666", "us-east-1", None)
    other.api("a1b2c3d4e5").stage("bare")
    told = body_of(engine, history.night())
    assert told[0] == "Gateledger: 1 new incompliant"
    assert told[-1] == "5 more have not been read completely for longer."


def test_a_scope_that_never_worked_is_told_on_its_second_night(engine: Engine, history: History) -> None:
    history.region().failure = DENIED
    assert body_of(engine, history.night()) == []
    told = body_of(engine, history.night())
    assert told[0] == "Gateledger: 5 scopes failing"
    assert any("never read" in line for line in told)
    assert body_of(engine, history.night()) == []


def test_a_long_list_is_cut(engine: Engine, history: History) -> None:
    api = history.region().api("a1b2c3d4e5")
    for number in range(SHOWN + 5):
        api.stage(f"stage{number:02}")
    told = body_of(engine, history.night())
    assert told[0] == f"Gateledger: {SHOWN + 5} new incompliant"
    assert told[-1] == "- and 5 more"
    assert len(told) == SHOWN + 5


def test_one_message_goes_to_each_target_and_a_failing_one_stops_nothing(
    engine: Engine, history: History, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a good, a refusing, a dead and a senseless target, then one is told and the log has the rest."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    history.region().api("a1b2c3d4e5").stage("<b>bare</b>")
    run = history.night()
    with webhook() as (good, taken), webhook(500) as (refusing, refused):
        targets = ", ".join([refusing, "json://127.0.0.1:9/x", f"senseless://{SECRET}", good])
        monkeypatch.setenv("GATELEDGER_NOTIFY", targets)
        with caplog.at_level(logging.INFO):
            notify_of_changes(engine, load_settings(), summary_of(run))
    assert len(taken) == len(refused) == 1
    assert taken[0]["title"] == "Gateledger: 1 new incompliant"
    assert "a1b2c3d4e5/<b>bare</b>" in taken[0]["message"]
    events = [(getattr(record, "event", ""), getattr(record, "target", None)) for record in caplog.records]
    assert events == [
        ("notify.target_failed", 1),
        ("notify.target_failed", 2),
        ("notify.target_failed", 3),
        ("notify.sent", None),
    ]
    assert SECRET not in caplog.text


def test_nothing_is_asked_or_sent_without_the_setting(engine: Engine) -> None:
    run = History(engine).night()
    statements: list[str] = []
    event.listen(engine, "do_connect", lambda *_: statements.append("connected"))
    engine.dispose()
    notify_of_changes(engine, load_settings(), summary_of(run))
    assert statements == []


def test_a_database_that_is_gone_is_a_warning(
    engine: Engine, history: History, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = history.night()
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP SCHEMA report CASCADE")
        connection.commit()
    monkeypatch.setenv("GATELEDGER_NOTIFY", "json://127.0.0.1:9/")
    notify_of_changes(engine, load_settings(), summary_of(run))
    assert [getattr(record, "event", "") for record in caplog.records] == ["notify.failed"]


def test_the_setting_is_a_list_whose_addresses_may_hold_commas_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = f"mailto://u:{SECRET}@example.com?to=a@b.c,d@e.f, slack://A/B/C json://h/p,"
    assert notify_targets(text) == (
        f"mailto://u:{SECRET}@example.com?to=a@b.c,d@e.f",
        "slack://A/B/C",
        "json://h/p",
    )
    monkeypatch.setenv("GATELEDGER_NOTIFY", text)
    settings = load_settings()
    assert len(settings.notify_targets()) == 3
    assert SECRET not in repr(settings)
    monkeypatch.setenv("GATELEDGER_NOTIFY", SECRET)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert SECRET not in str(refused.value)
    assert "GATELEDGER_NOTIFY" in str(refused.value)
