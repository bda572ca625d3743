"""Methods of a transaction for execution blocks, as in release 0.5.0 of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.new_id import new_block_id
from ska_sdp_config.operations.values import ValueOperations

if TYPE_CHECKING:
    from ska_sdp_config.operations.values import Fields

__all__ = ["ExecutionBlockMethods"]


class ExecutionBlockMethods(Collections):
    """Execution blocks and their states as dicts, exactly as they are stored.

    The errors are those of ``execution_block``: ConfigCollision if a created value exists,
    ConfigVanished if a replaced or deleted one does not exist, ValueError if an id or a stored
    value is invalid.
    """

    def list_execution_blocks(self, prefix: str = "") -> list[str]:
        """Return the ids that start with a prefix, sorted."""
        return self.execution_block.list_keys(prefix=prefix)

    def new_execution_block_id(self, generator: str) -> str:
        """Return a free id of a new execution block; see ``new_block_id``.

        Args:
            generator: name of the program that creates the block.

        Raises:
            ValueError: the generator is invalid in an id.
            RuntimeError: no id of today is free.
        """
        return new_block_id(self._context, "eb", generator)

    def get_execution_block(self, eb_id: str) -> dict[str, Any] | None:
        """Return an execution block, or None if it does not exist."""
        eb: dict[str, Any] | None = self._execution_block_dict(eb_id).get()
        return eb

    def create_execution_block(self, eb_id: str, eb: Fields) -> None:
        """Create an execution block."""
        check_block_id(eb_id)
        self._execution_block_dict(eb_id).create(eb)

    def update_execution_block(self, eb_id: str, eb: Fields) -> None:
        """Replace an execution block."""
        self._execution_block_dict(eb_id).update(eb)

    def delete_execution_block(self, eb_id: str, recurse: bool = False) -> None:
        """Delete an execution block, its state and owner; with ``recurse`` all paths below."""
        self.execution_block.delete(eb_id, recurse=recurse)

    def get_execution_block_state(self, eb_id: str) -> dict[str, Any] | None:
        """Return the state of an execution block, or None if it does not exist."""
        state: dict[str, Any] | None = self.execution_block.state(eb_id).get()
        return state

    def create_execution_block_state(self, eb_id: str, state: Fields) -> None:
        """Create the state of an execution block."""
        self.execution_block.state(eb_id).create(state)

    def update_execution_block_state(self, eb_id: str, state: Fields) -> None:
        """Replace the state of an execution block."""
        self.execution_block.state(eb_id).update(state)

    def delete_execution_block_state(self, eb_id: str) -> None:
        """Delete the state of an execution block."""
        self.execution_block.state(eb_id).delete()

    def _execution_block_dict(self, eb_id: str) -> ValueOperations:
        return ValueOperations(self._context.raw, self.execution_block(eb_id).path)
