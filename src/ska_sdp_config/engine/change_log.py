"""Log of recent changes, to bring a slightly older read up to date."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from ska_sdp_config.store.interface import Change

__all__ = ["ChangeLog", "Point"]

MAX_CHANGES = 2_000
"""Number of changes kept."""

MAX_CHARACTERS = 2_000_000
"""Total length of the values kept, in characters of one to four bytes."""


class Point(NamedTuple):
    """Point in the history of a cache.

    Attributes:
        clears: ``Cache.clears`` before the revision was read.
        revision: the revision.
    """

    clears: int
    revision: int


class ChangeLog:
    """Changes since a revision; the oldest are dropped when a limit is reached.

    Attributes:
        begins: revision after which all changes are in the log.
    """

    def __init__(self) -> None:
        self.begins = 0
        self._changes: deque[Change] = deque()
        self._characters = 0

    def begin(self, revision: int) -> None:
        """Clear the log and start after a revision."""
        self._changes.clear()
        self._characters = 0
        self.begins = revision

    def extend(self, changes: Sequence[Change]) -> None:
        """Append changes, in order of their revisions."""
        kept = self._changes
        kept.extend(changes)
        self._characters += sum(map(_length, changes))
        while len(kept) > MAX_CHANGES or self._characters > MAX_CHARACTERS:
            dropped = kept.popleft()
            self._characters -= _length(dropped)
            self.begins = dropped.revision

    def after(self, revision: int) -> list[Change]:
        """Return the changes after a revision, in order; it must not be before ``begins``."""
        newer = takewhile(lambda change: change.revision > revision, reversed(self._changes))
        return list(newer)[::-1]


def _length(change: Change) -> int:
    return len(change.entry.value) if change.entry else 0
