"""One embedded PostgreSQL server: its folder, first set-up, start and stop.

Nothing here counts users or takes locks: ``cmdb.server.embedded`` does, and calls these under its locks.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from pathlib import Path

from psycopg import pq

from cmdb.errors import EmbeddedServerError
from cmdb.server.embedded_binaries import EMBEDDED_MAJOR, binaries_folder, embedded_binary, run_program
from cmdb.server.embedded_failure import CHOOSE_ANOTHER, explained, last_complaint, sentence_for_failure
from cmdb.server.embedded_postmaster import live_postmaster
from cmdb.server.embedded_socket import PORT, forget_address, socket_address, socket_uri
from cmdb.server.embedded_user import ServerUser, open_installation, open_way_to, server_user

_log = logging.getLogger(__name__)

#: Name of the database, and of the role that owns it.
DATABASE = "gateledger"
#: Longest wait for a start: recovery after a crash replays up to max_wal_size of changes.
START_SECONDS = 120
STOP_SECONDS = 60
_SETUP_SECONDS = 300
_LOG_BYTES = 5_000_000
_POLL_SECONDS = 0.02

# On the command line, so that they hold for data folders made by any version of this code.
_SETTINGS = {
    "listen_addresses": "''",  # no TCP: the socket's folder is the access control
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "192MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",  # compiles for longer than these queries run
    "max_logical_replication_workers": "0",  # one process less to start
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Error reports can quote rows and statements: the log keeps the message alone.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class EmbeddedServer:
    """The PostgreSQL server whose files lie in ``<data_dir>/embedded``."""

    def __init__(self, data_dir: Path) -> None:
        """Describe the server of ``data_dir``; nothing is created or started yet."""
        # Unlike Path.resolve, this raises nothing for links that lead in a circle: using them does, in words.
        self.folder = Path(os.path.realpath(data_dir.expanduser())) / "embedded"
        self.pgdata = self.folder / "pgdata"
        self.socket_folder = self.folder / "socket"
        self.log = self.folder / "server.log"

    @property
    def uri(self) -> str:
        """The ``postgresql://`` URL of the database on its Unix socket; the same on every call."""
        return socket_uri(socket_address(self.socket_folder), DATABASE)

    def is_ready(self) -> bool:
        """Return whether the server accepts connections now."""
        with explained(self.folder):
            return self._ping() == pq.Ping.OK

    def ensure_running(self) -> None:
        """Return once the server accepts connections, setting it up and starting it as needed.

        Raises ``EmbeddedServerError`` with the cause.
        """
        deadline = time.monotonic() + START_SECONDS
        socket_address(self.socket_folder)  # raises before anything is started that nobody could reach
        self._bound_log()
        while not self.is_ready():
            # A server that is alive yet not ready is on its way up or down: its command was killed meanwhile.
            with explained(self.folder):
                alive = live_postmaster(self.pgdata) is not None
            if not alive:
                self._start(deadline)
            elif time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"The embedded database in {self.folder} is not ready after {START_SECONDS} seconds; "
                    f"it goes on recovering in the background: try again later, or read {self.log}."
                )
            else:
                time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop the server, ending any connection that is still open; do nothing when it does not run."""
        if live_postmaster(self.pgdata) is None:
            return
        outcome = run_program(
            embedded_binary("pg_ctl"),
            ["stop", "-D", ".", "-m", "fast", "-W"],
            folder=self.pgdata,
            user=server_user(self.pgdata),
            seconds=STOP_SECONDS,
        )
        if outcome.returncode != 0 or not self._has_ended():
            # Not an error of the command that just finished its work; the next command uses the server.
            _log.warning(
                "the embedded database did not stop: %s",
                last_complaint(outcome.stderr),
                extra={"event": "embedded.stop_failed", "folder": str(self.folder)},
            )
            return
        forget_address(self.socket_folder)
        _log.debug(
            "embedded database stopped", extra={"event": "embedded.stopped", "folder": str(self.folder)}
        )

    def _has_ended(self) -> bool:
        """Wait for the server's process to end; pg_ctl itself would look ten times a second only."""
        deadline = time.monotonic() + STOP_SECONDS
        while live_postmaster(self.pgdata) is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _ping(self) -> pq.Ping:
        if not (self.socket_folder / f".s.PGSQL.{PORT}").exists():
            return pq.Ping.NO_RESPONSE
        address = socket_uri(socket_address(self.socket_folder), DATABASE) + "&connect_timeout=5"
        return pq.Ping(pq.PGconn.ping(address.encode()))

    def _start(self, deadline: float) -> None:
        with explained(self.folder):
            user = self._prepare()
            if not self.pgdata.exists() or not any(self.pgdata.iterdir()):
                self._initialise(user)
            self._check_version()
            self._clear_leftovers()
            before = self.log.stat().st_size
        while True:
            outcome = run_program(
                embedded_binary("pg_ctl"),
                [
                    "start",
                    "-D",
                    ".",
                    "-l",
                    f"../{self.log.name}",
                    "-w",
                    "-t",
                    str(START_SECONDS),
                    "-o",
                    _options(),
                ],
                folder=self.pgdata,
                user=user,
                seconds=START_SECONDS + 10,
            )
            if outcome.returncode == 0:
                _log.debug(
                    "embedded database started",
                    extra={"event": "embedded.started", "folder": str(self.folder)},
                )
                return
            if live_postmaster(self.pgdata) is not None:
                return  # still recovering: the caller waits for it
            said = self._log_since(before)
            # Backends of a killed server outlive it for a moment, and a new one must not start beside them.
            if "shared memory block" in said and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise EmbeddedServerError(
                sentence_for_failure("start", self.folder, said or outcome.stderr, self.log)
            )

    def _prepare(self) -> ServerUser | None:
        """Make folder, socket folder and log with their owners; return the user to run the server as."""
        self.folder.mkdir(parents=True, exist_ok=True)
        user = server_user(self.pgdata)
        if user is not None:
            open_way_to(self.folder, user)
            open_installation(binaries_folder(), user)
            if self.folder.stat().st_uid != user.uid:
                self.folder.chmod(0o711)
            if self.pgdata.is_dir():
                user.own_all(self.pgdata)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        self.socket_folder.chmod(0o700)
        self.log.touch(mode=0o600)
        if user is not None:
            user.own(self.socket_folder)
            user.own(self.log)
        return user

    def _initialise(self, user: ServerUser | None) -> None:
        """Make the data folder under another name and rename it when whole: none is ever half made."""
        unfinished = self.folder / "pgdata.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        if user is not None:
            user.own(unfinished)
        try:
            self._setup_step(
                "initdb",
                [
                    *("-D", ".", "--username", DATABASE, "--encoding", "UTF8", "--locale", "C"),
                    *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                    # Safe because the socket lies in a folder that only its owner can enter.
                    *("--auth-local", "trust", "--auth-host", "reject"),
                    *("-c", "timezone=UTC", "--no-instructions"),
                ],
                unfinished,
                user,
            )
            self._setup_step(
                "postgres",
                ["--single", "-D", ".", "-c", "exit_on_error=on", "postgres"],
                unfinished,
                user,
                stdin=f"CREATE DATABASE {DATABASE}\n",
            )
            unfinished.rename(self.pgdata)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        _log.info(
            "embedded database made in %s",
            self.pgdata,
            extra={"event": "embedded.initialised", "folder": str(self.folder)},
        )

    def _setup_step(
        self, program: str, arguments: list[str], folder: Path, user: ServerUser | None, *, stdin: str = ""
    ) -> None:
        outcome = run_program(
            embedded_binary(program), arguments, folder=folder, user=user, seconds=_SETUP_SECONDS, stdin=stdin
        )
        if outcome.returncode != 0:
            raise EmbeddedServerError(sentence_for_failure("set up", self.folder, outcome.stderr, None))

    def _check_version(self) -> None:
        marker = self.pgdata / "PG_VERSION"
        if not marker.is_file():
            raise EmbeddedServerError(
                f"The folder {self.pgdata} holds files but no PostgreSQL database: move it away, "
                f"{CHOOSE_ANOTHER}"
            )
        found = marker.read_text(encoding="utf-8", errors="replace").strip()
        if found != str(EMBEDDED_MAJOR):
            raise EmbeddedServerError(
                f"The database in {self.pgdata} was made by PostgreSQL {found}, and this installation brings "
                f"PostgreSQL {EMBEDDED_MAJOR}: dump it with the gateledger that made it and restore it into "
                "a new GATELEDGER_DATA_DIR."
            )

    def _clear_leftovers(self) -> None:
        """Remove what a killed server left where a start would trip over it; called with no server alive.

        PostgreSQL itself clears a pid file whose process is gone. It refuses one whose process id now belongs
        to someone else, which is the rule rather than the exception after a container restarts. Its check for
        leftover backends goes by the data folder's inode and does not need that file.
        """
        (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.socket_folder.glob(".s.PGSQL.*"):
            leftover.unlink()

    def _bound_log(self) -> None:
        """Move the log's content aside when it has grown; the server goes on appending to the same file."""
        try:
            if self.log.stat().st_size <= _LOG_BYTES:
                return
            shutil.copyfile(self.log, self.folder / f"{self.log.name}.1")
            os.truncate(self.log, 0)
        except OSError as error:
            # A log that cannot be shortened is no reason to refuse work.
            if not isinstance(error, FileNotFoundError):
                _log.warning(
                    "the log %s cannot be shortened: %s",
                    self.log,
                    error.strerror,
                    extra={"event": "embedded.log_not_shortened"},
                )

    def _log_since(self, offset: int) -> str:
        with self.log.open("rb") as stream:
            stream.seek(offset)
            return stream.read().decode(errors="replace")


def _options() -> str:
    # The socket's folder relative to the data folder: a Unix socket's path may hold about 100 bytes only.
    settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    return f"-p {PORT} -k ../socket {settings}"
