"""Reads of watchers while their watch lags."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby

import pytest

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.interface import Change, GapCause, Query, Reply, Sink, Watch
from ska_sdp_config.store.keys import Span
from tests.support.backends import put
from tests.support.waiting import wait_until
from tests.support.watch_loops import Loop, looping

CACHE = "ska_sdp_config.engine.cache"
BLOCKS = 50


class SlowWatch:
    """Delay the deliveries of the watches of a client, and count its reads.

    Attributes:
        is_delaying: whether deliveries are delayed.
        listings: how often the blocks were listed or read as a whole.
    """

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_delaying = False
        self.listings = 0
        self._held: list[Callable[[], None]] = []
        self._watch, self._read = backend.store.watch, backend.store.read
        monkeypatch.setattr(backend.store, "watch", self.watch)
        monkeypatch.setattr(backend.store, "read", self.read)

    def watch(
        self, span: Span, from_revision: int, sink: Sink, *, is_lossless: bool = False
    ) -> Watch:
        return self._watch(span, from_revision, SlowSink(self, sink), is_lossless=is_lossless)

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        self.listings += any(query.span.end for query in queries)
        return self._read(queries, revision, timeout=timeout)

    def take(self, deliver: Callable[[], None]) -> None:
        if self.is_delaying:
            self._held.append(deliver)
        else:
            deliver()

    def deliver_one(self) -> bool:
        if self._held:
            self._held.pop(0)()
        return bool(self._held)

    def release(self) -> None:
        while self.deliver_one():
            pass
        self.is_delaying = False


class SlowSink:
    def __init__(self, slow: SlowWatch, sink: Sink) -> None:
        self._slow = slow
        self._sink = sink

    def changed(self, changes: Sequence[Change]) -> None:
        # A server may send several revisions at once.
        for _, group in groupby(changes, lambda change: change.revision):
            self._slow.take(partial(self._sink.changed, list(group)))

    def gap(self, revision: int, cause: GapCause) -> None:
        self._slow.take(partial(self._sink.gap, revision, cause))


def blocks(txn: Txn) -> dict[str, str | None]:
    return dict(txn.get_many(txn.list_keys("/blocks/")))


@pytest.fixture
def slow(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> SlowWatch:
    """Watch of the backend, which soon counts as stalled."""
    monkeypatch.setattr(f"{CACHE}.STALLED_AFTER_S", 0.1)
    return SlowWatch(backend, monkeypatch)


@contextmanager
def following(backend: Backend, other: Backend) -> Iterator[Loop]:
    """Run a loop that has read all blocks into the cache."""
    put(other, **{f"blocks/{number:02}": "0" for number in range(BLOCKS)})
    with looping(backend, blocks) as loop:
        loop.expect({f"/blocks/{number:02}": "0" for number in range(BLOCKS)})
        # From the third iteration on, values are read with a listing.
        for iteration in (1, 2):
            loop.watcher.trigger()
            wait_until(lambda: len(loop.results) > iteration)  # noqa: B023 - ends in the loop
        yield loop


def newest(loop: Loop) -> str:
    seen = loop.results[-1]
    assert isinstance(seen, dict)
    return str(seen["/blocks/00"])


@pytest.mark.long
def test_reads_wait_for_slow_watch(
    backend: Backend, other: Backend, slow: SlowWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it delivers, reads would make it slower still."""
    monkeypatch.setattr(f"{CACHE}.STALLED_AFTER_S", 0.5)
    backend.store.timeout = 60
    with following(backend, other) as loop:
        slow.is_delaying = True
        for number in range(1, 16):
            other.update("/blocks/00", str(number))
        wait_until(lambda: len(slow._held) >= 15)
        listings, iterations = slow.listings, len(loop.results)
        loop.watcher.trigger()
        wait_until(lambda: (backend.cache.lag() or (0, 0))[0] >= 15, what="the iteration waits")
        pause = threading.Event()
        while slow.deliver_one():
            pause.wait(0.1)
        wait_until(lambda: newest(loop) == "15")
        assert slow.listings == listings
        assert len(loop.results) == iterations + 1
        slow.release()


def test_stalled_watch_is_skipped_once(
    backend: Backend,
    other: Backend,
    slow: SlowWatch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Everything is read once for all watchers; further iterations wait."""
    monkeypatch.setattr(f"{CACHE}.MIN_SKIP_INTERVAL_S", 60.0)
    with following(backend, other) as loop, looping(backend, blocks) as second:
        wait_until(lambda: second.results)
        slow.is_delaying = True
        other.update("/blocks/00", "1")
        listings = slow.listings
        loop.watcher.trigger()
        second.watcher.trigger()
        wait_until(lambda: newest(loop) == newest(second) == "1")
        # At most both have listed, if they started at the same time.
        assert slow.listings <= listings + 4
        listings = slow.listings
        for number in range(2, 6):
            other.update("/blocks/00", str(number))
            loop.watcher.trigger()
        wait_until(lambda: "behind" in caplog.text)
        threading.Event().wait(0.5)
        assert slow.listings == listings
        assert newest(loop) == "1"
        slow.release()
        wait_until(lambda: newest(loop) == newest(second) == "5")
        assert slow.listings == listings
        assert loop.error is None


@pytest.mark.long
def test_stalled_watch_is_skipped_again_after_pause(
    backend: Backend, other: Backend, slow: SlowWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CACHE}.MIN_SKIP_INTERVAL_S", 0.2)
    monkeypatch.setattr(f"{CACHE}.MAX_SKIP_INTERVAL_S", 0.5)
    with following(backend, other) as loop:
        slow.is_delaying = True
        for number in range(1, 6):
            other.update("/blocks/00", str(number))
            loop.watcher.trigger()
            wait_until(lambda: newest(loop) == str(number))  # noqa: B023 - ends in the loop
        slow.release()
        other.update("/blocks/00", "last")
        wait_until(lambda: newest(loop) == "last")


def test_skipped_change_starts_iteration(
    backend: Backend, other: Backend, slow: SlowWatch
) -> None:
    """The other loop, which has read the key before and waits, is notified."""
    with following(backend, other) as loop, looping(backend, blocks) as waiting:
        wait_until(lambda: waiting.results)
        slow.is_delaying = True
        other.update("/blocks/00", "1")
        loop.watcher.trigger()
        wait_until(lambda: newest(loop) == "1")
        wait_until(lambda: newest(waiting) == "1")
        slow.release()
        assert backend.cache.is_open
