"""The last changes of the store, by which what was read a moment ago is brought up to date."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import takewhile

from ska_sdp_config.store.interface import Change

__all__ = ["ChangeLog"]

MOST = 2_000
"""So many changes are remembered."""

MOST_CHARACTERS = 2_000_000
"""So many characters they may have together, of one to four bytes each: values may be large."""


class ChangeLog:
    """The changes since a revision, the oldest of which are forgotten in time.

    Attributes:
        begins: all changes after this revision are told.
    """

    def __init__(self) -> None:
        self.begins = 0
        self._changes: deque[Change] = deque()
        self._characters = 0

    def begin(self, revision: int) -> None:
        """Forget everything up to a revision."""
        self._changes.clear()
        self._characters = 0
        self.begins = revision

    def extend(self, changes: Sequence[Change]) -> None:
        """Take changes, in order."""
        held = self._changes
        held.extend(changes)
        self._characters += sum(map(_length, changes))
        while len(held) > MOST or self._characters > MOST_CHARACTERS:
            forgotten = held.popleft()
            self._characters -= _length(forgotten)
            self.begins = forgotten.revision

    def after(self, revision: int) -> list[Change]:
        """Get the changes after a revision, which is none before ``begins``, in order."""
        newer = takewhile(lambda change: change.revision > revision, reversed(self._changes))
        return list(newer)[::-1]


def _length(change: Change) -> int:
    _, _, entry = change
    return len(entry.value) if entry else 0
