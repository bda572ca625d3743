"""The seed's methods for the Tango devices' entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections

if TYPE_CHECKING:
    from ska_sdp_config.operations.values import Fields

__all__ = ["DeviceMethods"]


class DeviceMethods(Collections):
    """What was commanded of the controller and of the subarrays, as dicts."""

    def get_controller(self) -> dict[str, Any] | None:
        """Get the controller's entry, or None if there is none.

        Raises:
            ValueError: what is stored is no JSON.
        """
        entry: dict[str, Any] | None = self.controller.get()
        return entry

    def create_controller(self, entry: Fields) -> None:
        """Create the controller's entry.

        Raises:
            ConfigCollision: it exists already.
        """
        self.controller.create(entry)

    def update_controller(self, entry: Fields) -> None:
        """Replace the controller's entry.

        Raises:
            ConfigVanished: it is not there.
        """
        self.controller.update(entry)

    def delete_controller(self) -> None:
        """Delete the controller's entry.

        Raises:
            ConfigVanished: it is not there.
        """
        self.controller.delete()

    def list_subarrays(self, prefix: str = "") -> list[str]:
        """List the ids of subarrays that begin with a prefix, sorted.

        Raises:
            ValueError: no id begins so.
        """
        return self.subarray.list_keys(prefix)

    def get_subarray(self, subarray_id: str) -> dict[str, Any] | None:
        """Get a subarray's entry, or None if there is none.

        Raises:
            ValueError: not an id, or what is stored is no JSON.
        """
        entry: dict[str, Any] | None = self.subarray.get(subarray_id)
        return entry

    def create_subarray(self, subarray_id: str, entry: Fields) -> None:
        """Create a subarray's entry.

        Raises:
            ConfigCollision: it exists already.
            ValueError: not an id.
        """
        self.subarray.create(subarray_id, entry)

    def update_subarray(self, subarray_id: str, entry: Fields) -> None:
        """Replace a subarray's entry.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.subarray.update(subarray_id, entry)

    def delete_subarray(self, subarray_id: str, recurse: bool = False) -> None:
        """Delete a subarray's entry.

        Args:
            subarray_id: its id.
            recurse: whether everything below its path goes too.

        Raises:
            ConfigVanished: it is not there.
            ValueError: not an id.
        """
        self.subarray.delete(subarray_id, recurse=recurse)
