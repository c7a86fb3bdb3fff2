"""Where results go: a table on the terminal and ``build/bench.json``."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.frame import Result

ROOT = Path(__file__).resolve().parents[1]
_COLUMNS = "{:34} {:11} {:>9} {:>10} {:>10} {:>7} {:>7}  {}\n"
_HEADING = ("case", "server", "stages", "floor", "measured", "ratio", "goal", "")
_started: list[bool] = []


def print_line(result: Result) -> None:
    """Print one line of the table, with the heading before the first."""
    if not _started:
        sys.stdout.write(_COLUMNS.format(*_HEADING))
        _started.append(True)
    reached = {None: "", True: "reached", False: "NOT REACHED"}[result.reached]
    sys.stdout.write(
        _COLUMNS.format(
            result.case,
            result.server,
            result.stages,
            "" if result.floor is None else f"{result.floor:.3f}{result.unit}",
            f"{result.measured:.3f}{result.unit}",
            "" if result.ratio is None else f"{result.ratio:.3f}",
            "" if result.goal is None else f"{result.goal:g}",
            " ".join(part for part in (reached, result.note) if part),
        )
    )
    sys.stdout.flush()


def write_json(results: Sequence[Result]) -> None:
    """Write all results so far."""
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    text = json.dumps([result.as_json() for result in results], indent=1)
    (folder / "bench.json").write_text(text + "\n", encoding="utf-8")


def memory(stages: int) -> Result:
    """Return the most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result("peak_memory", "all", stages, None, peak, None, 300.0, unit="MiB")
