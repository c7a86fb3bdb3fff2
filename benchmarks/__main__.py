"""Run the benchmarks: ``make bench`` (``CASES``: patterns of names, ``STAGES``: size, ``SERVERS``)."""

from __future__ import annotations

import fnmatch
import gc
import importlib
import os
import pkgutil
import sys

from benchmarks import cases, report, servers
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
    stages = int(os.environ.get("STAGES") or MILLION)
    results: list[Result] = []
    for kind in servers.available():
        with servers.running(kind) as url:
            world = World(kind, url, stages)
            try:
                for case in wanted:
                    if case.once and kind != servers.available()[0]:
                        continue
                    for result in case.run(world):
                        results.append(result)
                        report.print_line(result)
                        report.write_json(results)
            finally:
                world.close()
    results.append(report.memory(stages))
    report.print_line(results[-1])
    report.write_json(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
