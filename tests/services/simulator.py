"""What the simulator of the rest of the SDP writes on its own time, whatever a device does."""

from __future__ import annotations

__all__ = ["is_written_by_simulator"]


def is_written_by_simulator(path: str) -> bool:
    """Whether it is the simulator, and no device, that writes there; presences count as such."""
    _, kind, *rest = path.split("/")
    return kind in ("component", "deploy") or (kind == "pb" and rest[-1] in ("state", "owner"))
