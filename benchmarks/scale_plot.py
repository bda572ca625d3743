"""Plot of the cost of work by the number of stored blocks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot

__all__ = ["draw"]

WITHOUT_BLOCKS = 100
"""Place of the empty database on the logarithmic axis, which has no zero."""


def draw(figures: Mapping[int, Mapping[str, float]], where: Path) -> None:
    """Draw each row relative to the empty database.

    Args:
        figures: figures by row, by the number of blocks; first those of the empty database.
        where: the SVG file to write.
    """
    sizes = list(figures)
    empty = figures[sizes[0]]
    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    axes.set_prop_cycle(color=matplotlib.color_sequences["tab20"])
    places = [max(size, WITHOUT_BLOCKS) for size in sizes]
    for row, first in empty.items():
        if first:
            axes.plot(places, [figures[size][row] / first for size in sizes], "o-", label=row)
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_yscale("log")
    axes.set_xlabel("stored blocks")
    axes.set_ylabel("cost, relative to an empty database")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    figure.savefig(where, metadata={"Date": None})
    pyplot.close(figure)
