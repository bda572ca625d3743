"""Live copy of the database: all texts once, then each change."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.engine.watcher import until_answered
from ska_sdp_config.live.received import Everything, Received, Write
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import depth_of_path
from ska_sdp_config.store.interface import Change, GapCause
from ska_sdp_config.store.keys import EVERYTHING, readable_path_of

__all__ = ["Live"]


_GAP = "gap"
_END = "end"


class Live:
    """One watch of the whole database, whose changes wait until they are taken.

    After an outage the watch resumes where it was, or reads everything again.

    Args:
        backend: the database.
        prefix: prefix of all paths, which those that are taken do not have.
        on_received: called, by another thread, when there is something to take.

    Attributes:
        error: the error that ended it, None while it runs.
    """

    def __init__(self, backend: Backend, prefix: str, on_received: Callable[[], None]) -> None:
        self.error: Exception | None = None
        self._backend = backend
        self._prefix = prefix
        self._on_received = on_received
        self._queue: queue.SimpleQueue[Sequence[Change] | str] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: list[Received] = []
        self._revision = 0
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def take(self) -> list[Received]:
        """Return what was received since the last call, oldest first."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def close(self) -> None:
        """End the watch. An unanswered read ends when the database is closed."""
        self._queue.put(_END)

    def changed(self, changes: Sequence[Change]) -> None:
        """Queue changes; see Sink."""
        self._queue.put(changes)

    def gap(self, revision: int, cause: GapCause) -> None:
        """Queue a gap; see Sink."""
        self._queue.put(_GAP)

    def _run(self) -> None:
        try:
            self._receive()
        except Exception as error:
            # Shown by the program, which would otherwise show old values as if they were present.
            self.error = error
            self._on_received()

    def _receive(self) -> None:
        store = self._backend.store
        self._keep([self._read()])
        watch = store.watch(EVERYTHING, self._revision + 1, self)
        try:
            while (received := self._queue.get()) != _END:
                if received == _GAP:
                    no_limit = Deadline(store.timeout, None, store.address)
                    everything = until_answered(store, lambda seconds: self._read(), no_limit)
                    self._keep([everything])
                elif not isinstance(received, str):
                    self._keep(self._writes(received))
        finally:
            watch.cancel()

    def _read(self) -> Everything:
        root = f"{self._prefix}/"
        texts: dict[str, str] = {}
        for txn in self._backend.txn():
            found = txn.peek_values(root, MAX_DEPTH - depth_of_path(root))
            texts = {path[len(self._prefix) :]: text for path, text in found}
            self._revision = txn.revision
        return Everything(texts, self._revision)

    def _writes(self, changes: Sequence[Change]) -> list[Received]:
        found: list[Received] = []
        for change in changes:
            path = readable_path_of(change.key)
            # After a gap, older changes may still be in the queue.
            is_new = change.revision > self._revision
            if path is not None and is_new and path.startswith(f"{self._prefix}/"):
                text = change.entry.value if change.entry else None
                found.append(Write(path[len(self._prefix) :], text, change.revision))
        return found

    def _keep(self, received: Sequence[Received]) -> None:
        if received:
            with self._lock:
                self._waiting += received
            self._on_received()
