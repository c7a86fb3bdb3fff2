"""A handful of the tables once more, in a process of its own: arguments and settings are real bytes there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateledger.terminal.exits import ExitCode
from tests.support.command_line import Ended
from tests.support.refusals import assert_refused, snapshot

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "hint"),
    [
        ([b"findings", b"--region", b"caf\xe9"], {}, ExitCode.USAGE, "--region"),
        ([b"findings", b"--as-of", b"\x1b[31m"], {}, ExitCode.USAGE, "ISO 8601"),
        (
            [b"iam-policy"],
            {b"GATELEDGER_HASH_KEY": b"x" * 20 + b"\xe9"},
            ExitCode.ERROR,
            "GATELEDGER_HASH_KEY",
        ),
        ([b"iam-policy"], {b"GATELEDGER_KEEP": b"soon"}, ExitCode.ERROR, "GATELEDGER_KEEP"),
        ([b"--config", b"caf\xe9.toml", b"status"], {}, ExitCode.ERROR, "cannot be read"),
        ([b"history"], {}, ExitCode.USAGE, "ARN"),
    ],
)
def test_a_real_process(
    arguments: list[bytes], settings: dict[bytes, bytes], code: int, hint: str, place: Path
) -> None:
    before = snapshot(place)
    kept = {name: value for name, value in os.environb.items() if not name.startswith(b"GATELEDGER_")}

    done = subprocess.run(
        [os.fsencode(sys.executable), b"-c", b"from gateledger.cli import main; main()", *arguments],
        env={**kept, b"PYTHONPATH": os.fsencode(ROOT), b"PYTHONDONTWRITEBYTECODE": b"1", **settings},
        cwd=place,
        capture_output=True,
        check=False,
    )

    assert_refused(Ended(done.returncode, done.stdout.decode(), done.stderr.decode()), code, hint)
    assert snapshot(place) == before
