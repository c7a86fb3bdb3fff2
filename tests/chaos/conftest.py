"""Disturbed nights on the servers of the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.nights import DisturbedNight, prepared
from tests.support.jobs import Jobs
from tests.support.servers import EMBEDDED, Servers


@pytest.fixture(scope="session")
def night(jobs: Jobs, postgres_servers: Servers) -> Iterator[DisturbedNight]:
    """The night to disturb, on the session's embedded server."""
    with prepared(jobs, postgres_servers.get(EMBEDDED).url) as night:
        yield night
