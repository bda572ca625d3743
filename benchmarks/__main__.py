"""Command `python -m benchmarks`, which prints a table and writes it as JSON."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd

from . import (
    command_line,
    devices,
    listing,
    one_watcher,
    processes,
    servers,
    top,
    transactions,
    watching,
    web,
)
from .by_hand import ByHand
from .measure import CALL_S, Row

GROUPS = {
    "transactions": transactions.rows,
    "listing": listing.rows,
    "watching": watching.rows,
    "one_watcher": one_watcher.rows,
    "processes": processes.rows,
    "command_line": command_line.rows,
    "top": top.rows,
    "web": web.rows,
    "devices": devices.rows,
    "servers": servers.rows,
}


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"{', '.join(GROUPS)}; default: all")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results.json"))
    arguments = parser.parse_args()
    groups = arguments.groups or list(GROUPS)
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        parser.error(f"unknown groups: {', '.join(unknown)}; known: {', '.join(GROUPS)}")
    rows = []
    with (
        tempfile.TemporaryDirectory() as compiled,
        tempfile.TemporaryDirectory() as directory,
        Etcd(Path(directory)) as etcd,
    ):
        _compile_programs(compiled)
        for row in _measure(etcd, groups):
            rows.append(row)
            Console(stderr=True).print(f"{row.work}: {row.ratio:.2f}")
    Console().print(_table(rows))
    arguments.json.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")


def _compile_programs(where: str) -> None:
    """Let programs start from compiled modules, as installed ones do.

    The first start of each program, which is not measured, compiles them.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = where


def _measure(etcd: Etcd, groups: list[str]) -> Iterator[Row]:
    by_hand = ByHand(etcd.host, etcd.port)
    with Config(backend="etcd3", host=etcd.host, port=etcd.port, timeout=CALL_S) as config:
        for group in groups:
            yield from GROUPS[group](config, by_hand)
    by_hand.close()


def _table(rows: list[Row]) -> Table:
    table = Table("work", "ours", "floor", "ratio", "of", "at most", "")
    for row in rows:
        low, high = row.spread
        table.add_row(
            row.work,
            f"{row.ours * 1e3:.2f} {row.unit}",
            f"{row.floor * 1e3:.2f} {row.unit}",
            f"{row.ratio:.2f}",
            f"{low:.2f} to {high:.2f}",
            "" if row.bound is None else f"{row.bound:.2f}",
            "" if row.kept else "over",
        )
    return table


if __name__ == "__main__":
    main()
