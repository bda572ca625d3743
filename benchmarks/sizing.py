"""Command `python -m benchmarks.sizing`: cost by the number of subarrays, watchers and clients.

It writes the figures as JSON, one group at a time, and draws the plot.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console

from ska_sdp_sim.stack.etcd import describe_etcd

from . import commits, many_subarrays, watchers
from .records import FILE, Record, read, write_group
from .sizing_plot import draw

GROUPS = {
    "subarrays": many_subarrays.records,
    "watchers": watchers.records,
    "commits": commits.records,
}


def main() -> None:
    """Measure the groups and write their figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"{', '.join(GROUPS)}; default: all")
    parser.add_argument("--json", type=Path, default=FILE)
    parser.add_argument("--plot", type=Path, default=FILE.with_suffix(".svg"))
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.groups) - set(GROUPS))
    if unknown:
        parser.error(f"unknown groups: {', '.join(unknown)}; known: {', '.join(GROUPS)}")
    console = Console(stderr=True, soft_wrap=True)
    for group in arguments.groups or GROUPS:
        began = time.perf_counter()
        records = []
        for record in GROUPS[group]():
            console.print(record)
            records.append(record)
        write_group(arguments.json, group, records, _machine())
        console.print(f"{group}: {time.perf_counter() - began:.0f} s")
    draw(read(arguments.json), arguments.plot)


def _machine() -> Record:
    """Return the date, the machine with its load average of five minutes, and the versions."""
    etcd, _, _ = describe_etcd().partition(",")
    return {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "cores": os.cpu_count() or 0,
        "load": round(os.getloadavg()[1], 1),
        "etcd": etcd.removeprefix("etcd "),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    main()
