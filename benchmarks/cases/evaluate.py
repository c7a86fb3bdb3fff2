"""Evaluating one policy over the whole estate: in full and incrementally, without and with change; others in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.floors import bare_join, settings_join
from benchmarks.frame import Case, Result, side_by_side
from benchmarks.world import World
from evaluator.catalog.loading import load_catalog

_EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"
_SERVED = "/gateledger/aws/apigateway/rest-api-stage-"


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


def _unchanged(name: str, policy_id: str, floor: Callable[[World], float]) -> Case:
    """Measure another policy's full evaluation, nothing changed, beside a floor that reads the same fields."""

    def measure(world: World) -> Sequence[Result]:
        world.ensure_loaded()
        policy = load_catalog().policy(policy_id)

        def product() -> float:
            world.settle()
            seconds, found = world.judge_again(policy=policy, full=True)
            assert found.mode == "full", found.mode
            return seconds

        product()
        least, measured, ratio = side_by_side(lambda: floor(world), product)
        return [Result(name, world.server, world.stages, least, measured, ratio, 2.2, driver=world.stages)]

    return Case(name, measure, order=20)


def _served(policy: str, setting: str) -> Case:
    """Measure a policy about a setting of the methods that a stage serves."""
    name = f"evaluate_{policy.replace('-', '_')}"
    return _unchanged(name, f"{_SERVED}{policy}", lambda world: settings_join(world, setting))


CASES = (
    _case("evaluate_full_unchanged", 2.2, changes=False, full=True),
    _case("evaluate_full_changed", 3.0, changes=True, full=True),
    _case("evaluate_incremental_changed", 0.8, changes=True, full=False),
    _case("evaluate_incremental_unchanged", 0.1, changes=False, full=False),
    _unchanged("evaluate_certificate_expiry", _EXPIRY, bare_join),
    _served("execution-logging", "loggingLevel"),
    _served("detailed-metrics", "metricsEnabled"),
    _served("data-trace", "dataTraceEnabled"),
    _served("throttling", "throttlingRateLimit"),
    _served("cache-encryption", "cachingEnabled"),
)
