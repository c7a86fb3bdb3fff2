"""The system user that runs the embedded PostgreSQL when the caller is root.

PostgreSQL refuses to run as root, so root hands it to an unprivileged user, who must be able to reach the
data folder and the programs. What is opened for that is the least that works: permission to pass through the
folders above (search, never read), and to read the PostgreSQL installation itself, which is public software.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cmdb.errors import EmbeddedServerError

_log = logging.getLogger(__name__)

#: Name of the system user that root's embedded server runs as.
SERVER_USER = "gateledger"

_CREATE_SECONDS = 15.0


@dataclass(frozen=True)
class ServerUser:
    """An unprivileged system user, by its numeric ids."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give ``path`` to this user."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_all(self, folder: Path) -> None:
        """Give ``folder`` and all in it to this user, unless it is theirs: a copy that root made is root's."""
        if folder.stat().st_uid == self.uid:
            return
        for path in folder.rglob("*"):
            self.own(path)
        self.own(folder)  # last: what ends in between is done again


def server_user(pgdata: Path) -> ServerUser | None:
    """Return the user that must run a server on ``pgdata``; None means the caller itself.

    For root this is the owner of the data when there is one already, else the system user ``gateledger``,
    created when missing. Raises ``EmbeddedServerError`` when it cannot be created.
    """
    if os.geteuid() != 0:
        return None
    if pgdata.is_dir():
        owner = pgdata.stat()
        if owner.st_uid != 0:
            return ServerUser(owner.st_uid, owner.st_gid)
    user = _known_user()
    if user is not None:
        return user
    # Of programs that add users at the same moment one may undo what another did, whatever they lock.
    with _only_one():
        return _known_user() or _create_user()


@contextmanager
def _only_one() -> Iterator[None]:
    """Let one command after the other pass."""
    folder = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _known_user() -> ServerUser | None:
    try:
        entry = pwd.getpwnam(SERVER_USER)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        raise EmbeddedServerError(
            f"The system user {SERVER_USER!r} has root's id, and PostgreSQL refuses to run as root: "
            "run gateledger as an ordinary user."
        )
    return ServerUser(entry.pw_uid, entry.pw_gid)


def _create_user() -> ServerUser:
    # Root's PATH under cron or su often lacks the sbin folders.
    useradd = shutil.which(
        "useradd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    )
    if useradd is None:
        raise EmbeddedServerError(
            "PostgreSQL refuses to run as root and this system has no useradd to make a user for it: "
            f"create a system user named {SERVER_USER!r}, or run gateledger as an ordinary user."
        )
    deadline = time.monotonic() + _CREATE_SECONDS
    while True:
        outcome = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [
                useradd,
                "--system",
                "--user-group",
                "--no-create-home",
                *("--home-dir", "/nonexistent"),
                *("--shell", "/usr/sbin/nologin"),
                SERVER_USER,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        # Looked up again whatever the outcome: another program may have made the user at the same moment, and
        # the loser of that race fails with "already exists" or "cannot lock /etc/passwd".
        user = _known_user()
        if user is not None:
            _log.info(
                "created the system user %s",
                SERVER_USER,
                extra={"event": "embedded.user_created", "uid": user.uid},
            )
            return user
        if time.monotonic() > deadline:
            cause = (outcome.stderr.strip().splitlines() or [f"exit status {outcome.returncode}"])[-1]
            raise EmbeddedServerError(
                f"PostgreSQL refuses to run as root and the system user {SERVER_USER!r} could not be created "
                f"({cause}): create it, or run gateledger as an ordinary user."
            )
        time.sleep(0.1)


def open_way_to(folder: Path, user: ServerUser) -> None:
    """Let ``user`` pass through every folder above ``folder``: add search permission where missing, no more.

    ``folder`` must be a resolved path. Raises ``OSError`` when a permission cannot be changed.
    """
    for above in reversed(folder.parents):
        mode = above.stat()
        needed = _bit(mode, user, stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH)
        if not mode.st_mode & needed:
            above.chmod(stat.S_IMODE(mode.st_mode) | needed)
            _log.info(
                "let the server's user pass through %s",
                above,
                extra={"event": "embedded.way_opened", "path": str(above)},
            )


def open_installation(binaries: Path, user: ServerUser) -> None:
    """Let ``user`` run the PostgreSQL whose programs lie in ``binaries`` (a resolved path).

    An installation made under a strict umask is readable by root alone; its files are public software, so
    they are opened for reading. Raises ``OSError`` when a permission cannot be changed.
    """
    installation = binaries.parent
    open_way_to(installation, user)
    # One program stands for all: a umask treats every file of an installation alike.
    if _may_read(installation, user) and _may_read(binaries / "postgres", user):
        return
    for path in [installation, *installation.rglob("*")]:
        mode = path.lstat()
        if stat.S_ISLNK(mode.st_mode):
            continue
        execute = stat.S_IXGRP | stat.S_IXOTH if mode.st_mode & stat.S_IXUSR else 0
        path.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IRGRP | stat.S_IROTH | execute)


def _may_read(path: Path, user: ServerUser) -> bool:
    mode = path.stat()
    return bool(mode.st_mode & _bit(mode, user, stat.S_IRUSR, stat.S_IRGRP, stat.S_IROTH))


def _bit(mode: os.stat_result, user: ServerUser, owner: int, group: int, other: int) -> int:
    """Return which of three permission bits counts for ``user``."""
    if mode.st_uid == user.uid:
        return owner
    return group if mode.st_gid == user.gid else other
