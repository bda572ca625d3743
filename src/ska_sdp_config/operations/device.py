"""Entries of the Tango devices: ``/lmc/controller`` and ``/lmc/subarray/<NN>``."""

from __future__ import annotations

from typing import Any, ClassVar

from ska_sdp_config.entity.codec import decode
from ska_sdp_config.entity.common.ids import PATH_PART, check_path_part
from ska_sdp_config.operations.base import NamedCollection
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.entry import EntryCollection, EntryOperations

__all__ = ["DeviceOperations", "Subarrays", "controller"]


class DeviceOperations(EntryOperations):
    """Operations on the entry of one device, a dict."""

    def delete(self, must_exist: bool = True, recurse: bool = False) -> None:
        """Delete the entry, its state and its owner.

        Args:
            must_exist: whether a missing entry is an error.
            recurse: whether to delete everything else below its path.

        Raises:
            ConfigVanished: ``must_exist`` is set and the entry does not exist.
        """
        super().delete(must_exist, recurse)
        if recurse:
            return
        # In a secured database the user of a device has no permission to delete these keys, even
        # if they do not exist.
        for path, text in self._raw.get_many([self.state.path, self.ownership.path]).items():
            if text is not None:
                self._raw.delete(path)


def controller(context: Context) -> DeviceOperations:
    """Return the operations on the entry of the controller."""
    return DeviceOperations(context, f"{context.prefix}/lmc/controller")


class Subarrays(NamedCollection[Any], EntryCollection[Any, Any]):
    """Entries of the subarrays, dicts. The key is the number of the subarray, such as ``01``."""

    PREFIX = "/lmc/subarray"
    KEY_PARTS: ClassVar[dict[str, str]] = {"subarray_id": PATH_PART}
    _read = staticmethod(decode)

    def __call__(self, *args: str, **parts: str) -> DeviceOperations:
        """Return the operations on the entry of one subarray; see EntryCollection."""
        key = check_path_part(self._key_of(args, parts))
        return DeviceOperations(self._context, self._root + key)
