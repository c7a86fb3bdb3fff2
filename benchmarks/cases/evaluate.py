"""Evaluating one policy over the whole estate: in full and incrementally, without and with change."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.floors import bare_join
from benchmarks.frame import Case, Result, side_by_side
from benchmarks.world import World


def _case(name: str, goal: float, *, changes: bool, full: bool) -> Case:
    def measure(world: World) -> Sequence[Result]:
        world.ensure_loaded()
        modes: set[str] = set()
        changed: list[int] = []

        def product() -> float:
            if changes:
                world.live(world.night + 1)
            world.settle()
            seconds, found = world.judge_again(full=full)
            modes.add(found.mode)
            changed.append(found.changed)
            return seconds

        product()
        changed.clear()
        modes.clear()
        floor, measured, ratio = side_by_side(lambda: bare_join(world), product)
        assert modes == {"full" if full else "incremental"}, modes
        return [Result(name, world.server, world.stages, floor, measured, ratio, goal, driver=world.stages,
                       note=f"{max(changed)} records changed")]  # fmt: skip

    return Case(name, measure, order=20)


CASES = (
    _case("evaluate_full_unchanged", 2.2, changes=False, full=True),
    _case("evaluate_full_changed", 3.0, changes=True, full=True),
    _case("evaluate_incremental_changed", 0.8, changes=True, full=False),
    _case("evaluate_incremental_unchanged", 0.1, changes=False, full=False),
)
