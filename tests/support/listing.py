"""Listing of paths, compared as text."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Listing"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Paths that begin with a prefix and have so many slashes more than it."""

    start: str
    level: int = 0

    def __contains__(self, path: object) -> bool:
        return (
            isinstance(path, str)
            and path.startswith(self.start)
            and path.count("/") == self.start.count("/") + self.level
        )
