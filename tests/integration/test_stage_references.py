"""``history`` and ``explain`` find the stage that any reference means, or list the candidates."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from tests.support.command_line import CommandLine
from tests.support.histories import History

ID, OTHER, LONE = "a1b2c3d4e5", "f6g7h8i9j0", "k1l2m3n4o5"
EU, US = "eu-central-1", "us-east-1"
ACCOUNT, BANK = "111122223333", "444455556666"
ARN = f"arn:aws:apigateway:{EU}::/restapis/{ID}/stages/prod"


@pytest.fixture
def command_line(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Two nights: an API with two stages, one with one stage and one gone, and one id in two regions."""
    history = History(engine)
    shop = history.region(ACCOUNT, EU)
    api = shop.api(ID)
    api.stage("prod")
    api.stage("dev")
    lone = shop.api(LONE)
    lone.stage("prod")
    lone.stage("old")
    for region in (shop, history.region(BANK, US)):
        region.api(OTHER).stage("prod")
    history.night()
    del lone.stages["old"]
    history.night()
    return CommandLine(database_url, monkeypatch)


def arns(command_line: CommandLine, command: str, *arguments: str) -> set[str]:
    ended = command_line(command, *arguments, "--format", "json")
    assert (ended.code, ended.err) == (0, ""), ended.err
    return {row["resource_arn"] for row in json.loads(ended.out)}


def refusal(command_line: CommandLine, *arguments: str) -> str:
    ended = command_line(*arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    return ended.err


@pytest.mark.parametrize("command", ["history", "explain"])
def test_every_form_finds_the_stage(command_line: CommandLine, command: str) -> None:
    for text in (
        ARN,
        f"arn:aws:execute-api:{EU}:{ACCOUNT}:{ID}/prod/GET/orders",
        f"https://{EU}.console.aws.amazon.com/apigateway/main/apis/{ID}/stages/prod?api={ID}&region={EU}",
        f"https://{EU}.console.aws.amazon.com/apigateway/home?region={EU}#/apis/{ID}/stages/prod",
        f"https://{ID}.execute-api.{EU}.amazonaws.com/prod/orders",
        f"{ID}/prod",
    ):
        assert arns(command_line, command, text) == {ARN}, text


@pytest.mark.parametrize("command", ["history", "explain"])
def test_an_api_with_one_stage_that_exists_stands_for_it(command_line: CommandLine, command: str) -> None:
    for text in (
        f"arn:aws:apigateway:{EU}::/restapis/{LONE}",
        f"https://{EU}.console.aws.amazon.com/apigateway/main/apis/{LONE}/stages?api={LONE}&region={EU}",
        f"https://{LONE}.execute-api.{EU}.amazonaws.com",
        LONE,
    ):
        assert arns(command_line, command, text) == {f"arn:aws:apigateway:{EU}::/restapis/{LONE}/stages/prod"}
    told = refusal(command_line, command, ID)
    assert "or name by --policy what judges the API itself" in told
    gone = arns(command_line, "history", f"{LONE}/old")
    assert gone == {f"arn:aws:apigateway:{EU}::/restapis/{LONE}/stages/old"}


@pytest.mark.parametrize("command", ["history", "explain"])
def test_several_stages_are_listed_in_one_sentence(command_line: CommandLine, command: str) -> None:
    told = refusal(command_line, command, f"arn:aws:apigateway:{EU}::/restapis/{ID}")
    assert "fits 2 stages" in told
    assert ARN in told
    assert ARN.replace("prod", "dev") in told
    told = refusal(command_line, command, f"{OTHER}/prod")
    assert f"arn:aws:apigateway:{EU}::/restapis/{OTHER}/stages/prod" in told
    assert f"arn:aws:apigateway:{US}::/restapis/{OTHER}/stages/prod" in told


@pytest.mark.parametrize("command", ["history", "explain"])
def test_an_account_narrows_what_is_meant(command_line: CommandLine, command: str) -> None:
    in_us = f"arn:aws:apigateway:{US}::/restapis/{OTHER}/stages/prod"
    assert arns(command_line, command, f"{OTHER}/prod", "--account", BANK) == {in_us}
    assert arns(command_line, command, f"arn:aws:execute-api:{US}:{BANK}:{OTHER}/prod") == {in_us}
    told = refusal(command_line, command, f"arn:aws:execute-api:{EU}:{BANK}:{ID}/prod")
    assert f"was never recorded in account {BANK}" in told
    told = refusal(command_line, command, f"arn:aws:execute-api:{EU}:{BANK}:{ID}/prod", "--account", ACCOUNT)
    assert f"not one of --account {ACCOUNT}" in told


@pytest.mark.parametrize("command", ["history", "explain"])
def test_an_unknown_stage_is_answered_with_the_nearest(command_line: CommandLine, command: str) -> None:
    told = refusal(command_line, command, f"{ID}/prd")
    assert "was ever recorded: the nearest known is" in told
    assert ARN in told
    assert ARN in refusal(command_line, command, f"{ID.upper()}/PROD")
    assert "findings --format json" in refusal(command_line, command, "zzzzzzzzzz/nowhere")
