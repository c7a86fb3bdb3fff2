"""The nightly job from AWS to findings; after every story the whole history is checked."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateledger.settings.loading import load_settings
from simulated_aws import Estate, SimulatedAws
from tests.support.checks import breaches, differences_to_replay, differences_to_the_past
from tests.support.nights import ACCOUNT, EXPIRY, REGION, SSL, MakeNights, Nights


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's AWS or Gateledger settings reaches a test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GATELEDGER_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def estate() -> Estate:
    """One account with one region; a test may add more before the first night."""
    made = Estate(seed="acceptance")
    made.add_account(ACCOUNT, "Shop", regions=[REGION, "us-east-1"], management=True)
    return made


@pytest.fixture
def aws(estate: Estate) -> Iterator[SimulatedAws]:
    with SimulatedAws(estate) as running:
        yield running


@pytest.fixture
def make_nights(
    engine: Engine,
    database_url: str,
    aws: SimulatedAws,
    monkeypatch: pytest.MonkeyPatch,
    bare_environment: None,
) -> Iterator[MakeNights]:
    """Make nights under settings of the environment, given by their names: ``accounts="organization"``."""
    made: list[Nights] = []

    def make(**settings: str) -> Nights:
        given = {
            "database_url": database_url,
            "regions": REGION,
            "hash_key": "of the tests, nothing secret",
            "threads": "8",
            "policies": f"{SSL},{EXPIRY}",
            **settings,
        }
        environment = {f"GATELEDGER_{name.upper()}": value for name, value in given.items()}
        for name, value in {**environment, **aws.environment(ACCOUNT)}.items():
            monkeypatch.setenv(name, value)
        made.append(Nights(engine, aws, load_settings()))
        return made[-1]

    yield make
    for nights in made:
        assert breaches(nights.engine) == []
        assert differences_to_the_past(nights.engine, nights.told) == []
        assert differences_to_replay(nights.engine) == []


@pytest.fixture
def nights(make_nights: MakeNights) -> Nights:
    """Nights of one account in one region."""
    return make_nights()
