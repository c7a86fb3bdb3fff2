"""Merging: the first load, a night without change, a night on which 1 % changed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.floors import bare_copy
from benchmarks.frame import Case, Result, side_by_side
from benchmarks.world import World
from cmdb.runs.runs import RunKind


def first_load(world: World) -> Sequence[Result]:
    """Snapshot objects in Python to committed versions, into an empty database."""

    def product() -> float:
        world.close()
        return world.live(0)

    floor, measured, ratio = side_by_side(lambda: bare_copy(world), product)
    return [Result("load", world.server, world.stages, floor, measured, ratio, 1.5, driver=world.stages)]


def unchanged(world: World) -> Sequence[Result]:
    """The same estate seen again: digests, scopes and all; and the server's share of it in CPU time."""
    world.ensure_loaded()
    seen = world.night
    inside: list[float] = []

    def product() -> float:
        world.settle()
        night = world.night + 1
        with world.run(RunKind.COLLECT, night) as run:
            before = world.server_seconds()
            seconds = world.merge(run, night, shown_as=seen)
            inside.append(world.server_seconds() - before)
        world.night = night
        return seconds

    floor, measured, ratio = side_by_side(lambda: bare_copy(world), product)
    share = sorted(inside)[len(inside) // 2]
    return [
        Result("unchanged", world.server, world.stages, floor, measured, ratio, 0.15, driver=world.stages),
        Result("unchanged_in_postgres", world.server, world.stages, floor, share, share / floor, 0.02,
               driver=world.stages, note="CPU of the server's processes"),
    ]  # fmt: skip


def changed(world: World) -> Sequence[Result]:
    """1 % of all items changed, scattered over all account-regions."""
    world.ensure_loaded()

    def product() -> float:
        world.settle()
        return world.live(world.night + 1)

    world.live(world.night + 1)
    floor, measured, ratio = side_by_side(lambda: bare_copy(world), product)
    return [Result("changed", world.server, world.stages, floor, measured, ratio, 0.25,
                   driver=world.stages)]  # fmt: skip


CASES = (
    Case("load", first_load, order=10),
    Case("unchanged", unchanged, order=11),
    Case("changed", changed, order=12),
)
