"""What a watch has told, compared with what the store holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ska_sdp_config.drivers.etcd.gateway import codec
from ska_sdp_config.store.interface import Change
from ska_sdp_config.store.keys import EVERYTHING, Span

__all__ = ["Comparison", "WentBack"]


class WentBack(Exception):
    """The store is not the one that was told of, or a restored older copy of it."""


class Comparison:
    """How far a watch on a span has come, and whether there is more to tell.

    A change shows as a key that was written since, or, when keys were deleted, as fewer keys
    than the changes that were told leave. A key that came and went in between does not show.

    Args:
        read: makes a range request.
        span: what is watched.
        next_revision: from where on it is to be told.

    Attributes:
        next_revision: the first revision that was not told.
    """

    def __init__(
        self, read: Callable[[codec.Json], codec.Json], span: Span, next_revision: int
    ) -> None:
        self._read = read
        self._span = span
        self.next_revision = next_revision
        self._keys = 0
        self._level = 0

    def begin(self) -> None:
        """Find out how many keys there were when the next revision was yet to come.

        Raises:
            Compacted: that is no longer known, and what came next may not be either.
            WentBack: the store is before what was told.
            ConfigConnectionError: no answer.
        """
        newest, keys = self._count()
        if self.next_revision > newest + 1:
            raise WentBack
        if self.next_revision <= newest:
            # There is no revision 0, and 1 is that of an empty store.
            _, keys = self._count(max(1, self.next_revision - 1))
        self._keys = keys
        # What was level before may have been in another store.
        self._level = 0

    def skip(self) -> int:
        """Go on at the newest revision, and get it.

        Raises:
            ConfigConnectionError: no answer.
        """
        newest, self._keys = self._count()
        self.next_revision = newest + 1
        self._level = 0
        return newest

    def take(self, changes: Sequence[Change]) -> None:
        """Take changes that were told."""
        for change in changes:
            if change.entry is None:
                self._keys -= 1
            elif change.entry.created == change.revision:
                self._keys += 1
        self.next_revision = changes[-1].revision + 1

    def is_behind(self) -> bool:
        """Tell whether the store holds something that was not told.

        Raises:
            WentBack: the store is before what was told.
            ConfigConnectionError: no answer.
        """
        newest, keys = self._count()
        if newest < self.next_revision - 1:
            raise WentBack
        if newest < self.next_revision:
            return False
        # Every revision is a change of some key, so for all keys there is no need to look.
        if self._span == EVERYTHING or keys != self._keys:
            return True
        if newest > self._level and self._is_written_since():
            return True
        # What was level when it was last compared is never told again. What has come since may
        # yet be on its way, if it is of a key that came and went.
        self.next_revision = max(self.next_revision, self._level + 1)
        self._level = newest
        return False

    def _count(self, revision: int = 0) -> tuple[int, int]:
        answer = self._read(codec.count(self._span, revision))
        return codec.revision_of(answer), int(answer.get("count", 0))

    def _is_written_since(self) -> bool:
        return bool(self._read(codec.written_since(self._span, self.next_revision)).get("kvs"))
