"""Allocations of resources, ``/allocation/<pb_id>:<name>``."""

from __future__ import annotations

from ska_sdp_config.entity.allocation import Allocation
from ska_sdp_config.operations.keyed import KeyCollection

__all__ = ["Allocations"]


class Allocations(KeyCollection[Allocation.Key, Allocation]):
    """Allocations of resources in a transaction."""

    PREFIX = "/allocation"
    KEY_PARTS = Allocation.key_patterns()
    MODEL_CLASS = Allocation
    KEY_CLASS = Allocation.Key
