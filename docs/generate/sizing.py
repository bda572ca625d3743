"""Tables of cost by the number of subarrays, watchers and clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docs.generate.text import table

__all__ = ["COLUMNS", "FIGURES", "commits", "machines", "subarrays", "watchers"]

FIGURES = Path(__file__).parents[1] / "explanation" / "sizing.json"

Show = Callable[[Any], str]
Columns = Mapping[str, tuple[str, Show]]
"""Name of the figure and how it is shown, by the head of the column."""


def _text(value: Any) -> str:
    return str(value)


def _number(value: Any) -> str:
    return f"{value:,.0f}"


def _ms(value: Any) -> str:
    """Show about three digits."""
    milliseconds = value * 1e3
    digits = next((n for n, least in enumerate((100, 10, 1)) if milliseconds >= least), 3)
    return f"{milliseconds:,.{digits}f} ms"


def _seconds(value: Any) -> str:
    return f"{value:.1f} s"


def _megabytes(value: Any) -> str:
    return f"{value / 1e6:,.0f} MB"


def _percent(value: Any) -> str:
    return f"{value:.1%}"


def _per_second(value: Any) -> str:
    """Show how often in a second a core does what costs this processor time."""
    return _number(1 / value)


_SUBARRAYS: Columns = {
    "subarrays": ("subarrays", _number),
    "servers": ("servers", _text),
    "start": ("start, s", _seconds),
    "memory": ("memory, bytes", _megabytes),
    "idle, of a core": ("idle, cores", _percent),
    "one subarray scans: median": ("one: p50, s", _ms),
    "99 %": ("one: p99, s", _ms),
    "processor time of a command, all servers": ("one: processor time of servers, s", _ms),
    "etcd": ("one: processor time of etcd, s", _ms),
    "all scan at once: commands/s": ("all: commands per second", _number),
    "median of all": ("all: p50, s", _ms),
    "99 % of all": ("all: p99, s", _ms),
}

_WATCHERS: Columns = {
    "watchers": ("watchers", _number),
    "processes": ("processes", _number),
    "etcd, a change": ("etcd, processor time of a change, s", _ms),
    "changes/s that a core carries": (
        "etcd, processor time of a change, s",
        _per_second,
    ),
    "a watcher, a change": ("watcher, processor time of a change, s", _ms),
    "a watcher, a change that it reads": (
        "watcher, processor time of a change that it reads, s",
        _ms,
    ),
    "a watcher, idle, of a core": ("watcher, idle, cores", _percent),
    "etcd, idle, of a core": ("etcd, idle, cores", _percent),
    "change to iteration: median": ("p50, s", _ms),
    "99 %": ("p99, s", _ms),
    "last watcher": ("all have it, s", _ms),
    "memory of a process": ("process, memory, bytes", _megabytes),
    "memory of etcd": ("etcd, memory, bytes", _megabytes),
}

_COMMITS: Columns = {
    "etcd servers": ("servers", _number),
    "clients write": ("keys", _text),
    "clients": ("clients", _number),
    "transactions/s": ("commits per second", _number),
    "median": ("p50, s", _ms),
    "99 %": ("p99, s", _ms),
    "processor time: client": ("processor time of clients, s", _ms),
    "all etcd servers": ("processor time of etcd, s", _ms),
    "transactions/s that a core carries": ("processor time of etcd, s", _per_second),
}


_MACHINES: Columns = {
    "figures": ("group", _text),
    "date": ("date", _text),
    "cores": ("cores", _number),
    "load average": ("load", _text),
    "etcd": ("etcd", _text),
    "Python": ("python", _text),
}

COLUMNS = {"subarrays": _SUBARRAYS, "watchers": _WATCHERS, "commits": _COMMITS}
"""Columns of the table of each measured group."""


def subarrays() -> str:
    """Return the table of subarrays in one server and in a server each."""
    return _table("subarrays", _SUBARRAYS)


def watchers() -> str:
    """Return the table of watching processes."""
    return _table("watchers", _WATCHERS)


def commits() -> str:
    """Return the table of clients that commit."""
    return _table("commits", _COMMITS)


def machines() -> str:
    """Return the table of the machines and the versions of the figures."""
    return _table("machines", _MACHINES)


def _read() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(FIGURES.read_text())
    return found


def _table(group: str, columns: Columns) -> str:
    """Return the records of a group; a record without a figure has no value in its column."""
    rows = [
        [show(record[name]) if name in record else "" for name, show in columns.values()]
        for record in _read()[group]
    ]
    return table(list(columns), rows)
