"""Execution blocks, ``/eb/<eb_id>``."""

from __future__ import annotations

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.entity.eb import ExecutionBlock
from ska_sdp_config.operations.keyed import IdCollection

__all__ = ["ExecutionBlocks"]


class ExecutionBlocks(IdCollection[ExecutionBlock]):
    """The execution blocks."""

    root = "/eb/"
    model = ExecutionBlock

    def check_new(self, key: str) -> None:
        """Check the id of a new execution block.

        Raises:
            ValueError: it is not one.
        """
        check_block_id(key)
