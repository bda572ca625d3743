"""Lock order of the in-memory database and the cache."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database, MemoryWatch
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.followed import Followed
from ska_sdp_config.engine.watched_reads import WatchedReads
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import Change, Sink, Watch
from ska_sdp_config.store.keys import Span
from tests.support.backends import put
from tests.support.stores import RecordingSink

DEADLOCK = 20.0
"""Seconds after which threads that have not ended are deadlocked."""


def run_all(*bodies: Callable[[], object]) -> None:
    threads = [threading.Thread(target=body, name=body.__name__, daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLOCK)
    assert not [thread.name for thread in threads if thread.is_alive()], "deadlock"


def make_listener(backend: Backend) -> WatchedReads:
    return WatchedReads(threading.Condition(), Followed(backend.cache, ()))


def test_start_and_end_of_watchers_during_commit_do_not_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commit delivers to the old watch while the new one is being opened."""
    backend = MemoryBackend(Database())
    put(backend, a="1")
    cache, store = backend.cache, backend.store
    first, second = make_listener(backend), make_listener(backend)
    cache.join(first)
    cache.open(2)
    left, delivering, opening = (threading.Event() for _ in range(3))
    deliver, cancel, watch = MemoryWatch.deliver, MemoryWatch.cancel, store.watch

    def cancel_late(self: MemoryWatch) -> None:
        left.set()
        opening.wait(DEADLOCK)
        cancel(self)

    def deliver_late(self: MemoryWatch, changes: Sequence[Change]) -> None:
        if changes and not opening.is_set():
            # The committer holds the database's lock here.
            delivering.set()
            opening.wait(DEADLOCK)
        deliver(self, changes)

    def watch_late(span: Span, from_revision: int, sink: Sink) -> Watch:
        opening.set()
        return watch(span, from_revision, sink)

    monkeypatch.setattr(MemoryWatch, "cancel", cancel_late)
    monkeypatch.setattr(MemoryWatch, "deliver", deliver_late)
    monkeypatch.setattr(store, "watch", watch_late)

    def leave() -> None:
        cache.leave(first)

    def commit() -> None:
        left.wait(DEADLOCK)
        backend.update("/a", "2")

    def join() -> None:
        delivering.wait(DEADLOCK)
        cache.join(second)
        cache.open(2)

    run_all(leave, commit, join)
    assert cache.is_open
    view = cache.view()
    assert view is not None
    assert view.revision == 3, "the change that was committed meanwhile is delivered"
    cache.leave(second)
    assert not cache.is_open


def test_end_of_last_watcher_during_start_of_watch_cancels_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its watch is cancelled, although its start had not returned when the watcher ended."""
    backend = MemoryBackend(Database())
    put(backend, a="1")
    cache, store = backend.cache, backend.store
    listener = make_listener(backend)
    watch = store.watch

    def watch_and_leave(span: Span, from_revision: int, sink: Sink) -> Watch:
        opened = watch(span, from_revision, sink)
        cache.leave(listener)
        return opened

    monkeypatch.setattr(store, "watch", watch_and_leave)
    cache.join(listener)
    cache.open(2)
    assert not cache.is_open
    put(backend, b="1")
    assert not backend.database.watches


def test_cancel_does_not_wait_for_committer() -> None:
    """Garbage collection may end a watcher in a thread that holds the lock of the cache."""
    backend = MemoryBackend(Database())
    put(backend, a="1")
    watch = backend.store.watch(Span("1/a"), 3, RecordingSink())
    committing, cancelled = threading.Event(), threading.Event()
    in_time: list[bool] = []

    def commit() -> None:
        with backend.database.lock:
            committing.set()
            in_time.append(cancelled.wait(DEADLOCK / 2))

    def cancel() -> None:
        committing.wait(DEADLOCK)
        watch.cancel()
        cancelled.set()

    run_all(commit, cancel)
    assert in_time == [True], "cancelling waits for the database's lock"
    backend.store.watch(Span("1/a"), 3, RecordingSink()).cancel()
    put(backend, b="1")
    assert not backend.database.watches


@pytest.mark.parametrize("committers", [1, 2])
def test_concurrent_watchers_and_commits_do_not_deadlock(committers: int) -> None:
    backend = MemoryBackend(Database())
    put(backend, n="0")
    over = threading.Event()

    def watch() -> None:
        for _ in range(300):
            for watcher in Watcher(backend, lambda txn: txn):
                for txn in watcher.txn():
                    txn.get("/n")
                break

    def watch_too() -> None:
        watch()
        gc.collect()
        over.set()

    def commit() -> None:
        while not over.is_set():
            for txn in backend.txn():
                txn.update("/n", str(int(txn.get("/n") or 0) + 1))

    run_all(watch, watch_too, *[commit] * committers)
    assert not backend.cache.is_open
