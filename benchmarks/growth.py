"""How cost grows: the figures of several sizes as a table and a plot in the documentation."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from itertools import pairwise

from benchmarks.frame import Result
from benchmarks.report import ROOT

_WIDTH, _HEIGHT, _MARGIN = 920, 420, 60
_COLOURS = (
    "#1b6ca8",
    "#c0392b",
    "#27803b",
    "#8e44ad",
    "#b9770e",
    "#2c3e50",
    "#d35487",
    "#5d6d7e",
    "#0b8a8a",
    "#7d3c06",
)


#: A line of the page's table of cases.
_LINE = re.compile(
    r"\| `(?P<case>\w+)` \| (?P<server>\w+) \| (?P<stages>\d+) \| (?:(?P<floor>[\d.e+-]+) \w+)? ?"
    r"\| (?P<measured>[\d.e+-]+) (?P<unit>\w+) \| (?P<ratio>[\d.e+-]*) \| (?P<goal>[\d.e+-]*) \|"
)


def write(measured: Sequence[Result]) -> None:
    """Write ``docs/performance.md`` and its plot; figures of cases that were not measured now stay as they are."""
    page = ROOT / "docs" / "performance.md"
    before, heading, rest = page.read_text(encoding="utf-8").partition("\n## ")
    anew = {(one.case, one.server) for one in measured}
    results = [one for one in _told(before) if (one.case, one.server) not in anew] + list(measured)
    timed = [one for one in results if one.unit == "s" and one.floor is not None and one.goal is not None]
    images = ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    (images / "growth.svg").write_text(_plot(timed), encoding="utf-8")
    # What is measured in other ways stands below, and stays.
    page.write_text(_text(results) + heading + rest, encoding="utf-8")


def _text(results: Sequence[Result]) -> str:
    lines = [
        "# What it costs",
        "",
        "Written by `make bench STAGES=10000,100000,1000000` (any sizes): every figure beside the least that",
        "the same machine needed in the same minutes for the same data, in turn, three times each; the",
        "median is shown. The ratio is what to read: seconds depend on the machine and on what else it does.",
        "An account-region holds 500 stages, 200 REST APIs and 50 certificates; *changed* means 1 % of all",
        "items, scattered over all of them.",
        "",
        "Goals are meant for a million stages; below, what a night costs whatever its size shows. What is",
        "said of a year of nights is measured at 100,000 stages at most, but for the report as a whole.",
        "",
        f"This machine has {os.cpu_count()} cores; its load averages at the end were "
        + ", ".join(f"{load:.1f}" for load in os.getloadavg())
        + " (what the benchmarks themselves add is about 1.5).",
        "",
        "Floors: for loading and nights, a bare `COPY` of every item's key and payload into one plain table;",
        "for evaluations, the bare join of the current rows with the policy's `CASE`, counted by status.",
        "",
        "![Seconds by number of stages, both axes logarithmic](images/growth.svg)",
        "",
        "| case | server | stages | floor | measured | ratio | goal |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in sorted(results, key=lambda result: (result.case, result.server, result.stages)):
        floor = "" if one.floor is None else f"{one.floor:.3g} {one.unit}"
        ratio = "" if one.ratio is None else f"{one.ratio:.3g}"
        goal = "" if one.goal is None else f"{one.goal:g}"
        lines.append(
            f"| `{one.case}` | {one.server} | {one.stages} | {floor} | {one.measured:.3g} {one.unit} "
            f"| {ratio} | {goal} |"
        )
    lines += ["", "Growth from one size to the next (1: as many times the seconds as the stages):", ""]
    lines += ["| case | server | from | to | exponent |", "| --- | --- | ---: | ---: | ---: |"]
    for (case, server), series in _series(results).items():
        for smaller, larger in pairwise(series):
            if smaller.unit == "s" and smaller.stages < larger.stages:
                exponent = math.log(larger.measured / smaller.measured) / math.log(
                    larger.stages / smaller.stages
                )
                lines.append(f"| `{case}` | {server} | {smaller.stages} | {larger.stages} | {exponent:.2f} |")
    return "\n".join(lines) + "\n"


def _told(page: str) -> list[Result]:
    """Return the results that the page's table shows."""
    found = []
    table, _, _ = page.partition("\nGrowth from one size")
    for text in table.splitlines():
        if not text.startswith("| `"):
            continue
        line = _LINE.fullmatch(text)
        if line is None:
            raise SystemExit(f"docs/performance.md: this line of the table cannot be read: {text}")
        floor, ratio, goal = (
            float(line[name]) if line[name] else None for name in ("floor", "ratio", "goal")
        )
        found.append(
            Result(
                line["case"],
                line["server"],
                int(line["stages"]),
                floor,
                float(line["measured"]),
                ratio,
                goal,
                line["unit"],
            )
        )
    return found


def _series(results: Sequence[Result]) -> dict[tuple[str, str], list[Result]]:
    found: dict[tuple[str, str], list[Result]] = {}
    for result in sorted(results, key=lambda one: (one.case, one.server, one.stages)):
        if result.measured > 0:
            found.setdefault((result.case, result.server), []).append(result)
    return found


def _plot(results: Sequence[Result]) -> str:
    stages = sorted({result.stages for result in results})
    seconds = [value for result in results for value in (result.measured, result.floor) if value]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))

    def place(number: float, value: float) -> tuple[float, float]:
        across = (math.log10(number) - math.log10(stages[0])) / max(1e-9, math.log10(stages[-1] / stages[0]))
        up = (math.log10(value) - low) / (high - low)
        inner = _WIDTH - 6.4 * _MARGIN, _HEIGHT - 2 * _MARGIN
        return _MARGIN + across * inner[0], _HEIGHT - _MARGIN - up * inner[1]

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for power in range(low, high + 1):
        x, y = place(stages[0], 10.0**power)
        right = place(stages[-1], 10.0**power)[0]
        parts.append(f'<line x1="{x}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for number in stages:
        x, _ = place(number, 10.0**low)
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 35}" text-anchor="middle">{number:,} stages</text>')
    cases = sorted({result.case for result in results})
    for at, case in enumerate(cases):
        text = f'<text x="{_WIDTH - 5 * _MARGIN}" y="{24 + at * 17}" fill="{_colour(at)}">{case}</text>'
        parts.append(text)
    for (case, server), series in _series(results).items():
        colour = _colour(cases.index(case))
        dash = "" if server == "embedded" else ' stroke-dasharray="6 3"'
        points = " ".join("{:.1f},{:.1f}".format(*place(one.stages, one.measured)) for one in series)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
    if any(result.server != "embedded" for result in results):
        y = 24 + (len(cases) + 1) * 17
        parts.append(f'<text x="{_WIDTH - 5 * _MARGIN}" y="{y}">solid: embedded, dashed: postgres15</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _colour(at: int) -> str:
    return _COLOURS[at % len(_COLOURS)]
