"""What a watcher costs the database while its watch is behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby

import pytest

from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.keys import Span
from ska_sdp_config.backend.stm import Txn
from ska_sdp_config.backend.store import Change, Query, Reply, Sink, Watch
from tests.backend.conftest import Connect
from tests.backend.test_transactions import put
from tests.backend.test_watchers import Loop, looping
from tests.waiting import wait_until

CACHE = "ska_sdp_config.backend.cache"
BLOCKS = 50


class SlowWatch:
    """Holds back what the watches of a client deliver, and counts what it reads.

    Attributes:
        holds: whether changes are held back.
        listings: how often the blocks were listed or read as a whole.
    """

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.holds = False
        self.listings = 0
        self._held: list[Callable[[], None]] = []
        self._watch, self._read = backend.store.watch, backend.store.read
        monkeypatch.setattr(backend.store, "watch", self.watch)
        monkeypatch.setattr(backend.store, "read", self.read)

    def watch(self, span: Span, from_revision: int, sink: Sink) -> Watch:
        return self._watch(span, from_revision, SlowSink(self, sink))

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        self.listings += any(query.span.end for query in queries)
        return self._read(queries, revision, timeout=timeout)

    def take(self, deliver: Callable[[], None]) -> None:
        if self.holds:
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
        self.holds = False


class SlowSink:
    def __init__(self, slow: SlowWatch, sink: Sink) -> None:
        self._slow = slow
        self._sink = sink

    def changed(self, changes: Sequence[Change]) -> None:
        # A server may send several revisions at once.
        for _, group in groupby(changes, lambda change: change.revision):
            self._slow.take(partial(self._sink.changed, list(group)))

    def gap(self, revision: int) -> None:
        self._slow.take(partial(self._sink.gap, revision))


def blocks(txn: Txn) -> dict[str, str | None]:
    return dict(txn.get_many(txn.list_keys("/blocks/")))


@contextmanager
def following(backend: Backend, other: Backend) -> Iterator[Loop]:
    """A loop that reads all blocks, and has cached them."""
    put(other, **{f"blocks/{number:02}": "0" for number in range(BLOCKS)})
    with looping(backend, blocks) as loop:
        loop.saw({f"/blocks/{number:02}": "0" for number in range(BLOCKS)})
        # From the third turn on values are read with a listing.
        for turn in (1, 2):
            loop.watcher.trigger()
            wait_until(lambda: len(loop.turns) > turn)  # noqa: B023 - ends in the loop
        yield loop


def newest(loop: Loop) -> str:
    seen = loop.turns[-1]
    assert isinstance(seen, dict)
    return str(seen["/blocks/00"])


@pytest.mark.long
def test_slow_watch_is_waited_for(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it delivers, reads would only make it slower."""
    monkeypatch.setattr(f"{CACHE}.CATCH_UP", 0.5)
    backend, other = connect(), connect()
    backend.store.timeout = 60
    slow = SlowWatch(backend, monkeypatch)
    with following(backend, other) as loop:
        slow.holds = True
        for number in range(1, 16):
            other.update("/blocks/00", str(number))
        wait_until(lambda: len(slow._held) >= 15)
        listings, turns = slow.listings, len(loop.turns)
        loop.watcher.trigger()
        wait_until(lambda: (backend.cache.owed() or (0, 0))[0] >= 15, what="the turn waits")
        pause = threading.Event()
        while slow.deliver_one():
            pause.wait(0.1)
        wait_until(lambda: newest(loop) == "15")
        assert slow.listings == listings
        assert len(loop.turns) == turns + 1
        slow.release()


def test_stalled_watch_is_skipped_seldom(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is read once, for all turns and watchers; a further turn waits."""
    monkeypatch.setattr(f"{CACHE}.CATCH_UP", 0.1)
    monkeypatch.setattr(f"{CACHE}.FIRST_SKIP_PAUSE", 60.0)
    backend, other = connect(), connect()
    slow = SlowWatch(backend, monkeypatch)
    with following(backend, other) as loop, looping(backend, blocks) as second:
        wait_until(lambda: second.turns)
        slow.holds = True
        other.update("/blocks/00", "1")
        listings = slow.listings
        loop.watcher.trigger()
        second.watcher.trigger()
        wait_until(lambda: newest(loop) == newest(second) == "1")
        # Both listed at most, if they began at once.
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
def test_stalled_watch_is_skipped_again_after_a_pause(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CACHE}.CATCH_UP", 0.1)
    monkeypatch.setattr(f"{CACHE}.FIRST_SKIP_PAUSE", 0.2)
    monkeypatch.setattr(f"{CACHE}.LONGEST_SKIP_PAUSE", 0.5)
    backend, other = connect(), connect()
    slow = SlowWatch(backend, monkeypatch)
    with following(backend, other) as loop:
        slow.holds = True
        for number in range(1, 6):
            other.update("/blocks/00", str(number))
            loop.watcher.trigger()
            wait_until(lambda: newest(loop) == str(number))  # noqa: B023 - ends in the loop
        slow.release()
        other.update("/blocks/00", "last")
        wait_until(lambda: newest(loop) == "last")


def test_change_that_was_skipped_turns_the_loop(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other loop, which has read it before and waits, is notified."""
    monkeypatch.setattr(f"{CACHE}.CATCH_UP", 0.1)
    backend, other = connect(), connect()
    slow = SlowWatch(backend, monkeypatch)
    with following(backend, other) as loop, looping(backend, blocks) as waiting:
        wait_until(lambda: waiting.turns)
        slow.holds = True
        other.update("/blocks/00", "1")
        loop.watcher.trigger()
        wait_until(lambda: newest(loop) == "1")
        wait_until(lambda: newest(waiting) == "1")
        slow.release()
        assert backend.cache.is_open
