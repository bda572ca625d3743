"""Program that adds the summaries of runs with faults to the figures of the documentation.

``python -m docs.generate.fault_runs runs|soak|fuzz FILE…`` takes the summaries that the runs have
written. A run with the same random seed, etcd and backend is replaced; with ``fuzz``, the figures
of the same kind of input are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

__all__ = ["FIGURES", "Figures", "add", "figures_of"]

FIGURES = Path(__file__).parents[1] / "explanation" / "fault_runs.json"

Figures = dict[str, list[dict[str, Any]]]
"""Figures of the runs of each group, by name."""

CLOCK_STEPPED = "clock stepped"
"""Name that the runs give to a step of the clock."""

_SAME = ("seed", "etcd", "backend")

_IDENTITY = {"runs": _SAME, "soak": _SAME, "fuzz": ("kind",)}
"""Figures of each group that are equal in a run and in the one that replaces it."""


def figures_of(summary: Mapping[str, Any], date: str) -> dict[str, Any]:
    """Return the figures of a run that the documentation shows.

    Args:
        summary: the summary that the run has written.
        date: date of the run.
    """
    return {
        "date": date,
        **{name: summary[name] for name in (*_SAME, "version")},
        "minutes": round(summary["seconds"] / 60, 1),
        "faults": summary["faults"],
        "kills": summary["kills"],
        "clock steps": summary["faults_by_kind"].get(CLOCK_STEPPED, 0),
        "observations": summary["observations"],
        "transactions": sum(summary["transactions"].values()),
        "commands": sum(summary["commands"].values()),
        "events": summary["operations_by_kind"].get("event", 0),
        "excused": summary["excused_ownership"],
        "violations": len(summary["violations"]),
    }


def add(figures: Figures, group: str, file: Path) -> None:
    """Add the summaries of a file to a group of figures.

    Args:
        figures: figures of runs by group.
        group: ``runs``, ``soak`` or ``fuzz``.
        file: the summary of a run with faults, or those of the fuzzed kinds of input.
    """
    date = f"{datetime.fromtimestamp(file.stat().st_mtime, timezone.utc):%Y-%m-%d}"
    found = json.loads(file.read_text())
    if group == "fuzz":
        runs = [{"date": date, **outcome} for outcome in found]
    elif group == "soak":
        runs = [{**figures_of(found, date), "levels": found["levels"]}]
    else:
        runs = [figures_of(found, date)]
    replaced = {_identity(run, group) for run in runs}
    kept = [run for run in figures[group] if _identity(run, group) not in replaced]
    figures[group] = [*kept, *runs]


def _identity(run: Mapping[str, Any], group: str) -> tuple[object, ...]:
    return tuple(run[name] for name in _IDENTITY[group])


def main() -> None:
    """Add the summaries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", choices=_IDENTITY, help="group to add the summaries to")
    parser.add_argument("files", nargs="+", type=Path, help="summaries of runs")
    arguments = parser.parse_args()
    figures: Figures = json.loads(FIGURES.read_text())
    for file in arguments.files:
        add(figures, arguments.group, file)
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
