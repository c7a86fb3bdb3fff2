"""Fixtures of the whole project.

``database_url`` gives a test its own database with the real migrations applied. It lies on the embedded
server; a test marked ``both_servers`` runs again on the system's PostgreSQL 15, where that is installed.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine

from cmdb.server.database import open_engine
from tests.support.jobs import Jobs
from tests.support.poolers import find_pgbouncer
from tests.support.servers import EMBEDDED, SYSTEM_15, Servers, find_system_15, scratch_folder
from tests.support.shared import PLACE

# A fixed budget of fixed examples by default; GATELEDGER_TEST_RANDOM=1 draws new ones, and
# GATELEDGER_TEST_NO_SHRINK=1 shows the first failing one as it was drawn.
hypothesis.settings.register_profile(
    "fixed",
    derandomize=not os.environ.get("GATELEDGER_TEST_RANDOM"),
    phases=[
        phase
        for phase in hypothesis.Phase
        if phase is not hypothesis.Phase.shrink or not os.environ.get("GATELEDGER_TEST_NO_SHRINK")
    ],
)
hypothesis.settings.load_profile("fixed")


def pytest_configure(config: pytest.Config) -> None:
    # As the programs do themselves: most of what is made while modules are loaded stays.
    gc.set_threshold(50_000, 20, 20)
    # A shell gives its background jobs, and so their children, an ignored SIGINT: tests that interrupt
    # commands would wait for ever.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "both_servers: run on the embedded server and on the system's PostgreSQL 15 if installed"
    )
    config.addinivalue_line("markers", "long: takes its time; left out unless asked for with -m long")

    # A machine's own bundle of authorities is read for every session of the SDK; simulated AWS needs none.
    os.environ.pop("REQUESTS_CA_BUNDLE", None)

    # Servers that tests start keep the memory of a plan for the next one, rather than ask the system for it anew.
    for setting in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
        os.environ.setdefault(setting, str(2**28))

    # Remembered checks are this session's own; its workers and the commands that tests start share them.
    if not hasattr(config, "workerinput"):
        os.environ[PLACE] = tempfile.mkdtemp(prefix="gl-shared-")
        Path(os.environ[PLACE]).chmod(0o711)  # a server that runs as another user lies in it
        config.add_cleanup(lambda: shutil.rmtree(os.environ[PLACE], ignore_errors=True))


def pytest_collection_finish() -> None:
    # What is imported by now stays: looking through all of it again and again is no use.
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find_pgbouncer() is None:
        terminalreporter.write_line("PgBouncer is not installed: no test went through a pooler")
    if find_system_15() is None:
        terminalreporter.write_line(
            "PostgreSQL 15 is not installed: both_servers tests ran on the embedded one only"
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres_server_kind" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("both_servers") is not None:
        # All other tests run on the embedded server: where there are two, these run on it only at length.
        kinds = (
            [pytest.param(EMBEDDED)]
            if find_system_15() is None
            else [pytest.param(SYSTEM_15), pytest.param(EMBEDDED, marks=pytest.mark.long)]
        )
        metafunc.parametrize("postgres_server_kind", kinds, indirect=True)


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[Servers]:
    """The session's servers; with pytest-xdist each worker has its own."""
    with Servers() as servers:
        yield servers


@pytest.fixture
def postgres_server_kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", EMBEDDED))


@pytest.fixture
def postgres_url(postgres_servers: Servers, postgres_server_kind: str) -> str:
    """URL of the server's own database; leave it as it is and take ``database_url`` to work on."""
    return postgres_servers.get(postgres_server_kind).url


@pytest.fixture
def database_url(postgres_servers: Servers, postgres_server_kind: str) -> Iterator[str]:
    """URL of a database of this test alone, with all migrations applied."""
    with postgres_servers.get(postgres_server_kind).database(migrated=True) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_servers: Servers, postgres_server_kind: str) -> Iterator[str]:
    """URL of a database of this test alone, with nothing in it."""
    with postgres_servers.get(postgres_server_kind).database(migrated=False) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Engine on ``database_url``."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def jobs() -> Iterator[Jobs]:
    """Commands as processes of their own."""
    with scratch_folder() as folder, Jobs(folder) as jobs:
        yield jobs


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty folder fit for an embedded server of this test alone (``GATELEDGER_DATA_DIR``)."""
    with scratch_folder() as folder:
        yield folder
