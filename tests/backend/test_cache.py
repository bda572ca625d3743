"""Cache of the watchers: saved reads, consistency and memory."""

from __future__ import annotations

import itertools
import threading

import pytest

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.cache import MIN_TRIM_ENTRIES
from ska_sdp_config.engine.followed import Followed
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.view import View
from ska_sdp_config.engine.watched_reads import WatchedReads
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import Change, Entry, GapCause, Query, Sink, Watch
from ska_sdp_config.store.keys import Span
from tests.support.backends import Connect, compact, put
from tests.support.stores import CountedReads
from tests.support.waiting import wait_until
from tests.support.watch_loops import looping

BLOCKS = 300


def test_iteration_reads_only_changes(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, other = connect(), connect()
    names = [f"pb/{number:03}" for number in range(BLOCKS)]
    put(other, **dict.fromkeys(names, "1"), **{f"{name}/state": "0" for name in names})
    reads = CountedReads(backend, monkeypatch)

    def total(txn: Txn) -> int:
        return sum(int(txn.get(f"{path}/state") or 0) for path in txn.list_keys("/pb/"))

    with looping(backend, total) as loop:
        loop.expect(0)
        reads.queries.clear()
        other.update("/pb/017/state", "5")
        loop.expect(5)
        assert len(reads.queries) == 0
        put(other, **{"pb/new": "1", "pb/new/state": "7"})
        loop.expect(12)
        assert [query for queries in reads.queries for query in queries] == [
            Query(Span("3/pb/new/state"))
        ]
        assert loop.is_idle()


def test_commit_to_two_ranges_is_delivered_whole(backend: Backend, other: Backend) -> None:
    put(other, **{"a/x": "0", "b/y/z": "0"})
    pairs: list[tuple[str | None, str | None]] = []

    def both(txn: Txn) -> str | None:
        pair = (txn.get("/a/x"), txn.get("/b/y/z"))
        pairs.append(pair)
        return pair[0]

    with looping(backend, both) as loop:
        for number in range(1, 200):
            put(other, **{"a/x": str(number), "b/y/z": str(number)})
        loop.expect("199")
    assert all(one == another for one, another in pairs)
    numbers = [int(one or 0) for one, _ in pairs]
    assert numbers == sorted(numbers)


def test_watcher_reads_own_reads_and_writes(backend: Backend, other: Backend) -> None:
    put(other, n="0")
    for iteration, watcher in enumerate(Watcher(backend, lambda txn: txn)):
        for txn in watcher.txn():
            known = int(txn.get("/n") or 0)
        assert known == 3 * iteration
        if iteration == 20:
            break
        other.update("/n", str(known + 1))
        assert backend.get("/n")[0] == str(known + 1)
        for txn in watcher.txn():
            assert txn.get("/n") == str(known + 1)
        backend.update("/n", str(known + 2))
        for txn in watcher.txn():
            assert txn.get("/n") == str(known + 2)
            txn.update("/n", str(known + 3))


def test_iteration_reads_earlier_commits_of_others(backend: Backend, other: Backend) -> None:
    put(other, n="0")
    for watcher in Watcher(backend, lambda txn: txn):
        for number in range(1, 30):
            other.update("/n", str(number))
            for txn in watcher.txn():
                assert txn.get("/n") == str(number)
        break


def test_write_on_stale_view_is_retried(backend: Backend, other: Backend) -> None:
    put(other, n="0")
    runs = 0
    for watcher in Watcher(backend, lambda txn: txn):
        for txn in watcher.txn():
            value = int(txn.get("/n") or 0)
            runs += 1
            if runs == 1:
                other.update("/n", "10")
            txn.update("/n", str(value + 1))
        break
    assert (runs, backend.get("/n")[0]) == (2, "11")


def test_compaction_of_cached_revision_is_handled(backend: Backend, other: Backend) -> None:
    put(other, a="0", b="0")

    def body(txn: Txn) -> tuple[str | None, str | None]:
        a = txn.get("/a")
        if a == "1":
            put(other, b="9")
            compact(other)
        return a, txn.get("/b")

    with looping(backend, body) as loop:
        loop.expect(("0", "0"))
        other.update("/a", "1")
        loop.expect(("1", "9"))


def test_cache_is_cleared_with_last_watcher(backend: Backend) -> None:
    put(backend, a="1")
    with looping(backend, lambda txn: txn.get("/a")) as one:
        one.expect("1")
        with looping(backend, lambda txn: txn.list_keys("/")) as another:
            another.expect(["/a"])
        assert backend.cache.is_open
        backend.update("/a", "2")
        one.expect("2")
    wait_until(lambda: not backend.cache.is_open)
    assert backend.cache.view() is None


def test_late_delivery_of_cancelled_watch_is_ignored(
    backend: Backend, other: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be in transit while its watch is cancelled; the next watch delivers newer changes."""
    sinks: list[Sink] = []
    watch = backend.store.watch

    def watched(span: Span, from_revision: int, sink: Sink) -> Watch:
        sinks.append(sink)
        return watch(span, from_revision, sink)

    monkeypatch.setattr(backend.store, "watch", watched)
    put(other, a="old")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect("old")
    before = other.store.read([], timeout=20).revision
    put(other, a="newest")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect("newest")
        view = backend.cache.view()
        late, _ = sinks
        late.changed([Change("1/a", before, Entry("1/a", "middle", before, before))])
        assert backend.cache.view() is view
        late.gap(before, GapCause.STALLED)
        assert backend.cache.view() is view
        assert loop.is_idle()


def test_cache_is_trimmed_to_reads(backend: Backend, other: Backend) -> None:
    put(other, at="0", **{f"{number}/x": "1" for number in range(3 * MIN_TRIM_ENTRIES)})

    def some(txn: Txn) -> int:
        at = int(txn.get("/at") or 0)
        paths = [f"/{number}/x" for number in range(at, at + MIN_TRIM_ENTRIES)]
        return at + len([value for value in txn.get_many(paths).values() if value])

    with looping(backend, some) as loop:
        for at in (0, MIN_TRIM_ENTRIES, 2 * MIN_TRIM_ENTRIES):
            other.update("/at", str(at))
            loop.expect(at + MIN_TRIM_ENTRIES)
            loop.watcher.trigger()
        other.update("/1/x", "2")
        # Entries that are no longer read are dropped at the end of an iteration.
        wait_until(lambda: len(cached(backend).values) <= 2 * MIN_TRIM_ENTRIES + 2)
        loop.watcher.trigger()
        loop.expect(3 * MIN_TRIM_ENTRIES)


def test_cache_drops_large_listing_that_is_not_read_again(
    backend: Backend, other: Backend
) -> None:
    put(other, all="1", **{f"pb/{number}": "1" for number in range(2 * MIN_TRIM_ENTRIES)})

    def read(txn: Txn) -> int:
        return len(txn.list_values("/pb/")) if txn.get("/all") == "1" else 0

    with looping(backend, read) as loop:
        loop.expect(2 * MIN_TRIM_ENTRIES)
        other.update("/all", "0")
        loop.expect(0)
        loop.watcher.trigger()
        wait_until(lambda: len(cached(backend).values) < 10)
        assert cached(backend).lists == {}


def test_cache_that_is_all_in_use_is_not_scanned_in_each_iteration(
    backend: Backend, other: Backend
) -> None:
    """They are more than what is read: the values of a listing whose keys are read are kept."""
    put(other, all="1", **{f"pb/{number}": "1" for number in range(2 * MIN_TRIM_ENTRIES)})

    numbers = itertools.count()

    def read(txn: Txn) -> int:
        if txn.get("/all") == "1":
            return len(txn.list_values("/pb/"))
        return len(txn.list_keys("/pb/")) if next(numbers) % 2 else 0

    class Unused(WatchedReads):
        """Listener that counts how often the cache asks for what is in use."""

        scans = 0

        def cached(self) -> tuple[set[str], set[Span]]:
            self.scans += 1
            return super().cached()

    counting = Unused(threading.Condition(), Followed(backend.cache, []))
    backend.cache.join(counting)
    with looping(backend, read) as loop:
        loop.expect(2 * MIN_TRIM_ENTRIES)
        other.update("/all", "0")
        for _ in range(10):
            iterations = len(loop.results)
            loop.watcher.trigger()
            wait_until(lambda: len(loop.results) > iterations)  # noqa: B023 - ends in the loop
    backend.cache.leave(counting)
    assert counting.scans <= 2


def cached(backend: Backend) -> View:
    view = backend.cache.view()
    assert view is not None
    return view


def test_shared_view_does_not_change() -> None:
    view = View(1)
    span = Span.prefix("2/pb/")
    view.learn(Query(span), [Entry("2/pb/a", "1", 1, 1)])
    view.learn(Query(Span("1/b")), [])
    view.shared = True
    copy = view.copy()
    copy.apply(
        [
            Change("2/pb/b", 2, Entry("2/pb/b", "2", 2, 2)),
            Change("2/pb/a", 2, None),
            Change("1/b", 2, Entry("1/b", "3", 2, 2)),
            Change("1/c", 2, Entry("1/c", "4", 2, 2)),
        ]
    )
    assert view.answer(Query(span)) == [Entry("2/pb/a", "1", 1, 1)]
    assert view.answer(Query(Span("1/b"))) == []
    assert copy.answer(Query(span)) == [Entry("2/pb/b", "2", 2, 2)]
    assert copy.answer(Query(Span("2/pb/a"))) == []
    assert copy.answer(Query(Span("2/pb/zz"))) == []
    assert copy.answer(Query(Span("1/b"))) == [Entry("1/b", "3", 2, 2)]
    assert copy.answer(Query(Span("1/c"))) is None
