from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from gateledger.terminal.signals import woken_by_signals


@pytest.fixture
def told() -> Iterator[list[int]]:
    """Numbers of the signals that a handler was called with."""
    numbers: list[int] = []

    def tell(number: int, _frame: FrameType | None) -> None:
        numbers.append(number)

    before = signal.signal(signal.SIGUSR1, tell)
    yield numbers
    signal.signal(signal.SIGUSR1, before)


def in_a_moment(action: Callable[[], None]) -> threading.Thread:
    def act() -> None:
        time.sleep(0.05)
        action()

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def to_this_thread() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)


def to_the_process() -> None:
    os.kill(os.getpid(), signal.SIGUSR1)


@pytest.mark.parametrize("send", [to_this_thread, to_the_process])
def test_a_signal_ends_the_wait_whichever_thread_the_system_hands_it_to(
    send: Callable[[], None], told: list[int]
) -> None:
    with woken_by_signals() as wait:
        sender = in_a_moment(send)
        wait()
        sender.join()
    assert told == [signal.SIGUSR1]


def test_a_signal_that_came_before_the_wait_ends_it(told: list[int]) -> None:
    with woken_by_signals() as wait:
        to_the_process()
        assert told == [signal.SIGUSR1]
        wait()


def test_what_a_handler_raises_ends_the_wait_and_nothing_is_left_behind() -> None:
    def refuse(_number: int, _frame: FrameType | None) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGUSR1, refuse)
    held = signal.set_wakeup_fd(-1)
    try:
        in_a_moment(to_the_process)
        with woken_by_signals() as wait, pytest.raises(InterruptedError):
            wait()
        assert signal.set_wakeup_fd(held) == -1
    finally:
        signal.signal(signal.SIGUSR1, before)
