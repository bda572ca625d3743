"""Execution blocks, ``/eb/<eb_id>``."""

from __future__ import annotations

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.entity.eb import ExecutionBlock
from ska_sdp_config.entity.states import EbStatus
from ska_sdp_config.operations.entity_operations import Named
from ska_sdp_config.operations.keyed import IdCollection
from ska_sdp_config.operations.values import StateOperations

__all__ = ["ExecutionBlocks"]


class ExecutionBlocks(IdCollection[ExecutionBlock]):
    """Execution blocks of a transaction."""

    PREFIX = "/eb"
    KEY_PARTS = ExecutionBlock.key_patterns()
    HAS_STATE = True
    MODEL_CLASS = ExecutionBlock
    check_id = staticmethod(check_block_id)

    def state(self, key: Named[str, ExecutionBlock]) -> StateOperations[EbStatus]:
        """Return the operations on the state of a block."""
        return super().state(key)
