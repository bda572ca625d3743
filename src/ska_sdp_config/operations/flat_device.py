"""Methods of a transaction for entries of devices, as in release 0.5.0 of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ska_sdp_config.operations.collections import Collections

if TYPE_CHECKING:
    from ska_sdp_config.operations.values import Fields

__all__ = ["DeviceMethods"]


class DeviceMethods(Collections):
    """Entries of the controller and of the subarrays, as dicts.

    The errors are those of ``subarray``: ConfigCollision if a created value exists,
    ConfigVanished if a replaced or deleted one does not exist, ValueError if an id or a stored
    value is invalid.
    """

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
