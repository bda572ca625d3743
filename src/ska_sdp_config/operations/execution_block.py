"""Execution blocks, ``/eb/<eb_id>``."""

from __future__ import annotations

from ..entity.common.ids import check_block_id
from ..entity.eb import ExecutionBlock
from .keyed import IdCollection

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
