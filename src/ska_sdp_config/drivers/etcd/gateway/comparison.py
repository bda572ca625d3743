"""Comparison of the changes that a watch delivered with the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ska_sdp_config.drivers.etcd.gateway import codec
from ska_sdp_config.store.interface import Change
from ska_sdp_config.store.keys import EVERYTHING, Span

__all__ = ["Comparison", "RevisionRegressed"]


class RevisionRegressed(Exception):
    """The revision of the store is lower than that of delivered changes."""


class Comparison:
    """Progress of a watch on a span, and detection of changes that it did not deliver.

    A missing change shows as a key that was written since, or, after a deletion, as a number of
    keys that differs from the delivered changes. A key that was created and deleted in between
    is not detected.

    Args:
        read: sends a range request.
        span: the keys that are watched.
        next_revision: first revision to deliver.

    Attributes:
        next_revision: first revision not yet delivered.
    """

    def __init__(
        self, read: Callable[[codec.Json], codec.Json], span: Span, next_revision: int
    ) -> None:
        self._read = read
        self._span = span
        self.next_revision = next_revision
        self._keys = 0
        self._compared_up_to = 0

    def begin(self) -> None:
        """Count the keys as of the revision before the next one.

        Raises:
            Compacted: that revision was compacted, and so may be the changes after it.
            RevisionRegressed: the store is older than delivered changes.
            ConfigConnectionError: the read failed.
        """
        newest, keys = self._count()
        if self.next_revision > newest + 1:
            raise RevisionRegressed
        if self.next_revision <= newest:
            # The first revision is 1, that of an empty store.
            _, keys = self._count(max(1, self.next_revision - 1))
        self._keys = keys
        # The last comparison may have been with another store.
        self._compared_up_to = 0

    def skip(self) -> int:
        """Skip to the newest revision, and return it.

        Raises:
            ConfigConnectionError: the read failed.
        """
        newest, self._keys = self._count()
        self.next_revision = newest + 1
        self._compared_up_to = 0
        return newest

    def take(self, changes: Sequence[Change]) -> None:
        """Record delivered changes."""
        for change in changes:
            if change.entry is None:
                self._keys -= 1
            elif change.entry.created == change.revision:
                self._keys += 1
        self.next_revision = changes[-1].revision + 1

    def is_behind(self) -> bool:
        """Return whether the store holds changes that were not delivered.

        Raises:
            RevisionRegressed: the store is older than delivered changes.
            ConfigConnectionError: the read failed.
        """
        newest, keys = self._count()
        if newest < self.next_revision - 1:
            raise RevisionRegressed
        if newest < self.next_revision:
            return False
        # Every revision changes some key, so a watch on all keys needs no search.
        if self._span == EVERYTHING or keys != self._keys:
            return True
        if newest > self._compared_up_to and self._is_written_since():
            return True
        # Changes up to the last comparison are complete. Later ones may still be in transit, if
        # a key was created and deleted.
        self.next_revision = max(self.next_revision, self._compared_up_to + 1)
        self._compared_up_to = newest
        return False

    def _count(self, revision: int = 0) -> tuple[int, int]:
        answer = self._read(codec.count(self._span, revision))
        return codec.revision_of(answer), int(answer.get("count", 0))

    def _is_written_since(self) -> bool:
        return bool(self._read(codec.written_since(self._span, self.next_revision)).get("kvs"))
