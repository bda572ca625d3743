"""Repetition of a transaction after its commit, which ``Transaction.loop`` requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.interface import Change, GapCause, Store
from ska_sdp_config.store.keys import EVERYTHING

__all__ = ["Closable", "repeated"]

RETRY_FAILED_READ_AFTER_S = 2.0
"""Longest wait after a body in which a read failed: a change of that value is not detected."""


class Closable(Protocol):
    """Watch or wait that is ended when its backend is closed."""

    def close(self) -> None:
        """End it; may be called from any thread."""


def repeated(
    once: Callable[[], Iterator[Txn]],
    store: Store,
    open_watches: list[Closable],
    before_repetition: Callable[[Txn], None] = lambda txn: None,
) -> Iterator[Txn]:
    """Yield the attempts at a transaction, again after each commit whose body has called ``loop``.

    Args:
        once: yields attempts until one commits.
        store: where to watch for changes.
        open_watches: the backend's open watches, to which each wait is added until it ends.
        before_repetition: called after the wait with the transaction that runs again.

    Raises:
        ConfigConnectionError: the backend was closed; and the errors of ``once``.
    """
    while True:
        txn: Txn | None = None
        for txn in once():
            yield txn
        if txn is None or txn.repeat_within is None:
            return
        timeout = txn.repeat_within
        if txn.is_incomplete:
            timeout = min(timeout, RETRY_FAILED_READ_AFTER_S)
        if timeout > 0:
            _wait_for_change(txn.reads, timeout, store, open_watches)
        if store.closed:
            # A read of a closed store raises its error. A body without reads would run forever.
            store.read([], timeout=store.timeout)
        before_repetition(txn)


def _wait_for_change(
    reads: Reads, timeout: float, store: Store, open_watches: list[Closable]
) -> None:
    """Wait until something that a transaction has read changes, at most ``timeout`` seconds.

    The watch starts right after the revision of the reads, or of the commit, so no change is
    missed and the transaction's own writes are not counted.
    """
    wait = _Wait(reads)
    open_watches.append(wait)
    try:
        # Without this, a transaction that reads nothing would receive the whole history.
        watch = store.watch(EVERYTHING, reads.revision + 1, wait) if reads.revision else None
        try:
            if not store.closed:
                wait.ended.wait(min(timeout, threading.TIMEOUT_MAX))
        finally:
            if watch is not None:
                watch.cancel()
    finally:
        open_watches.remove(wait)


class _Wait:
    """Sink of a watch that ends a wait when the reads of a transaction are stale.

    Attributes:
        ended: set at the end of the wait.
    """

    def __init__(self, reads: Reads) -> None:
        self.ended = threading.Event()
        self._reads = reads

    def changed(self, changes: Sequence[Change]) -> None:
        """End the wait if a change concerns the reads; see Sink."""
        for key, revision, entry in changes:
            created_or_deleted = entry is None or entry.created == revision
            if self._reads.is_stale(key, revision, revision if created_or_deleted else 0):
                self.ended.set()

    def gap(self, revision: int, cause: GapCause) -> None:
        """End the wait, as changes were lost; see Sink."""
        self.ended.set()

    def close(self) -> None:
        """End the wait, as the backend was closed."""
        self.ended.set()
