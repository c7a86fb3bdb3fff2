"""What every refusal of bad input has in common: one sentence, the exit code, and nothing written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tests.support.command_line import Ended

#: A sentence that says more than this has lost its reader.
_LONGEST = 1_000


def snapshot(folder: Path) -> dict[str, str]:
    """Return all that lies in the folder: a digest of each file, the target of each link."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            content = "folder"
            if path.is_symlink():
                content = f"link to {path.readlink()}"
            elif path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(folder))] = content
    return found


def assert_refused(ended: Ended, code: int, *hints: str) -> None:
    """The command ended with the code, wrote nothing to stdout, and one sentence with the hints to stderr."""
    told = ended.err
    assert ended.code == code, told or f"it was taken: {ended.out[:60]!r}"
    assert ended.out == ""
    assert told.startswith("gateledger: ")
    assert told.count("\n") == 1, told
    assert told.endswith((".\n", "?\n")), told
    # No character that a terminal would obey or not show.
    assert told[:-1].isprintable(), ascii(told)
    assert len(told) <= _LONGEST, told
    for word in ("Traceback", "unexpected error", " None", "pydantic", "<class", "object at 0x"):
        assert word not in told, told
    for hint in hints:
        assert hint in told, told
