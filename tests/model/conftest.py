"""A database for the system under test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.model.system import System


@pytest.fixture
def system(engine: Engine) -> Iterator[System]:
    system = System(engine)
    yield system
    system.close()
