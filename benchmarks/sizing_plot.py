"""Plot of cost by the number of subarrays, watchers and clients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot

from .records import Record, Records

__all__ = ["draw"]


def draw(records: Records, where: Path) -> None:
    """Draw each measured group in two panels.

    Args:
        records: records by group; panels of missing groups stay empty.
        where: the SVG file to write.
    """
    figure, panels = pyplot.subplots(3, 2, figsize=(9, 10), layout="constrained")
    memory, commands, cost, change, rate, latency = panels.flat
    subarrays = records.get("subarrays", ())
    for servers in ("one", "a server each"):
        some = [each for each in subarrays if servers in (each["servers"], _only(each))]
        label = f"{servers} server" if servers == "one" else servers
        _line(memory, some, "subarrays", "memory, bytes", label, 1e-6)
        _line(commands, some, "subarrays", "one: p50, s", f"{label}: one scans", 1e3)
        _line(commands, some, "subarrays", "all: p50, s", f"{label}: all at once", 1e3)
    _name(memory, "subarrays", "memory of all servers, MB")
    _name(commands, "subarrays", "Scan or EndScan, median, ms")
    watchers = [each for each in records.get("watchers", ()) if each["watchers"]]
    for name, label in (
        ("etcd, processor time of a change, s", "etcd"),
        ("watcher, processor time of a change, s", "each watcher"),
        ("watcher, processor time of a change that it reads, s", "each watcher that reads it"),
    ):
        _line(cost, watchers, "watchers", name, label, 1e3)
    _name(cost, "watchers", "processor time of a change, ms")
    for name, label in (
        ("p50, s", "median watcher"),
        ("p99, s", "99 %"),
        ("all have it, s", "last watcher"),
    ):
        _line(change, watchers, "watchers", name, label, 1e3)
    _name(change, "watchers", "change to iteration, ms")
    for count in (1, 3):
        some = [
            each
            for each in records.get("commits", ())
            if (each["servers"], each["keys"]) == (count, "own key")
        ]
        etcd = "one etcd server" if count == 1 else f"{count} etcd servers"
        _line(rate, some, "clients", "commits per second", etcd, 1)
        _line(latency, some, "clients", "p50, s", f"{etcd}: median", 1e3)
        _line(latency, some, "clients", "p99, s", f"{etcd}: 99 %", 1e3)
    _name(rate, "clients", "transactions per second")
    _name(latency, "clients", "transaction, ms")
    figure.savefig(where, metadata={"Date": None})
    pyplot.close(figure)


def _only(record: Record) -> str:
    """Return the other layout of a record that is valid for both."""
    return "a server each" if record["subarrays"] == 1 else ""


def _line(axes: Any, records: Sequence[Record], x: str, y: str, label: str, factor: float) -> None:
    values = [float(each[y]) * factor for each in records]
    axes.plot([each[x] for each in records], values, "o-", label=label)


def _name(axes: Any, x: str, y: str) -> None:
    """Name the axes, from zero, and add the legend."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend(fontsize="small")
