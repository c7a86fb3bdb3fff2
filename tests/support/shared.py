"""What all of a session's workers use and none changes, made by whichever comes first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

#: Environment variable with the folder that the workers of a session share.
PLACE = "XDG_CACHE_HOME"


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the session's folder of that name, filled by ``make``; it is removed with the session."""
    folder = Path(os.environ[PLACE]) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.with_suffix(".made").exists():
            shutil.rmtree(folder, ignore_errors=True)  # what a failed one left
            folder.mkdir()
            make(folder)
            folder.with_suffix(".made").touch()
    return folder
