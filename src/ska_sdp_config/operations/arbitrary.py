"""JSON values at any path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ska_sdp_config.entity.codec import decode
from ska_sdp_config.operations.entry import EntryCollection, EntryOperations
from ska_sdp_config.operations.readable import readable
from ska_sdp_config.store.errors import check_path
from ska_sdp_config.store.keys import spans_of_listing

__all__ = ["Arbitrary"]


class Arbitrary(EntryCollection[Any, Any]):
    """JSON values at full paths, to which the global prefix is not added.

    Deleting a value leaves its state, its owner and all other paths below it, unless
    ``recurse`` is set.
    """

    def __call__(self, *args: str, **parts: str) -> EntryOperations:
        """Return the operations on the value at one path; see EntryCollection."""
        key = self._key_of(args, parts)
        check_path(key)
        return EntryOperations(self._context, key)

    def list_keys(self, path: str = "/", recurse: int | Iterable[int] = 0) -> list[str]:
        """Return the paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that start with it.
            recurse: number of further levels, or the exact levels.
        """
        return self._context.raw.list_keys(path, recurse)

    def query_keys(self, path: str = "/", recurse: int | Iterable[int] = 0) -> Iterator[str]:
        """Iterate over the paths. The database is read at the first one; see list_keys."""
        spans_of_listing(path)
        return self._query_keys(path, recurse)

    def list_values(
        self, path: str = "/", recurse: int | Iterable[int] = 0
    ) -> list[tuple[str, Any]]:
        """Return the paths and values, sorted by path, in one round trip.

        Values that are not JSON are left out, with a warning in the log.

        Args:
            path: start of the paths, as for ``list_keys``.
            recurse: number of further levels, or the exact levels.
        """
        return list(self.query_values(path, recurse))

    def query_values(
        self, path: str = "/", recurse: int | Iterable[int] = 0
    ) -> Iterator[tuple[str, Any]]:
        """Iterate over paths and values. The database is read at the first; see list_values."""
        spans_of_listing(path)
        return self._query_values(path, recurse)

    def _query_keys(self, path: str, recurse: int | Iterable[int]) -> Iterator[str]:
        yield from self.list_keys(path, recurse)

    def _query_values(self, path: str, recurse: int | Iterable[int]) -> Iterator[tuple[str, Any]]:
        for found, text in self._context.raw.list_values(path, recurse):
            yield from readable(self._context, found, found, decode, text)
