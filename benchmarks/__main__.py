"""Run the benchmarks: ``make bench`` (``CASES``: patterns of names, ``STAGES``: sizes, ``SERVERS``)."""

from __future__ import annotations

import fnmatch
import gc
import importlib
import os
import pkgutil
import sys

from benchmarks import cases, growth, report, servers
from benchmarks.frame import Case, Result
from benchmarks.world import World

MILLION = 1_000_000


def chosen() -> list[Case]:
    """Return the cases that ``CASES`` names, in the order they run."""
    patterns = [pattern for pattern in os.environ.get("CASES", "").replace(",", " ").split() if pattern]
    found: list[Case] = []
    for module in pkgutil.iter_modules(cases.__path__):
        found += importlib.import_module(f"{cases.__name__}.{module.name}").CASES
    wanted = [
        case
        for case in found
        if not patterns or any(fnmatch.fnmatch(case.name, pattern) for pattern in patterns)
    ]
    return sorted(wanted, key=lambda case: (case.order, found.index(case)))


def main() -> int:
    """Measure, print the table and write ``build/bench.json``."""
    wanted = chosen()
    if not wanted:
        sys.stderr.write("No benchmark has such a name.\n")
        return 2
    # Making snapshots is not measured, and neither are the collector's walks over them.
    gc.disable()
    sizes = [int(size) for size in os.environ.get("STAGES", "").replace(",", " ").split()] or [MILLION]
    results: list[Result] = []

    def take(found: Result) -> None:
        results.append(found)
        report.print_line(found)
        report.write_json(results)

    for kind in servers.available():
        with servers.running(kind) as url:
            for stages in sizes:
                world = World(kind, url, stages)
                try:
                    for case in wanted:
                        for result in case.run(world):
                            take(result)
                finally:
                    world.close()
    take(report.memory(max(sizes)))
    if len(sizes) > 1:
        growth.write(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
