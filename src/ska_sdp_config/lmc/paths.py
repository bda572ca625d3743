"""Paths in the configuration database."""

from __future__ import annotations

__all__ = [
    "CONTROLLER",
    "component",
    "component_of_subarray",
    "execution_block",
    "owner_of",
    "processing_block",
    "state_of",
    "subarray",
]

CONTROLLER = "/lmc/controller"


def subarray(subarray_id: str) -> str:
    """Return the path of a subarray's entry."""
    return f"/lmc/subarray/{subarray_id}"


def execution_block(eb_id: str) -> str:
    """Return the path of an execution block."""
    return f"/eb/{eb_id}"


def processing_block(pb_id: str) -> str:
    """Return the path of a processing block."""
    return f"/pb/{pb_id}"


def state_of(path: str) -> str:
    """Return the path of an entity's state."""
    return f"{path}/state"


def owner_of(path: str) -> str:
    """Return the path of an entity's leased owner."""
    return f"{path}/owner"


def component(name: str) -> str:
    """Return the path of the leased key that marks a component as alive."""
    return owner_of(f"/component/{name}")


def component_of_subarray(subarray_id: str) -> str:
    """Return the name of a subarray's component."""
    return f"lmc-subarray-{subarray_id}"
