"""Command `python -m benchmarks.scale`: the cost of work by the number of stored blocks.

It prints a table of ratios to an empty database, and writes all figures as JSON and as a plot.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd

from .by_hand import ByHand
from .following import iterations
from .growing_observatory import GrowingObservatory
from .measure import CALL_S
from .proc import resident, total_processor_time
from .scale_plot import draw
from .stored_blocks import StoredBlocks

DOCS = Path("docs/explanation")

SIZES = (0, 1_000, 10_000, 50_000)
SCANS = 150
CHANGES = 300
SETTLE_S = 0.5
"""Time in which the servers finish their work after the last change."""

MAX_RATIO = {"a command": 1.15, "processor time": 1.5, "memory": 1.6}
"""Limits of the ratio to an empty database, by the first words of a row."""

MAX_PROCESSOR_TIME_S = 0.0015
MAX_START_S = 5.0
"""Limits whatever the ratio."""

IN_BYTES = ("memory", "etcd")
"""First words of the rows in bytes; all others are in seconds."""

SCANS_OF_A_BLOCK = 2_000
SCANS_COMPARED = 200
MAX_LATE_SCAN = 1.3

Figures = dict[str, float]
"""Seconds, or bytes, by row."""


def main() -> None:
    """Measure, print the table and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--json", type=Path, default=DOCS / "growth.json")
    parser.add_argument("--plot", type=Path, default=DOCS / "growth.svg")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        Etcd(Path(directory)) as etcd,
    ):
        by_hand = ByHand(etcd.host, etcd.port)
        blocks = StoredBlocks(by_hand)
        figures: dict[int, Figures] = {}
        for size in arguments.sizes:
            blocks.grow(size)
            figures[size] = _measure(etcd, by_hand, blocks)
            Console(stderr=True).print(f"{size} blocks: {figures[size]}")
        late = _late_scan(etcd)
        by_hand.close()
    Console().print(_table(figures))
    Console().print(
        f"The last {SCANS_COMPARED} of {SCANS_OF_A_BLOCK:,} scans of an execution block: "
        f"{late:.2f} times as long as the first {SCANS_COMPARED}, by their medians "
        f"(at most {MAX_LATE_SCAN})"
    )
    arguments.json.write_text(json.dumps({"figures": figures, "late scan": late}, indent=2) + "\n")
    draw(figures, arguments.plot)


def _measure(etcd: Etcd, by_hand: ByHand, blocks: StoredBlocks) -> Figures:
    with GrowingObservatory(etcd) as observatory:
        figures = {f"start, {name}": took for name, took in observatory.starts.items()}
        observatory.begin()
        figures["a command"] = statistics.median(observatory.scans(SCANS))
        for what, change in (
            ("a changed state", blocks.change_state),
            ("a new block", blocks.replace),
        ):
            for name, took in _processor_times(observatory.pids, change).items():
                figures[f"processor time of {what}, {name}"] = took
        for name, pid in observatory.pids.items():
            figures[f"memory, {name}"] = float(resident(pid))
        figures["etcd, memory"] = float(resident(etcd.process.pid))
        figures["etcd, database"] = float(by_hand.database_size())
        observatory.end()
    with Config(backend="etcd3", host=etcd.host, port=etcd.port, timeout=CALL_S) as config:
        return {**figures, **iterations(config, by_hand)}


def _processor_times(pids: dict[str, int], change: Callable[[], None]) -> Figures:
    """Return the processor time of each process for one change."""
    time.sleep(SETTLE_S)
    before = {name: total_processor_time(pid) for name, pid in pids.items()}
    for _ in range(CHANGES):
        change()
        # One change at a time: several would be one iteration.
        time.sleep(0.01)
    time.sleep(SETTLE_S)
    return {
        name: (total_processor_time(pid) - before[name]) / CHANGES for name, pid in pids.items()
    }


def _late_scan(etcd: Etcd) -> float:
    """Return the ratio of the last scans of an execution block to its first."""
    with GrowingObservatory(etcd) as observatory:
        observatory.begin()
        observatory.scans(50)
        took = observatory.scans(SCANS_OF_A_BLOCK)
        observatory.end()
    first, last = took[:SCANS_COMPARED], took[-SCANS_COMPARED:]
    return statistics.median(last) / statistics.median(first)


def _table(figures: dict[int, Figures]) -> Table:
    sizes = list(figures)
    empty = figures[sizes[0]]
    table = Table("", *(f"{size:,} blocks" for size in sizes), "ratio", "")
    for row, first in empty.items():
        values = [figures[size][row] for size in sizes]
        ratio = values[-1] / first if first else 0.0
        shown = [
            f"{value / 1e6:.1f} MB" if row.startswith(IN_BYTES) else f"{value * 1e3:.2f} ms"
            for value in values
        ]
        table.add_row(row, *shown, f"{ratio:.2f}", "" if _is_kept(row, values, ratio) else "over")
    return table


def _is_kept(row: str, values: list[float], ratio: float) -> bool:
    """Return whether a row is within its limit."""
    if row.startswith("start"):
        return values[-1] <= MAX_START_S
    if row.startswith("processor time") and values[-1] <= MAX_PROCESSOR_TIME_S:
        return True
    return all(ratio <= limit for start, limit in MAX_RATIO.items() if row.startswith(start))


if __name__ == "__main__":
    main()
