"""Entries that the simulator writes at any time, independently of the devices."""

from __future__ import annotations


def is_written_by_simulator(path: str) -> bool:
    """Whether the simulator, not a device, writes the path; includes component entries."""
    _, kind, *rest = path.split("/")
    return kind in ("component", "deploy") or (kind == "pb" and rest[-1] in ("state", "owner"))
