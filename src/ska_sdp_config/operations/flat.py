"""Methods of a transaction as in release 0.5.0 of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.entity.common.ids import check_block_id
from ska_sdp_config.operations.collections import Collections
from ska_sdp_config.operations.context import LeaseLike
from ska_sdp_config.operations.new_id import new_block_id
from ska_sdp_config.operations.values import ValueOperations

if TYPE_CHECKING:
    from ska_sdp_config.entity.deployment import Deployment
    from ska_sdp_config.entity.pb import ProcessingBlock
    from ska_sdp_config.operations.values import Fields

__all__ = ["FlatMethods"]


class FlatMethods(Collections):
    """Methods that name the kind of entity; each calls the collection of that kind.

    The errors are those of the collections: ConfigCollision if a created value exists,
    ConfigVanished if a replaced or deleted one does not exist, ValueError if an id or a stored
    value is invalid.
    """

    # Processing blocks as models, their states and owners as dicts

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

    # Execution blocks and their states as dicts, exactly as they are stored

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

    # Deployments as models, their states as dicts

    def list_deployments(self, prefix: str = "") -> list[str]:
        """Return the ids that start with a prefix, sorted."""
        return self.deployment.list_keys(prefix=prefix)

    def get_deployment(self, dpl_id: str) -> Deployment | None:
        """Return a deployment, or None if it does not exist."""
        return self.deployment.get(dpl_id)

    def create_deployment(self, dpl: Deployment | dict[str, Any]) -> None:
        """Create a deployment from a model or a dict."""
        self.deployment.create(dpl)

    def update_deployment(self, dpl: Deployment | dict[str, Any]) -> None:
        """Replace a deployment by a model or a dict."""
        self.deployment.update(dpl)

    def delete_deployment(self, dpl: Deployment | str, recurse: bool = False) -> None:
        """Delete a deployment, its state and owner; with ``recurse`` all paths below."""
        self.deployment.delete(dpl, recurse=recurse)

    def get_deployment_state(self, dpl_id: str) -> dict[str, Any] | None:
        """Return the state of a deployment, or None if it does not exist."""
        state: dict[str, Any] | None = self.deployment.state(dpl_id).get()
        return state

    def create_deployment_state(self, dpl_id: str, state: Fields) -> None:
        """Create the state of a deployment."""
        self.deployment.state(dpl_id).create(state)

    def update_deployment_state(self, dpl_id: str, state: Fields) -> None:
        """Replace the state of a deployment."""
        self.deployment.state(dpl_id).update(state)

    def delete_deployment_state(self, dpl_id: str) -> None:
        """Delete the state of a deployment."""
        self.deployment.state(dpl_id).delete()

    # Script definitions as dicts, identified by kind, name and version

    def list_scripts(self, kind: str = "", name: str = "") -> list[tuple[str, str, str]]:
        """Return the kinds, names and versions of scripts, sorted.

        Args:
            kind: list only scripts of this kind.
            name: list only scripts of this name.
        """
        parts = {part: text for part, text in (("kind", kind), ("name", name)) if text}
        keys = self.script.query_keys(**parts)
        return sorted((key.kind, key.name, key.version) for key in keys)

    def get_script(self, kind: str, name: str, version: str) -> dict[str, Any] | None:
        """Return a script definition, or None if it does not exist."""
        script: dict[str, Any] | None = self._script_dict(kind, name, version).get()
        return script

    def create_script(self, kind: str, name: str, version: str, script: Fields) -> None:
        """Create a script definition."""
        self.script.check_new(self.script.MODEL_CLASS.Key(kind=kind, name=name, version=version))
        self._script_dict(kind, name, version).create(script)

    def update_script(self, kind: str, name: str, version: str, script: Fields) -> None:
        """Replace a script definition."""
        self._script_dict(kind, name, version).update(script)

    def delete_script(self, kind: str, name: str, version: str, recurse: bool = False) -> None:
        """Delete a script definition, its state and owner; with ``recurse`` all paths below."""
        self.script.delete(f"{kind}:{name}:{version}", recurse=recurse)

    def _script_dict(self, kind: str, name: str, version: str) -> ValueOperations:
        return ValueOperations(self._context.raw, self.script(f"{kind}:{name}:{version}").path)

    # Entries of the controller and of the subarrays, as dicts

    def get_controller(self) -> dict[str, Any] | None:
        """Return the entry of the controller, or None if it does not exist."""
        entry: dict[str, Any] | None = self.controller.get()
        return entry

    def create_controller(self, entry: Fields) -> None:
        """Create the entry of the controller."""
        self.controller.create(entry)

    def update_controller(self, entry: Fields) -> None:
        """Replace the entry of the controller."""
        self.controller.update(entry)

    def delete_controller(self) -> None:
        """Delete the entry of the controller, its state and its owner."""
        self.controller.delete()

    def list_subarrays(self, prefix: str = "") -> list[str]:
        """Return the ids that start with a prefix, sorted."""
        return self.subarray.list_keys(prefix)

    def get_subarray(self, subarray_id: str) -> dict[str, Any] | None:
        """Return the entry of a subarray, or None if it does not exist."""
        entry: dict[str, Any] | None = self.subarray.get(subarray_id)
        return entry

    def create_subarray(self, subarray_id: str, entry: Fields) -> None:
        """Create the entry of a subarray."""
        self.subarray.create(subarray_id, entry)

    def update_subarray(self, subarray_id: str, entry: Fields) -> None:
        """Replace the entry of a subarray."""
        self.subarray.update(subarray_id, entry)

    def delete_subarray(self, subarray_id: str, recurse: bool = False) -> None:
        """Delete the entry of a subarray, state and owner; with ``recurse`` all paths below."""
        self.subarray.delete(subarray_id, recurse=recurse)
