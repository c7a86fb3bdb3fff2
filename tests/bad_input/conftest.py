"""A bare place to work in, in which nothing may appear."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

#: No server listens there.
NOWHERE = "postgresql://user:c4nary@127.0.0.1:1/db"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with no setting of the machine; home, data and temporary files belong there."""
    for name in [name for name in os.environ if name.startswith(("GATELEDGER_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Runs commands in that place, with a database that does not answer: what is refused never asks it."""
    return CommandLine(NOWHERE, monkeypatch)
