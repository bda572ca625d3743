"""Table of the cost of work by the number of stored blocks."""

from __future__ import annotations

import json
from pathlib import Path

from docs.generate.text import table

__all__ = ["costs"]

_FIGURES = Path(__file__).parents[1] / "explanation" / "growth.json"


def costs() -> str:
    """Return the table of the figures that make bench-scale has written, and the late scan."""
    written = json.loads(_FIGURES.read_text())
    figures: dict[str, dict[str, float]] = written["figures"]
    sizes = list(figures)
    heads = ["", *(f"{int(size):,} blocks" for size in sizes), "ratio"]
    rows = [
        [row, *(_shown(row, figures[size][row]) for size in sizes), _ratio(figures, row)]
        for row in figures[sizes[0]]
    ]
    late = f"{written['late scan']:.2f} times as long as the first 200, by their medians."
    return f"{table(heads, rows)}\n\nThe last 200 of 2,000 scans took {late}\n"


def _shown(row: str, value: float) -> str:
    is_in_bytes = row.startswith(("memory", "etcd"))
    return f"{value / 1e6:.0f} MB" if is_in_bytes else f"{value * 1e3:.1f} ms"


def _ratio(figures: dict[str, dict[str, float]], row: str) -> str:
    first, *_, last = (each[row] for each in figures.values())
    return f"{last / first:.2f}"
