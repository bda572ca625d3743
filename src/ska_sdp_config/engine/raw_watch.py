"""Iterator over the changes of a path."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from ska_sdp_config.engine.repetition import Closable
from ska_sdp_config.store.errors import DbRevision
from ska_sdp_config.store.fork import CreatorProcess
from ska_sdp_config.store.interface import Change, GapCause, Store
from ska_sdp_config.store.keys import Span, path_of_key

__all__ = ["RawWatch", "WatchEvent"]


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change. It unpacks as ``path, value, revision``, with a DbRevision as the revision.

    Attributes:
        path: the path that was written or deleted; None for a gap: changes up to the revision were
            compacted before they were delivered, or not delivered in time, or the database was
            restored to it, so that everything has to be read again.
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
    """Changes of a path from a revision on, each delivered once, in order.

    A context manager. Iterating waits for the next change until the watch or its backend is
    closed. The watch resumes after a restart of the database.

    Args:
        store: where to watch.
        span: the keys to watch.
        from_revision: the first revision to deliver.
        open_watches: the backend's open watches, to which this one is added until it is closed.
        creator: the process that created the store.
    """

    def __init__(
        self,
        store: Store,
        span: Span,
        from_revision: int,
        open_watches: list[Closable],
        creator: CreatorProcess,
    ) -> None:
        self._open_watches = open_watches
        self._creator = creator
        self._events: queue.SimpleQueue[WatchEvent | None] = queue.SimpleQueue()
        self._watch = store.watch(span, from_revision, self)
        open_watches.append(self)

    def get(self, timeout: float | None = None) -> WatchEvent | None:
        """Wait for the next change.

        Args:
            timeout: seconds to wait, None for no limit.

        Returns:
            The change; None after the timeout, or if the watch was closed.
        """
        self._creator.check()
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if event is None:
            # For other threads that wait, and for further calls.
            self._events.put(None)
        return event

    def close(self) -> None:
        """End the watch and the iteration over it; may be called from any thread.

        Does nothing in a forked child: the watch belongs to the parent process.
        """
        if not self._creator.is_current:
            return
        with suppress(ValueError):
            self._open_watches.remove(self)
        self._watch.cancel()
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
        """Queue changes; see Sink."""
        for key, revision, entry in changes:
            value = entry.value if entry else None
            self._events.put(WatchEvent(path_of_key(key), value, revision))

    def gap(self, revision: int, cause: GapCause) -> None:
        """Queue a gap; see Sink."""
        self._events.put(WatchEvent(None, None, revision))
