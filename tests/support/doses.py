"""How much of what depends on chance is tried: a small fixed dose, and more with ``make model``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

#: Set by ``make model`` to the number of histories that the model lives through.
EXAMPLES = os.environ.get("GATELEDGER_MODEL_EXAMPLES")


def at_length(rows: Sequence[Any], *, but: Callable[[Any], bool]) -> list[Any]:
    """Return rows to parametrize a test with, left to ``make matrix`` but for those that are like no other."""
    return [
        row
        if but(row)
        else pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.long)
        for row in rows
    ]


def dose(usual: int) -> settings:
    """Return settings for ``usual`` fixed examples; at length for a fifth of the model's, drawn anew.

    An example lives through the nights of one history in two databases, which takes seconds.
    """
    return settings(
        max_examples=max(usual, int(EXAMPLES) // 5) if EXAMPLES else usual,
        derandomize=EXAMPLES is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
