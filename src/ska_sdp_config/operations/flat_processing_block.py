"""Methods of a transaction for processing blocks, as in release 0.5.0 of the library."""

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
    """Processing blocks as models, their states and owners as dicts.

    The errors are those of ``processing_block``: ConfigCollision if a created value exists,
    ConfigVanished if a replaced or deleted one does not exist, ValueError if an id or a stored
    value is invalid.
    """

    def list_processing_blocks(self, prefix: str = "") -> list[str]:
        """Return the ids that start with a prefix, sorted."""
        return self.processing_block.list_keys(prefix=prefix)

    def new_processing_block_id(self, generator: str) -> str:
        """Return a free id of a new processing block; see ``new_block_id``.

        Args:
            generator: name of the program that creates the block.

        Raises:
            ValueError: the generator is invalid in an id.
            RuntimeError: no id of today is free.
        """
        return new_block_id(self._context, "pb", generator)

    def get_processing_block(self, pb_id: str) -> ProcessingBlock | None:
        """Return a processing block, or None if it does not exist."""
        return self.processing_block.get(pb_id)

    def create_processing_block(self, pb: ProcessingBlock | dict[str, Any]) -> None:
        """Create a processing block from a model or a dict."""
        self.processing_block.create(pb)

    def update_processing_block(self, pb: ProcessingBlock | dict[str, Any]) -> None:
        """Replace a processing block by a model or a dict."""
        self.processing_block.update(pb)

    def delete_processing_block(self, pb: ProcessingBlock | str, recurse: bool = False) -> None:
        """Delete a processing block, its state and owner; with ``recurse`` all paths below."""
        self.processing_block.delete(pb, recurse=recurse)

    def get_processing_block_state(self, pb_id: str) -> dict[str, Any] | None:
        """Return the state of a processing block, or None if it does not exist."""
        state: dict[str, Any] | None = self.processing_block.state(pb_id).get()
        return state

    def create_processing_block_state(self, pb_id: str, state: Fields) -> None:
        """Create the state of a processing block."""
        self.processing_block.state(pb_id).create(state)

    def update_processing_block_state(self, pb_id: str, state: Fields) -> None:
        """Replace the state of a processing block."""
        self.processing_block.state(pb_id).update(state)

    def delete_processing_block_state(self, pb_id: str) -> None:
        """Delete the state of a processing block."""
        self.processing_block.state(pb_id).delete()

    def take_processing_block(self, pb_id: str, lease: LeaseLike | int | None = None) -> None:
        """Take the ownership of a processing block until the lease ends.

        Args:
            pb_id: the id.
            lease: the lease of the owner key, or its ID; by default the lease of this process.

        Raises:
            ConfigCollision: there is an owner already.
            ValueError: the id is invalid.
        """
        self.processing_block.ownership(pb_id).take(lease)

    def get_processing_block_owner(self, pb_id: str) -> dict[str, Any] | None:
        """Return the owner of a processing block, or None if there is none."""
        return self.processing_block.ownership(pb_id).get_dict()

    def is_processing_block_owner(self, pb_id: str) -> bool:
        """Return whether this process owns a processing block."""
        return self.processing_block.ownership(pb_id).is_owner()
