"""Fixtures of the tests around the embedded server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cmdb.server import embedded
from tests.support.shared import made_once


@pytest.fixture(scope="session")
def _made_once() -> Path:
    def make(folder: Path) -> None:
        with embedded.lease(folder):
            pass

    return made_once("embedded-data", make)


@pytest.fixture
def made_data_dir(_made_once: Path, data_dir: Path) -> Path:
    """A data folder whose database exists already, with no server running: a quick copy of one made once."""
    subprocess.run(["cp", "-a", str(_made_once / "embedded"), str(data_dir)], check=True)
    return data_dir


@pytest.fixture
def as_root() -> None:
    """Only root can take this test's steps (another user's files, mounts)."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to act as several users or to mount a small disk")
