"""An empty list of findings says why it is empty, and warns whoever relies on it before anything was judged."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from gateledger.terminal.exits import ExitCode
from tests.support.command_line import CommandLine
from tests.support.histories import History

ACCOUNT, REGION = "111122223333", "eu-central-1"


def test_an_empty_answer_says_why(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command_line = CommandLine(database_url, monkeypatch)

    def told(*options: str) -> str:
        ended = command_line("findings", *options)
        assert (ended.code, ended.err) == (ExitCode.DONE, "")
        return ended.out.splitlines()[-1]

    # given nothing judged: an empty list proves nothing
    assert "Nothing has been evaluated yet" in told()
    assert json.loads(command_line("findings", "--format", "json").out) == []
    warned = command_line("findings", "--fail-on", "INCOMPLIANT")
    assert warned.code == ExitCode.DONE
    assert "Nothing has been evaluated yet" in warned.err
    # given a night
    history = History(engine)
    history.region(ACCOUNT, REGION).api("a1b2c3d4e5").stage("prod")
    night = history.night()
    # then each name that nothing goes by is named
    assert "Account 999999999999 was never collected" in told("--account", "999999999999")
    assert "Account 999999999999 was never collected" in told("--by-api", "--account", "999999999999")
    assert "Region eu-west-9 was never collected" in told(
        "--region", REGION, "--region", "eu-west-9", "--owner", "x"
    )
    assert "Nobody named x owns an item" in told("--owner", "x")
    assert told("--status", "DISAPPEARED") == "No finding matches."
    # and times before the first evaluation and after the last are known for what they are
    assert "the first evaluation is as of" in told("--as-of", "2001-01-01")
    assert "Nothing later than the evaluation of" in told("--as-of", "2099-01-01")
    assert "Nothing later" not in told("--as-of", night.as_of.isoformat())
