"""Result of the last trim of the cache."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Trimmed"]


class Trimmed(NamedTuple):
    """Result of the last trim of the cache.

    Attributes:
        size: number of entries and members that were left.
        read: number that the watchers read.
    """

    size: int
    read: int

    def suffices(self, size: int, read: int) -> bool:
        """Return whether another trim, which scans the whole cache, would drop little."""
        return size <= self.size and 2 * read >= self.read
