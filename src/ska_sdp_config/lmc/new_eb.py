"""Fields of a new execution block."""

from __future__ import annotations

from ska_sdp_config.entity.eb import ExecutionBlock
from ska_sdp_config.lmc.states import Json

__all__ = ["new_eb_fields"]

_WITHOUT_DEFAULT = {"key", "max_length", "last_updated"}
"""Fields that a new execution block has only if they are given, or that differ for each."""


def new_eb_fields() -> Json:
    """Return the fields that each new execution block has, besides its key, with their defaults.

    ``scans`` stays empty, as displays read it: the scans are in the state of the execution block.
    """
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in ExecutionBlock.model_fields.items()
        if name not in _WITHOUT_DEFAULT
    }
