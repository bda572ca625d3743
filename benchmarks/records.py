"""Records of the measurements on size, and their file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["FILE", "Record", "Records", "read", "write_group"]

FILE = Path("docs/explanation/sizing.json")

MACHINES = "machines"
"""Group of the machines on which the other groups were measured."""

Record = dict[str, str | int | float]
"""Figures of a measurement by name; the unit is in the name, none means a number."""

Records = Mapping[str, Sequence[Record]]
"""Records by group."""


def read(path: Path) -> Records:
    """Return the records of a file."""
    found: Records = json.loads(path.read_text())
    return found


def write_group(path: Path, group: str, records: Iterable[Record], machine: Record) -> None:
    """Replace a group of records in a file, and its machine; the others stay."""
    written = dict(read(path)) if path.exists() else {}
    written[group] = [
        {name: _rounded(value) for name, value in record.items()} for record in records
    ]
    others = [each for each in written.get(MACHINES, ()) if each["group"] != group]
    written[MACHINES] = [*others, {"group": group, **machine}]
    path.write_text(json.dumps(written, indent=2) + "\n")


def _rounded(value: str | int | float) -> str | int | float:
    """Round to four digits: no more are repeatable."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
