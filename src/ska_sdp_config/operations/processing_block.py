"""Processing blocks, ``/pb/<pb_id>``."""

from __future__ import annotations

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.entity.pb import ProcessingBlock
from ska_sdp_config.operations.keyed import IdCollection

__all__ = ["ProcessingBlocks"]


class ProcessingBlocks(IdCollection[ProcessingBlock]):
    """The processing blocks."""

    root = "/pb/"
    model = ProcessingBlock

    def check_new(self, key: str) -> None:
        """Check the id of a new processing block.

        Raises:
            ValueError: it is not one.
        """
        check_block_id(key)
