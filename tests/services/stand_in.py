"""What the stand-in for the rest of the SDP writes on its own time, whatever a device does."""

from __future__ import annotations

__all__ = ["is_of_the_stand_in"]


def is_of_the_stand_in(path: str) -> bool:
    """Whether it is the stand-in, and no device, that writes there; presences count as such."""
    _, kind, *rest = path.split("/")
    return kind in ("component", "deploy") or (kind == "pb" and rest[-1] in ("state", "owner"))
