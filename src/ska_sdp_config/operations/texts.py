"""Unparsed texts at paths below the global prefix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ska_sdp_config.operations.context import Context

__all__ = ["Texts"]


class Texts:
    """Texts at paths below the global prefix, for programs that parse and validate them.

    In contrast to entities, an invalid text can be read, and several kinds in one round trip.
    """

    def __init__(self, context: Context) -> None:
        self._raw = context.raw
        self._prefix = context.prefix

    def get(self, path: str) -> str | None:
        """Return the text at a path, or None if it does not exist. The absence counts as read."""
        return self._raw.get(self._prefix + path)

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Return the texts at several paths, in one round trip."""
        found = self._raw.get_many(self._prefix + path for path in paths)
        return {self._strip(path): text for path, text in found.items()}

    def list_keys(self, path: str, recurse: int | Iterable[int] = 0) -> list[str]:
        """Return paths, sorted.

        Args:
            path: ``/pb/`` for the children of ``/pb``; ``/pb/pb-a`` for the paths of that level
                that start with it.
            recurse: number of further levels, or the exact levels.
        """
        return [self._strip(found) for found in self._raw.list_keys(self._prefix + path, recurse)]

    def list_values(self, path: str, recurse: int | Iterable[int] = 0) -> list[tuple[str, str]]:
        """Return paths and texts, sorted by path, in one round trip.

        Args:
            path: start of the paths, as for ``list_keys``.
            recurse: number of further levels, or the exact levels.
        """
        found = self._raw.list_values(self._prefix + path, recurse)
        return [(self._strip(path), text) for path, text in found] if self._prefix else found

    def peek_values(
        self, path: str, recurse: int | Iterable[int] = 0
    ) -> Iterator[tuple[str, str]]:
        """Iterate over paths and texts, read in pages; they do not count as read.

        Args:
            path: start of the paths, as for ``list_keys``.
            recurse: number of further levels, or the exact levels.
        """
        found = self._raw.peek_values(self._prefix + path, recurse)
        return ((self._strip(full), text) for full, text in found)

    def put(self, path: str, text: str) -> None:
        """Create or replace the text at a path, which counts as read.

        Raises:
            TypeError: the text is not a ``str``.
        """
        full = self._prefix + path
        (self._raw.create if self._raw.get(full) is None else self._raw.update)(full, text)

    def _strip(self, path: str) -> str:
        return path[len(self._prefix) :]
