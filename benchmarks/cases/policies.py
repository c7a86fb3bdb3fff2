"""All policies of REST API stages, one after the other, as a night judges them, beside bare joins."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.floors import bare_join
from benchmarks.frame import Case, Result, side_by_side
from benchmarks.world import World
from evaluator.catalog.loading import load_catalog
from evaluator.catalog.policy import Policy

_STAGE = "aws.apigateway.stage"
_SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::float8 / (SELECT count(*) FROM compliance.record)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'compliance' AND c.relname IN ('record', 'record_closed')
"""


def stage_policies(world: World) -> Sequence[Result]:
    """Judge every stage under every policy that judges stages, in full and when nothing changed."""
    world.ensure_loaded()
    judging = [policy for policy in load_catalog().policies if policy.resource_type == _STAGE]
    many = len(judging)
    _night(world, judging, full=True)
    world.settle()
    size = float(world.execute(_SIZE)[0][0])
    _night(world, judging, full=False)

    def in_full() -> float:
        world.settle()
        return _night(world, judging, full=True)

    def unchanged() -> float:
        world.settle()
        return _night(world, judging, full=False)

    # The floor of one join is measured three times in a row: it is short, and the others are long.
    floor, measured, ratio = side_by_side(lambda: many * _join(world), in_full)
    least, quiet, part = side_by_side(lambda: _join(world), unchanged)
    note = f"{many} policies"
    return [
        Result("policies_full", world.server, world.stages, floor, measured, ratio, 2.5,
               driver=many * world.stages, note=f"{note}, as many bare joins"),
        Result("policies_unchanged", world.server, world.stages, least, quiet, part, 0.5,
               driver=many * world.stages, note=f"{note}, one bare join"),
        Result("bytes_per_record", world.server, world.stages, None, size, None, 150, unit="B",
               driver=many * world.stages, note="indexes included, nothing closed yet"),
    ]  # fmt: skip


def _night(world: World, policies: Sequence[Policy], *, full: bool) -> float:
    seconds = 0.0
    for policy in policies:
        took, found = world.judge_again(policy=policy, full=full)
        assert not full or found.mode == "full", (policy.id, found.mode)
        seconds += took
    return seconds


def _join(world: World) -> float:
    return sorted(bare_join(world) for _ in range(3))[1]


CASES = (Case("policies", stage_policies, order=75),)
