"""Promises with their tests, and the figures of the runs with faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from docs.generate.fault_runs import FIGURES
from docs.generate.text import code, table

__all__ = ["PROMISES", "fuzz", "levels", "promises", "runs", "soak"]

_EXPLANATION = Path(__file__).parents[1] / "explanation"

PROMISES: Sequence[Mapping[str, Any]] = yaml.safe_load(
    (_EXPLANATION / "guarantees.yaml").read_text()
)

RUN = (
    "date",
    "seed",
    "etcd",
    "backend",
    "version",
    "minutes",
    "faults",
    "kills",
    "clock steps",
    "observations",
    "transactions",
    "commands",
    "events",
    "excused",
    "violations",
)
"""Figures of a run with faults, which are the columns of its table."""

FUZZ = ("date", "kind", "seed", "inputs", "defects")
"""Figures of a fuzzed kind of input, which are the columns of its table."""

QUANTITIES = RUN[RUN.index("minutes") :]
"""Figures whose sum over all runs is shown."""

_LEVELS: Mapping[str, Callable[[float], str]] = {
    "memory_kb": lambda kib: f"{kib * 1024 / 1e6:.1f}",
    "threads": "{:g}".format,
    "descriptors": "{:g}".format,
}
"""Functions that show the level of each resource."""

NONE_YET = "No run is recorded yet.\n"


def promises() -> str:
    """Return each promise with its tests, and how often the runs with faults have checked it."""
    return "\n".join(_lines())


def runs() -> str:
    """Return the table of the runs with faults, with their sums."""
    found = _figures()["runs"]
    if not found:
        return NONE_YET
    total = {name: _sum(name) for name in QUANTITIES}
    return _table([*found, {"date": "all", **total}], RUN)


def fuzz() -> str:
    """Return the table of the fuzzed inputs."""
    return _table(_figures()["fuzz"], FUZZ)


def soak() -> str:
    """Return the table of the runs whose processes had to stay level."""
    return _table(_figures()["soak"], RUN)


def levels() -> str:
    """Return the levels of each process in the newest soak: in the second and the last third."""
    soaks = _figures()["soak"]
    if not soaks:
        return NONE_YET
    by_process: dict[tuple[str, int], dict[str, str]] = {}
    for each in soaks[-1]["levels"]:
        shown = _LEVELS[each["resource"]]
        cells = by_process.setdefault((each["name"], each["pid"]), {})
        cells[each["resource"]] = f"{shown(each['before'])}, then {shown(each['after'])}"
    rows = [
        [name, *(cells[resource] for resource in _LEVELS)]
        for (name, _), cells in sorted(by_process.items())
    ]
    return table(["process", "memory, MB", "threads", "descriptors"], rows)


def _figures() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(FIGURES.read_text())
    return found


def _lines() -> Iterator[str]:
    has_runs = bool(_figures()["runs"])
    for promise in PROMISES:
        yield f"**{' '.join(promise['promise'].split())}**"
        if has_runs and promise["counted"]:
            counted = ", ".join(f"{_sum(name):,} {name}" for name in promise["counted"])
            yield f"In the runs with faults: {counted}."
        yield ""
        yield from (f"- {code(test)}" for test in promise["tests"])
        yield ""


def _sum(name: str) -> int:
    """Return the sum of a figure of all runs."""
    return round(sum(float(run.get(name, 0)) for run in _figures()["runs"]))


def _table(found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    if not found:
        return NONE_YET
    return table(names, [[_shown(name, each.get(name, "")) for name in names] for each in found])


def _shown(name: str, value: Any) -> str:
    is_quantity = isinstance(value, (int, float)) and name != "seed"
    return f"{value:,}" if is_quantity else f"{value}"
