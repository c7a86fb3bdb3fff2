"""Starting the process that runs a night, waiting for its end, and ending it in time."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

from gateledger.nightly.exit_status import NightEnd, Occasion

log = logging.getLogger("gateledger.schedule")

#: How long a night that is being stopped may take to close what it has begun before it is killed. What it had
#: not committed is then lost, nothing else: the next run settles it.
STOP_SECONDS = 20.0


class NightProcess:
    """The one night that a scheduler may have in progress. Safe to use from several threads."""

    def __init__(self, config: Path | None, level: int | None, *, stop_seconds: float = STOP_SECONDS) -> None:
        """Remember the global options that every night is started with."""
        self._options = [
            *(["--config", str(config)] if config is not None else []),
            *(["--level", str(level)] if level is not None else []),
        ]
        self._stop_seconds = stop_seconds
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    def run(self, due: datetime, occasion: Occasion) -> NightEnd:
        """Run a night to its end and return what became of it."""
        with self._guard:
            if self._stopping.is_set():
                return NightEnd.STOPPED
            process = self._process = subprocess.Popen(  # noqa: S603  our own module, no shell
                [
                    *(sys.executable, "-m", "gateledger.nightly.night", *self._options),
                    *("--due", due.isoformat(), "--occasion", occasion),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C on the terminal reaches the scheduler alone, which decides when the night stops.
                start_new_session=True,
            )
        try:
            code = process.wait()
        finally:
            self._process = None
        if code in set(NightEnd):
            return NightEnd(code)
        if self._stopping.is_set():
            return NightEnd.STOPPED
        log.error(
            "the night's process died (%s); what it had committed is kept",
            f"signal {-code}" if code < 0 else f"exit code {code}",
            extra={"event": "night.died", "exit_code": code},
        )
        return NightEnd.FAILED

    def stop(self) -> None:
        """Tell a night in progress to stop, and kill it when it takes too long; allow no further one."""
        with self._guard:
            self._stopping.set()
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=self._stop_seconds)
        except subprocess.TimeoutExpired:
            log.warning(
                "the night did not stop within %.0f seconds and is killed; the next run settles it",
                self._stop_seconds,
                extra={"event": "night.killed"},
            )
            process.kill()
            process.wait()
