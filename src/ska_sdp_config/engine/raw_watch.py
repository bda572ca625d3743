"""The changes of a path, one by one."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from ska_sdp_config.store.errors import DbRevision
from ska_sdp_config.store.interface import Change, Store
from ska_sdp_config.store.keys import Span, path_of_key

__all__ = ["RawWatch", "WatchEvent"]


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change. It unpacks as ``path, value, revision``, with a DbRevision as the revision.

    Attributes:
        path: the path that was written or deleted; None says that everything wants reading again,
            as changes up to the revision were compacted before they were told, or the database
            went back to it.
        value: the new text, None for a deletion.
        revision: the revision of the change.
    """

    path: str | None
    value: str | None
    revision: int

    def __iter__(self) -> Iterator[str | DbRevision | None]:
        yield self.path
        yield self.value
        yield DbRevision(self.revision, self.revision)


class RawWatch:
    """The changes of a path from a revision on, each told once, in order.

    A context manager. Iterating waits for the next change, until the watch or its backend is
    closed. It goes on through restarts of the database.

    Args:
        store: where to watch.
        span: the keys to watch.
        from_revision: the first revision to be told.
        open_ones: where it is found by who must close it, as long as it is open.
    """

    def __init__(
        self, store: Store, span: Span, from_revision: int, open_ones: list[RawWatch]
    ) -> None:
        self._open_ones = open_ones
        self._events: queue.SimpleQueue[WatchEvent | None] = queue.SimpleQueue()
        self._watch = store.watch(span, from_revision, self)
        open_ones.append(self)

    def get(self, timeout: float | None = None) -> WatchEvent | None:
        """Wait for the next change.

        Args:
            timeout: seconds to wait, None for as long as it takes.

        Returns:
            The change; None when time is up or the watch was closed.
        """
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if event is None:
            # For whoever else waits, or asks once more.
            self._events.put(None)
        return event

    def close(self) -> None:
        """End it, and the iteration over it, from whatever thread."""
        with suppress(ValueError):
            self._open_ones.remove(self)
        self._watch.cancel()
        self._events.put(None)

    def leave_to_parent(self) -> None:
        """Be over in a process that was forked from the one that watches; see Forkable."""
        self._events = queue.SimpleQueue()
        self._events.put(None)

    def __iter__(self) -> Iterator[WatchEvent]:
        while event := self.get():
            yield event

    def __enter__(self) -> RawWatch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def changed(self, changes: Sequence[Change]) -> None:
        """Take changes; see Sink."""
        for key, revision, entry in changes:
            value = entry.value if entry else None
            self._events.put(WatchEvent(path_of_key(key), value, revision))

    def gap(self, revision: int) -> None:
        """Take notice of lost changes; see Sink."""
        self._events.put(WatchEvent(None, None, revision))
