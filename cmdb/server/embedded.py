"""The embedded PostgreSQL, shared by every command that needs it and stopped by the last one.

Files in ``<data_dir>/embedded``: ``pgdata`` (the database), ``socket``, ``server.log``, ``lease`` and
``start.lock``.

Who uses the server is known by locks, not by a list: each process holds a shared lock on ``lease`` while it
works, and starting and stopping happen under an exclusive lock on ``start.lock``. The system drops a lock
with its process, so a killed command leaves nothing stale: the next one finds the server running and stops it
at its end.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cmdb.errors import EmbeddedServerError
from cmdb.server.embedded_binaries import embedded_binary
from cmdb.server.embedded_failure import explained
from cmdb.server.embedded_server import EmbeddedServer
from cmdb.server.embedded_socket import ignore_other_servers

__all__ = ["EmbeddedServer", "embedded_binary", "is_running", "lease", "uri"]

_log = logging.getLogger(__name__)

#: Longest wait for another command that starts or stops the server: a set-up and a start one after the other.
_LOCK_SECONDS = 450.0
_LOCK_POLL_SECONDS = 0.01


@dataclass
class _Lease:
    """This process's share of one server."""

    server: EmbeddedServer
    lock: int
    holders: int = 1


_guard = threading.Lock()
_leases: dict[Path, _Lease] = {}
_open_locks: set[int] = set()


def uri(data_dir: Path) -> str:
    """Return the URL of the embedded database of ``data_dir``, whether or not its server runs."""
    return EmbeddedServer(data_dir).uri


def is_running(data_dir: Path) -> bool:
    """Return whether the embedded server of ``data_dir`` accepts connections now."""
    ignore_other_servers()
    return EmbeddedServer(data_dir).is_ready()


@contextmanager
def lease(data_dir: Path) -> Iterator[str]:
    """Give the URL of the embedded database of ``data_dir``, whose server runs until the end of the block.

    The first use sets the database up. Blocks may be nested and used in several threads and processes; the
    server stops at the end of the last block of them all. Raises ``EmbeddedServerError`` when it cannot be
    started, with the cause.
    """
    ignore_other_servers()
    server = EmbeddedServer(data_dir)
    owner = os.getpid()
    _acquire(server)
    try:
        yield server.uri
    finally:
        # A child process that leaves a block of its parent does not hold the parent's lease.
        if os.getpid() == owner:
            _release(server)


def _acquire(server: EmbeddedServer) -> None:
    with _guard:
        held = _leases.get(server.folder)
        if held is not None and server.is_ready():
            held.holders += 1
            return
        with explained(server.folder):
            server.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _starting(server):
            if held is not None:  # it crashed under us
                server.ensure_running()
                held.holders += 1
                return
            lock = _open(server.folder / "lease")
            try:
                # Free at once: the exclusive lock on this file is only taken under start.lock.
                fcntl.flock(lock, fcntl.LOCK_SH)
                server.ensure_running()
            except EmbeddedServerError:
                _close(lock)
                raise
            except BaseException:  # interrupted: whatever was begun is taken back
                _stop_if_last(server, lock)
                raise
            _leases[server.folder] = _Lease(server, lock)


def _release(server: EmbeddedServer) -> None:
    with _guard:
        held = _leases.get(server.folder)
        if held is None:
            return
        held.holders -= 1
        if held.holders:
            return
        del _leases[server.folder]
        _give_up(held)


def _give_up(held: _Lease) -> None:
    try:
        with _starting(held.server):
            _stop_if_last(held.server, held.lock)
    except EmbeddedServerError as error:
        # The work is done; the next command finds the server and stops it.
        _log.warning("%s", error, extra={"event": "embedded.stop_failed", "folder": str(held.server.folder)})
        _close(held.lock)


def _stop_if_last(server: EmbeddedServer, lock: int) -> None:
    """Give back the shared lock, stopping the server when nobody else holds one; called under start.lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # others use the server
    else:
        server.stop()
    finally:
        _close(lock)


@contextmanager
def _starting(server: EmbeddedServer) -> Iterator[None]:
    """Hold the exclusive lock under which the server is started and stopped."""
    lock = _open(server.folder / "start.lock")
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(lock, server):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"Another gateledger has been starting or stopping the embedded database in "
                    f"{server.folder} for {_LOCK_SECONDS:.0f} seconds: end that process and try again."
                )
            time.sleep(_LOCK_POLL_SECONDS)
        yield
    finally:
        _close(lock)


def _try_lock(lock: int, server: EmbeddedServer) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        raise EmbeddedServerError(
            f"The file system of {server.folder} cannot lock files, which the embedded database needs: "
            "set GATELEDGER_DATA_DIR to a folder on a local disk."
        ) from error
    return True


def _open(path: Path) -> int:
    # Not inherited by other programs, so that the server never holds its own lease.
    with explained(path.parent):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _open_locks.add(lock)
    return lock


def _close(lock: int) -> None:
    if lock in _open_locks:
        _open_locks.remove(lock)
        os.close(lock)


def _release_all() -> None:
    with _guard:
        for held in list(_leases.values()):
            _give_up(held)
        _leases.clear()


def _forget_in_child() -> None:
    """Drop a forked child's copies of the locks, which would outlive the parent's leases."""
    global _guard  # noqa: PLW0603 - another thread of the parent may have held it at the fork
    _guard = threading.Lock()
    _leases.clear()
    for lock in list(_open_locks):
        _close(lock)


atexit.register(_release_all)
os.register_at_fork(after_in_child=_forget_in_child)
