"""Reads of one iteration of a watcher loop, and whether any of them is stale."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ska_sdp_config.engine.followed import Followed
from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.store.interface import Change
from ska_sdp_config.store.keys import Span

__all__ = ["WatchedReads"]


class WatchedReads:
    """Read sets of one iteration, compared with every change of the store.

    Args:
        wake: notified when a read is stale; its lock guards this object.
        followed: the paths whose changes count as well, although they were not read.
    """

    def __init__(self, wake: threading.Condition, followed: Followed) -> None:
        self._wake = wake
        self._followed = followed
        self._reads: list[Reads] = []
        self._last: list[Reads] = []
        # A read set is added after its transaction, so the changes during an iteration are kept:
        # for each key the revisions of its last write, and of its last creation or deletion.
        self._recent: dict[str, tuple[int, int]] = {}
        self._gap = 0
        self._waiting = False
        self._stale = False

    def begin_iteration(self) -> None:
        """Clear the reads of the previous iteration."""
        with self._wake:
            self._last, self._reads = self._reads, []
            self._recent = {}
            # Reads from now on are newer than the gap, whatever their revision.
            self._gap = 0
            self._waiting = self._stale = False

    def add(self, reads: Reads) -> None:
        """Add the read set of a transaction."""
        if reads.keys or reads.spans:
            with self._wake:
                self._reads.append(reads)

    def remove(self, reads: Reads, others_open: bool) -> None:
        """Remove the read set of a transaction that runs again, and the changes it is kept for.

        Args:
            reads: the read set.
            others_open: whether another transaction of the iteration has not added its reads yet.
        """
        with self._wake:
            self._reads = [each for each in self._reads if each is not reads]
            if others_open:
                return
            # The cache has all of these changes, so later reads are newer than them.
            self._recent = {
                key: when for key, when in self._recent.items() if self._matters(key, *when)
            }

    def end_iteration(self) -> None:
        """Check the changes of the iteration, and from now on each one. Call with the lock."""
        self._waiting = True
        self._stale = (
            any(self._matters(key, *when) for key, when in self._recent.items())
            or any(reads.revision < self._gap for reads in self._reads)
            or self._followed.missed(self._gap)
        )
        self._recent = {}

    @property
    def is_stale(self) -> bool:
        """Whether a read is stale."""
        return self._stale

    def read_count(self) -> int:
        """Return the number of keys and members read in this iteration and in the previous one."""
        with self._wake:
            both = [*self._reads, *self._last]
        return sum(len(reads.keys) + sum(map(len, reads.spans.values())) for reads in both)

    def cached(self) -> tuple[set[str], set[Span]]:
        """Return the keys and spans read in this iteration and in the previous one."""
        with self._wake:
            both = [*self._reads, *self._last]
        keys = {key for reads in both for key in reads.keys}
        return keys, {span for reads in both for span in reads.spans}

    def changed(self, changes: Sequence[Change]) -> None:
        """Compare changes with the reads; see Sink."""
        with self._wake:
            for key, revision, entry in changes:
                created_or_deleted = entry is None or entry.created == revision
                if not self._waiting:
                    _, before = self._recent.get(key, (0, 0))
                    self._recent[key] = (revision, revision if created_or_deleted else before)
                elif self._matters(key, revision, revision if created_or_deleted else 0):
                    self._stale = True
            if self._stale:
                self._wake.notify_all()

    def closed(self) -> None:
        """Wake the loop, as the Config was closed; see Listener."""
        with self._wake:
            self._wake.notify_all()

    def gap(self, revision: int) -> None:
        """Mark reads before the revision stale; see Sink."""
        with self._wake:
            self._gap = max(self._gap, revision)
            self._stale = self._waiting
            self._wake.notify_all()

    def _matters(self, key: str, written: int, created_or_deleted: int) -> bool:
        if written > self._followed.revision and self._followed.covers(key):
            return True
        return any(reads.is_stale(key, written, created_or_deleted) for reads in self._reads)
