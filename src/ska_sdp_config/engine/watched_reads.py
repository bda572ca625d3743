"""What a turn of a watcher's loop has read, and whether any of it has changed since."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.store.interface import Change
from ska_sdp_config.store.keys import Span

__all__ = ["Interest"]


class Interest:
    """The reads of one turn. Is told of every change of the store.

    Args:
        wake: is notified when something that was read has changed; its lock guards this object.
    """

    def __init__(self, wake: threading.Condition) -> None:
        self._wake = wake
        self._reads: list[Reads] = []
        self._last: list[Reads] = []
        # What changes during the turn may be read, or have been read, before it ends: for each
        # key when it was last written, and when it last came to be or was deleted.
        self._recent: dict[str, tuple[int, int]] = {}
        self._gap = 0
        self._waiting = False
        self._stale = False

    def begin_turn(self) -> None:
        """Forget what was read."""
        with self._wake:
            self._last, self._reads = self._reads, []
            self._recent = {}
            # What is read from now on is newer than the gap, whatever its revision.
            self._gap = 0
            self._waiting = self._stale = False

    def add(self, reads: Reads) -> None:
        """Take what a transaction has read."""
        if reads.keys or reads.spans:
            with self._wake:
                self._reads.append(reads)

    def end_turn(self) -> None:
        """Find out what has changed meanwhile, and from now on at once. Call with the lock."""
        self._waiting = True
        self._stale = any(self._matters(key, *when) for key, when in self._recent.items()) or any(
            reads.revision < self._gap for reads in self._reads
        )
        self._recent = {}

    @property
    def is_stale(self) -> bool:
        """Whether something that was read has changed since."""
        return self._stale

    def cached(self) -> tuple[set[str], set[Span]]:
        """Get the keys and spans that were read in this turn, and in the one before."""
        with self._wake:
            both = [*self._reads, *self._last]
        keys = {key for reads in both for key in reads.keys}
        return keys, {span for reads in both for span in reads.spans}

    def changed(self, changes: Sequence[Change]) -> None:
        """Take changes; see Sink."""
        with self._wake:
            for key, revision, entry in changes:
                came_or_went = entry is None or entry.created == revision
                if not self._waiting:
                    _, before = self._recent.get(key, (0, 0))
                    self._recent[key] = (revision, revision if came_or_went else before)
                elif self._matters(key, revision, revision if came_or_went else 0):
                    self._stale = True
            if self._stale:
                self._wake.notify_all()

    def closed(self) -> None:
        """Take notice of the end; see Listener."""
        with self._wake:
            self._wake.notify_all()

    def leave_to_parent(self, wake: threading.Condition) -> None:
        """Use another lock, as nobody knows who holds the one of the parent process."""
        self._wake = wake

    def gap(self, revision: int) -> None:
        """Take notice of lost changes; see Sink."""
        with self._wake:
            self._gap = max(self._gap, revision)
            self._stale = self._waiting
            self._wake.notify_all()

    def _matters(self, key: str, written: int, came_or_went: int) -> bool:
        for reads in self._reads:
            if written > reads.revision and key in reads.keys:
                return True
            if came_or_went > reads.revision and any(key in span for span in reads.spans):
                return True
        return False
