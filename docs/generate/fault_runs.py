"""Program that adds the summaries of runs with faults to the figures of the documentation.

``python -m docs.generate.fault_runs [--soak] FILE…`` takes the summaries that the runs have
written. A run with the same random seed, etcd and backend is replaced.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

__all__ = ["FIGURES", "figures_of"]

FIGURES = Path(__file__).parents[1] / "explanation" / "fault_runs.json"

_SAME = ("seed", "etcd", "backend")


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
        "observations": summary["observations"],
        "transactions": sum(summary["transactions"].values()),
        "commands": sum(summary["commands"].values()),
        "events": summary["operations_by_kind"].get("event", 0),
        "violations": len(summary["violations"]),
    }


def main() -> None:
    """Add the summaries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="summaries of runs")
    parser.add_argument("--soak", action="store_true", help="they are of make soak")
    arguments = parser.parse_args()
    group = "soak" if arguments.soak else "runs"
    figures = json.loads(FIGURES.read_text())
    runs = {tuple(run[name] for name in _SAME): run for run in figures[group]}
    for file in arguments.files:
        written = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
        run = figures_of(json.loads(file.read_text()), f"{written:%Y-%m-%d}")
        runs[tuple(run[name] for name in _SAME)] = run
    figures[group] = list(runs.values())
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
