"""Waiting for a signal without missing it.

A signal that comes just as a thread begins to wait for a lock, or that the system hands to another thread, is
noted by the interpreter and then acted on only once the main thread runs again: which it never does while it
waits. A pipe that the interpreter writes to at once wakes it in any case.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def woken_by_signals() -> Iterator[Callable[[], None]]:
    """Yield a function that waits until a signal comes that has a handler, or has come within this block.

    Handlers run as ever; what they raise ends the wait. For the main thread only.
    """
    waiting, waking = socket.socketpair()
    with waiting, waking:
        waking.setblocking(False)
        before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)

        def wait() -> None:
            waiting.recv(1)

        try:
            yield wait
        finally:
            signal.set_wakeup_fd(before)
