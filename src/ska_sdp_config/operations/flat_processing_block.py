"""The seed's methods for processing blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.context import LeaseLike
from ska_sdp_config.operations.new_id import new_block_id

if TYPE_CHECKING:
    from ska_sdp_config.entity.pb import ProcessingBlock
    from ska_sdp_config.operations.values import Fields

__all__ = ["ProcessingBlockMethods"]


class ProcessingBlockMethods(Collections):
    """Processing blocks as models, their states and owners as dicts."""

    def list_processing_blocks(self, prefix: str = "") -> list[str]:
        """List the ids of processing blocks that begin with a prefix, sorted.

        Raises:
            ValueError: no id begins so.
        """
        return self.processing_block.list_keys(prefix=prefix)

    def new_processing_block_id(self, generator: str) -> str:
        """Get an id that is free; see ``new_block_id``.

        Args:
            generator: who makes the processing block.

        Raises:
            ValueError: the generator cannot be part of an id.
            RuntimeError: all ids of today are taken.
        """
        return new_block_id(self._context, "pb", generator)

    def get_processing_block(self, pb_id: str) -> ProcessingBlock | None:
        """Get a processing block, or None if it is not there.

        Raises:
            ValueError: not an id, or what is stored is no processing block.
        """
        return self.processing_block.get(pb_id)

    def create_processing_block(self, pb: ProcessingBlock | dict[str, Any]) -> None:
        """Create a processing block, from a model or a dict.

        Raises:
            ConfigCollision: it exists already.
            ValueError: its id is not one for a new one.
        """
        self.processing_block.create(pb)

    def update_processing_block(self, pb: ProcessingBlock | dict[str, Any]) -> None:
        """Replace a processing block by a model or a dict.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.processing_block.update(pb)

    def delete_processing_block(self, pb: ProcessingBlock | str, recurse: bool = False) -> None:
        """Delete a processing block, its state and its owner.

        Args:
            pb: the processing block, or its id.
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.processing_block.delete(pb, recurse=recurse)

    def get_processing_block_state(self, pb_id: str) -> dict[str, Any] | None:
        """Get the state of a processing block, or None: it is still starting up.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        state: dict[str, Any] | None = self.processing_block.state(pb_id).get()
        return state

    def create_processing_block_state(self, pb_id: str, state: Fields) -> None:
        """Create the state of a processing block.

        Raises:
            ConfigCollision: it exists already.
            ValueError: not an id.
        """
        self.processing_block.state(pb_id).create(state)

    def update_processing_block_state(self, pb_id: str, state: Fields) -> None:
        """Replace the state of a processing block.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.processing_block.state(pb_id).update(state)

    def delete_processing_block_state(self, pb_id: str) -> None:
        """Delete the state of a processing block.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.processing_block.state(pb_id).delete()

    def take_processing_block(self, pb_id: str, lease: LeaseLike | int | None = None) -> None:
        """Take ownership of a processing block, until the lease ends.

        Args:
            pb_id: its id.
            lease: the lease to live by, or its ID; this process's own if none is given.

        Raises:
            ConfigCollision: it is owned already.
            ValueError: not an id.
        """
        self.processing_block.ownership(pb_id).take(lease)

    def get_processing_block_owner(self, pb_id: str) -> dict[str, Any] | None:
        """Get the owner of a processing block, or None if it has none.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        return self.processing_block.ownership(pb_id).get_dict()

    def is_processing_block_owner(self, pb_id: str) -> bool:
        """Tell whether this process owns a processing block.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        return self.processing_block.ownership(pb_id).is_owner()
