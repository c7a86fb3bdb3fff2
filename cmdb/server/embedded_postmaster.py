"""Whether the server process of a data folder is alive."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PROC = Path("/proc")


def live_postmaster(pgdata: Path) -> int | None:
    """Return the process id of the server that runs on ``pgdata``, or None.

    A pid file proves nothing: a killed server leaves it behind, and its number may belong to another process
    by now, or to a dead one that nobody has waited for.
    """
    try:
        pid = int((pgdata / "postmaster.pid").read_bytes().split(maxsplit=1)[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    serves = _serves_by_proc if _PROC.joinpath("self").exists() else _serves_by_ps
    return pid if serves(pid, pgdata) else None


def _serves_by_proc(pid: int, pgdata: Path) -> bool:
    process = _PROC / str(pid)
    try:
        status = dict(
            line.split(":", 1)
            for line in (process / "status").read_text(encoding="utf-8", errors="replace").splitlines()
        )
        command = (process / "cmdline").read_bytes().split(b"\0")[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    is_zombie = status["State"].split()[0] in {"Z", "X"}
    # The server's own children carry a title instead of a path: "postgres: checkpointer".
    is_server = command.endswith(b"/postgres") and int(status["Uid"].split()[0]) == pgdata.stat().st_uid
    if is_zombie or not is_server:
        return False
    try:
        return (process / "cwd").samefile(pgdata)  # a server works inside its data folder
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        # Root without CAP_SYS_PTRACE, as in most containers, may not follow another user's link.
        return True


def _serves_by_ps(pid: int, _pgdata: Path) -> bool:
    listed = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        ["/bin/ps", "-p", str(pid), "-o", "stat=,comm="], capture_output=True, text=True, check=False
    )
    state, _, name = listed.stdout.strip().partition(" ")
    return "Z" not in state and "postgres" in name
