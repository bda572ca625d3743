"""What was commanded of the Tango devices: ``/lmc/controller`` and ``/lmc/subarray/<NN>``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..entity.codec import decode
from ..entity.common.ids import check_path_part
from .context import Context
from .values import ValueCollection, ValueOperations

__all__ = ["Subarrays", "controller"]

_SUBARRAYS = "/lmc/subarray/"


def controller(context: Context) -> ValueOperations:
    """Get the operations on the controller's entry, a dict."""
    return ValueOperations(context.raw, f"{context.prefix}/lmc/controller")


class Subarrays(ValueCollection):
    """The entries of the subarrays, dicts; a key is a subarray's number, such as ``01``.

    Args:
        context: the transaction.
    """

    def __init__(self, context: Context) -> None:
        self._raw = context.raw
        self._root = context.prefix + _SUBARRAYS

    def __call__(self, key: str) -> ValueOperations:
        """Get the operations on one subarray's entry.

        Raises:
            ValueError: not the id of a subarray.
        """
        return ValueOperations(self._raw, self._root + check_path_part(key))

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

        Args:
            prefix: how the ids begin.

        Raises:
            ValueError: no id begins so, or what is stored is no JSON.
        """
        return list(self.query_values(prefix))

    def query_values(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Get the entries one by one; see list_values. Nothing is read before the first."""
        return self._query_values(self._listing(prefix))

    def _query_keys(self, prefix: str) -> Iterator[str]:
        yield from self.list_keys(prefix)

    def _query_values(self, listing: str) -> Iterator[tuple[str, Any]]:
        for path, text in self._raw.list_values(listing):
            yield path[len(self._root) :], decode(text, path)

    def _listing(self, prefix: str) -> str:
        return self._root + (check_path_part(prefix) if prefix else "")
