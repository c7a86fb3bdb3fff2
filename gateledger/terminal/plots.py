"""Plots for a terminal, in letters: readable without colour and in a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date

from gateledger.terminal.streams import is_utf8

HEIGHT = 16
LETTERS = "ABCDEFGH"
#: Lines that one plot can hold and people can still tell apart.
MOST_LINES = len(LETTERS)
_MOST_TICKS = 5
_TICK_WIDTH = 20
#: The axes' lines for encodings that have none.
_ASCII = str.maketrans("─┬┴│├┤┌┐└┘┼", "---|||+++++")
#: Columns below which no axis fits.
_NARROWEST = 20


def percent_plot(
    days: Sequence[date], lines: Mapping[str, Sequence[float | None]], *, title: str, width: int
) -> str:
    """Return a plot of percentages by day, each line drawn with its own letter; None leaves a gap.

    ``lines`` holds at most ``MOST_LINES`` lines, each with a value for every day.
    """
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(max(width, _NARROWEST), HEIGHT)
    figure.ruler("y").lim(0, 100)
    last = len(days) - 1
    # One day alone still needs an axis of some length.
    figure.ruler("x").lim(0, max(last, 1))
    number = max(2, min(_MOST_TICKS, width // _TICK_WIDTH))
    ticks = sorted({round(last * tick / (number - 1)) for tick in range(number)})
    figure.ruler("x").ticks(ticks, [days[tick].isoformat() for tick in ticks])
    for letter, values in zip(LETTERS, lines.values(), strict=False):
        points = [(at, float(value)) for at, value in enumerate(values) if value is not None]
        if points:
            figure.draw(
                figure.signal([at for at, _ in points], [value for _, value in points], marker=letter)
            )
    drawn = str(plotext.uncolorize(str(figure.build())))
    figure.clear()
    if not is_utf8(sys.stdout):
        drawn = drawn.translate(_ASCII)
    return "\n".join([title, *(line.rstrip() for line in drawn.splitlines())])
