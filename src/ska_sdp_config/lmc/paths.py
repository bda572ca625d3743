"""Where in the database the devices' facts stand (spec 2.1)."""

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
    """Path of what was commanded to a subarray."""
    return f"/lmc/subarray/{subarray_id}"


def execution_block(eb_id: str) -> str:
    """Path of an execution block."""
    return f"/eb/{eb_id}"


def processing_block(pb_id: str) -> str:
    """Path of a processing block."""
    return f"/pb/{pb_id}"


def state_of(path: str) -> str:
    """Path of an entity's state."""
    return f"{path}/state"


def owner_of(path: str) -> str:
    """Path of an entity's leased owner."""
    return f"{path}/owner"


def component(name: str) -> str:
    """Path of the leased key that is there while a component is alive."""
    return owner_of(f"/component/{name}")


def component_of_subarray(subarray_id: str) -> str:
    """Name of the component that a subarray's device server registers."""
    return f"lmc-subarray-{subarray_id}"
