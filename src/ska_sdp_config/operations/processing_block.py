"""Processing blocks, ``/pb/<pb_id>``."""

from __future__ import annotations

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.entity.pb import ProcessingBlock
from ska_sdp_config.entity.states import PbStatus
from ska_sdp_config.operations.entity_operations import Named
from ska_sdp_config.operations.keyed import IdCollection
from ska_sdp_config.operations.values import StateOperations

__all__ = ["ProcessingBlocks"]


class ProcessingBlocks(IdCollection[ProcessingBlock]):
    """Processing blocks of a transaction."""

    PREFIX = "/pb"
    KEY_PARTS = ProcessingBlock.key_patterns()
    HAS_STATE = True
    HAS_OWNER = True
    MODEL_CLASS = ProcessingBlock
    check_id = staticmethod(check_block_id)

    def state(self, key: Named[str, ProcessingBlock]) -> StateOperations[PbStatus]:
        """Return the operations on the state of a block."""
        return super().state(key)
