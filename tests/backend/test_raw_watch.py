"""The raw watch and the raw watcher of a backend."""

from __future__ import annotations

import threading

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.raw_watch import WatchEvent
from tests.support.backends import compact, put
from tests.support.stores import now
from tests.support.waiting import wait_until


def changes_of(events: list[WatchEvent | None]) -> list[tuple[str | None, str | None]]:
    return [(event.path, event.value) for event in events if event]


def test_each_change_is_delivered_once_in_order(backend: Backend, other: Backend) -> None:
    with backend.watch("/a") as watch:
        other.create("/a", "1")
        other.create("/ab", "1")
        other.update("/a", "2")
        other.delete("/a")
        events = [watch.get(30) for _ in range(3)]
        assert watch.get(0.1) is None
    assert changes_of(events) == [("/a", "1"), ("/a", "2"), ("/a", None)]
    revisions = [event.revision for event in events if event]
    assert revisions == sorted(revisions)


def test_watch_of_prefix_is_of_one_level(backend: Backend, other: Backend) -> None:
    with backend.watch("/pb/", prefix=True) as watch:
        put(other, **{"pb/a": "1", "pb/a/state": "1", "eb/a": "1"})
        other.create("/pb/b", "2")
        assert changes_of([watch.get(30), watch.get(30)]) == [("/pb/a", "1"), ("/pb/b", "2")]
        assert watch.get(0.1) is None


def test_watch_delivers_changes_since_start_revision(backend: Backend, other: Backend) -> None:
    _, then = backend.get("/a")
    for number in range(3):
        put(other, a=str(number))
    with backend.watch("/a", revision=then) as watch:
        assert changes_of([watch.get(30) for _ in range(3)]) == [
            ("/a", "0"),
            ("/a", "1"),
            ("/a", "2"),
        ]


def test_compacted_changes_are_delivered_as_gap(backend: Backend, other: Backend) -> None:
    _, then = backend.get("/a")
    put(other, a="1")
    put(other, a="2")
    compact(other)
    with backend.watch("/a", revision=then) as watch:
        lost = watch.get(30)
        assert lost is not None
        assert (lost.path, lost.revision) == (None, now(other))
        other.update("/a", "3")
        assert changes_of([watch.get(30)]) == [("/a", "3")]


def test_close_ends_iteration(backend: Backend) -> None:
    watch = backend.watch("/a")
    threading.Timer(0.1, watch.close).start()
    assert list(watch) == []


def test_close_of_backend_ends_iteration(backend: Backend, other: Backend) -> None:
    waiting: list[WatchEvent] = []
    watch = backend.watch("/a")
    thread = threading.Thread(target=lambda: waiting.extend(watch), daemon=True)
    thread.start()
    other.create("/a", "1")
    wait_until(lambda: waiting)
    backend.close()
    thread.join(30)
    assert not thread.is_alive()
    assert changes_of([*waiting]) == [("/a", "1")]
    assert list(watch) == [], "further calls return no change either"
    watch.close()


def test_closed_watch_is_released(backend: Backend) -> None:
    for _ in range(3):
        with backend.watch("/a") as watch:
            pass
        watch.close()
    assert backend.open_watches == []


def test_watcher_of_backend_yields_raw_transactions(backend: Backend) -> None:
    backend.create("/a", "1")
    for watcher in backend.watcher(timeout=60):
        for txn in watcher.txn():
            assert txn.get("/a") == "1"
        break
