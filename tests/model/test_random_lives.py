"""A random estate lives through random nights; every view equals what a plain model says."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import EstateMachine
from tests.model.system import System

#: Examples to try; without it a small fixed number, the same ones each time.
EXAMPLES = os.environ.get("GATELEDGER_MODEL_EXAMPLES")
SHRINKS = not os.environ.get("GATELEDGER_TEST_NO_SHRINK")


@pytest.fixture
def machine(system: System) -> Iterator[type[EstateMachine]]:
    EstateMachine.system = system
    EstateMachine.judged_again = 3 if EXAMPLES else 1
    yield EstateMachine
    print(
        f"\n{EstateMachine.examples} examples, {EstateMachine.steps_taken} steps, "
        f"{EstateMachine.nights_lived} nights"
    )


def test_every_view_equals_the_model_after_every_step(machine: type[EstateMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(EXAMPLES or 4),
            stateful_step_count=40 if EXAMPLES else 20,
            derandomize=EXAMPLES is None,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Shrinking a failure takes minutes: only who asked for many examples has them, and wants it.
            phases=(Phase.generate, Phase.shrink) if EXAMPLES and SHRINKS else (Phase.generate,),
            print_blob=False,
        ),
    )
