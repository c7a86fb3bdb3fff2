"""What settings are worth that the program makes: the same work with one of them as servers have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

from benchmarks.frame import Case, Result, side_by_side
from benchmarks.world import World

#: By name: how the program sets it, and what servers have.
_EVALUATING = {
    "work_mem": (("work_mem = '128MB'", "work_mem = '4MB'"),),
    "jit": (("jit = off", "jit = on"),),
    "enable_sort": (("enable_sort = off", "enable_sort = on"),),
    "parallel_costs": (
        ("parallel_setup_cost = 100", "parallel_setup_cost = 1000"),
        ("parallel_tuple_cost = 0.001", "parallel_tuple_cost = 0.1"),
    ),
}
_MERGING = {
    "synchronous_commit": (("synchronous_commit = off", "synchronous_commit = on"),),
    "plans_by_key": tuple(
        (f"{name} = off", f"{name} = on")
        for name in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
    ),
}


def settings(world: World) -> Sequence[Result]:
    """Judge everything, and merge a night of 1 % changes, with and without each setting in turn."""
    world.ensure_loaded()

    def judge() -> float:
        return world.judge_again(full=True)[0]

    def merge() -> float:
        seconds = world.live(world.night + 1)
        world.settle()
        return seconds

    merge()
    judge()
    found = [_compared(world, name, other, judge) for name, other in _EVALUATING.items()]
    return found + [_compared(world, name, other, merge) for name, other in _MERGING.items()]


def _compared(world: World, name: str, other: Sequence[tuple[str, str]], work: Callable[[], float]) -> Result:
    def without() -> float:
        with _rewritten(other):
            return work()

    floor, measured, ratio = side_by_side(work, without)
    return Result(f"without_{name}", world.server, world.stages, floor, measured, ratio, None,
                  driver=world.stages, note="floor: as the program sets it")  # fmt: skip


@contextmanager
def _rewritten(parts: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Send statements with these parts in another form; fails when none of them was ever sent."""
    execute, seen = psycopg.Cursor.execute, set()

    def rewriting(cursor: Any, statement: Any, *values: Any, **options: Any) -> Any:
        text = statement.as_string(None) if isinstance(statement, sql.SQL) else statement
        if isinstance(text, str):
            for ours, theirs in parts:
                if ours in text:
                    seen.add(ours)
                    text = text.replace(ours, theirs)
                    statement = sql.SQL(text) if isinstance(statement, sql.SQL) else text
        return execute(cursor, statement, *values, **options)

    with patch.object(psycopg.Cursor, "execute", rewriting):
        yield
    assert seen == {ours for ours, _ in parts}, "the program sets it otherwise by now"


CASES = (Case("settings", settings, order=30),)
