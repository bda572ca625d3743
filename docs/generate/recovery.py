"""Table of the recovery times after faults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docs.generate.text import code, table

__all__ = ["recovery_times", "rows_table"]

_FIGURES = Path(__file__).parents[1] / "explanation" / "recovery.json"


def recovery_times() -> str:
    """Return the table of the figures that make bench-recovery has written, and their origin."""
    written: dict[str, Any] = json.loads(_FIGURES.read_text())
    fewest = min(row["samples"] for row in written["rows"])
    loads = [row["load"] for row in written["rows"]]
    dates = " and ".join(sorted({row["date"] for row in written["rows"]}))
    return (
        f"{rows_table(written['rows'])}\n\nMeasured on {dates} on a machine with "
        f"{written['cores']} cores, which carried the cluster and all clients: etcd "
        f"{written['etcd']}, Python {written['python']}, grpcio {written['grpcio']}, requests "
        f"{written['requests']}; each kind of fault at least {fewest} times, at a load average of "
        f"{min(loads):.0f} to {max(loads):.0f}.\n"
    )


def rows_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the table of some of these figures."""
    heads = ["fault", "client", "p50", "p90", "maximum", "limit of p90", "failed", "unknown"]
    cells = [
        [
            row["fault"],
            _client(row["client"]),
            *(f"{row[name]:.2f} s" for name in ("p50", "p90", "max")),
            _limit(row),
            str(row["failed"]),
            str(row["unknown"]),
        ]
        for row in rows
    ]
    return table(heads, cells)


def _client(name: str) -> str:
    kind, _, backend = name.partition(", ")
    return f"{kind}, {code(backend)}" if backend else kind


def _limit(row: Mapping[str, Any]) -> str:
    if row["limit"] is None:
        return ""
    return f"{row['limit']:g} s" if row["p90"] <= row["limit"] else f"**{row['limit']:g} s**"
