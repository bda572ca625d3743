"""The seed's methods for execution blocks."""

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
    """Execution blocks and their states as dicts, exactly as they are stored."""

    def list_execution_blocks(self, prefix: str = "") -> list[str]:
        """List the ids of execution blocks that begin with a prefix, sorted.

        Raises:
            ValueError: no id begins so.
        """
        return self.execution_block.list_keys(prefix=prefix)

    def new_execution_block_id(self, generator: str) -> str:
        """Get an id that is free; see ``new_block_id``.

        Args:
            generator: who makes the execution block.

        Raises:
            ValueError: the generator cannot be part of an id.
            RuntimeError: all ids of today are taken.
        """
        return new_block_id(self._context, "eb", generator)

    def get_execution_block(self, eb_id: str) -> dict[str, Any] | None:
        """Get an execution block, or None if it is not there.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        eb: dict[str, Any] | None = self._execution_block_dict(eb_id).get()
        return eb

    def create_execution_block(self, eb_id: str, eb: Fields) -> None:
        """Create an execution block.

        Raises:
            ConfigCollision: it exists already.
            ValueError: not an id for a new one.
        """
        check_block_id(eb_id)
        self._execution_block_dict(eb_id).create(eb)

    def update_execution_block(self, eb_id: str, eb: Fields) -> None:
        """Replace an execution block.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self._execution_block_dict(eb_id).update(eb)

    def delete_execution_block(self, eb_id: str, recurse: bool = False) -> None:
        """Delete an execution block, its state and its owner.

        Args:
            eb_id: its id.
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.execution_block.delete(eb_id, recurse=recurse)

    def get_execution_block_state(self, eb_id: str) -> dict[str, Any] | None:
        """Get the state of an execution block, or None if it has none.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        state: dict[str, Any] | None = self.execution_block.state(eb_id).get()
        return state

    def create_execution_block_state(self, eb_id: str, state: Fields) -> None:
        """Create the state of an execution block.

        Raises:
            ConfigCollision: it exists already.
            ValueError: not an id.
        """
        self.execution_block.state(eb_id).create(state)

    def update_execution_block_state(self, eb_id: str, state: Fields) -> None:
        """Replace the state of an execution block.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.execution_block.state(eb_id).update(state)

    def delete_execution_block_state(self, eb_id: str) -> None:
        """Delete the state of an execution block.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.execution_block.state(eb_id).delete()

    def _execution_block_dict(self, eb_id: str) -> ValueOperations:
        return ValueOperations(self._context.raw, self.execution_block(eb_id).path)
