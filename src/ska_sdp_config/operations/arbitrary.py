"""JSON at any path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ska_sdp_config.entity.codec import decode
from ska_sdp_config.operations.context import Context
from ska_sdp_config.operations.entry import EntryCollection, EntryOperations
from ska_sdp_config.operations.readable import readable
from ska_sdp_config.store.errors import check_path
from ska_sdp_config.store.keys import spans_of_listing

__all__ = ["Arbitrary"]


class Arbitrary(EntryCollection):
    """JSON values at whole paths: the global prefix does not stand before them.

    A path is itself alone: to delete it leaves what is below it, its state and its owner too,
    unless ``recurse`` is said.

    Args:
        context: the transaction.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._raw = context.raw

    def __call__(self, key: str) -> EntryOperations:
        """Get the operations on the value at one path.

        Raises:
            ValueError: not a path.
        """
        check_path(key)
        return EntryOperations(self._context, key)

    def list_keys(self, path: str = "/", recurse: int | Iterable[int] = 0) -> list[str]:
        """List paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that begin so.
            recurse: how many levels more, or exactly which ones.

        Raises:
            ValueError: not a path.
        """
        return self._raw.list_keys(path, recurse)

    def query_keys(self, path: str = "/", recurse: int | Iterable[int] = 0) -> Iterator[str]:
        """Get the paths one by one; see list_keys. Nothing is read before the first."""
        spans_of_listing(path)
        return self._query_keys(path, recurse)

    def list_values(
        self, path: str = "/", recurse: int | Iterable[int] = 0
    ) -> list[tuple[str, Any]]:
        """List the values with their paths, sorted, in one round trip.

        What is not JSON is left out, with a warning in the log.

        Args:
            path: how the paths begin, as for ``list_keys``.
            recurse: how many levels more, or exactly which ones.

        Raises:
            ValueError: not a path.
        """
        return list(self.query_values(path, recurse))

    def query_values(
        self, path: str = "/", recurse: int | Iterable[int] = 0
    ) -> Iterator[tuple[str, Any]]:
        """Get the values one by one; see list_values. Nothing is read before the first."""
        spans_of_listing(path)
        return self._query_values(path, recurse)

    def _query_keys(self, path: str, recurse: int | Iterable[int]) -> Iterator[str]:
        yield from self.list_keys(path, recurse)

    def _query_values(self, path: str, recurse: int | Iterable[int]) -> Iterator[tuple[str, Any]]:
        for found, text in self._raw.list_values(path, recurse):
            yield from readable(found, found, decode, text)
