"""What was commanded of the Tango devices: ``/lmc/controller`` and ``/lmc/subarray/<NN>``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ska_sdp_config.entity.codec import decode
from ska_sdp_config.entity.common.ids import check_path_part
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.entry import EntryCollection, EntryOperations
from ska_sdp_config.operations.readable import readable

__all__ = ["DeviceOperations", "Subarrays", "controller"]

_SUBARRAYS = "/lmc/subarray/"


class DeviceOperations(EntryOperations):
    """The operations on the entry of one device, a dict."""

    def delete(self, must_exist: bool = True, recurse: bool = False) -> None:
        """Delete the entry, its state and its owner.

        Args:
            must_exist: whether its absence is an error.
            recurse: whether everything else below its path goes too.

        Raises:
            ConfigVanished: it must exist, and does not.
        """
        super().delete(must_exist, recurse)
        if recurse:
            return
        # A device's user of a secured database may not even delete what is not there.
        for path, text in self._raw.get_many([self.state.path, self.ownership.path]).items():
            if text is not None:
                self._raw.delete(path)


def controller(context: Context) -> DeviceOperations:
    """Get the operations on the controller's entry."""
    return DeviceOperations(context, f"{context.prefix}/lmc/controller")


class Subarrays(EntryCollection):
    """The entries of the subarrays, dicts; a key is a subarray's number, such as ``01``.

    Args:
        context: the transaction.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._raw = context.raw
        self._root = context.prefix + _SUBARRAYS

    def __call__(self, key: str) -> DeviceOperations:
        """Get the operations on one subarray's entry.

        Raises:
            ValueError: not the id of a subarray.
        """
        return DeviceOperations(self._context, self._root + check_path_part(key))

    def list_keys(self, prefix: str = "") -> list[str]:
        """List the ids of the subarrays that have an entry, sorted.

        Args:
            prefix: how they begin.

        Raises:
            ValueError: no id begins so.
        """
        path = self._listing(prefix)
        return [found[len(self._root) :] for found in self._raw.list_keys(path)]

    def query_keys(self, prefix: str = "") -> Iterator[str]:
        """Get the ids one by one; see list_keys. Nothing is read before the first."""
        self._listing(prefix)
        return self._query_keys(prefix)

    def list_values(self, prefix: str = "") -> list[tuple[str, Any]]:
        """List the subarrays' entries with their ids, sorted, in one round trip.

        What is not JSON is left out, with a warning in the log.

        Args:
            prefix: how the ids begin.

        Raises:
            ValueError: no id begins so.
        """
        return list(self.query_values(prefix))

    def query_values(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Get the entries one by one; see list_values. Nothing is read before the first."""
        return self._query_values(self._listing(prefix))

    def _query_keys(self, prefix: str) -> Iterator[str]:
        yield from self.list_keys(prefix)

    def _query_values(self, listing: str) -> Iterator[tuple[str, Any]]:
        for path, text in self._raw.list_values(listing):
            yield from readable(path, path[len(self._root) :], decode, text)

    def _listing(self, prefix: str) -> str:
        return self._root + (check_path_part(prefix) if prefix else "")
