"""The pace of a job."""

from __future__ import annotations

from gateledger.terminal.throughput import Throughput


class Clock:
    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


def test_the_rest_takes_as_long_a_step_as_what_is_done() -> None:
    clock = Clock()
    pace = Throughput(clock)
    assert pace.seconds_left(10) is None
    clock.now += 8.0
    for _ in range(4):
        pace.step(calls=20, throttles=1)
    assert (pace.calls_a_second, pace.throttles) == (10.0, 4)
    assert pace.seconds_left(10) == 12.0
    assert pace.seconds_left(None) is None
    assert pace.seconds_left(3) == 0.0
