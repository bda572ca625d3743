"""Watches of a store, on every backend."""

from __future__ import annotations

import threading
from itertools import groupby

import pytest

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import GapCause, Query
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.support.backends import Connect, compact
from tests.support.stores import RecordingSink, commit, now, watch_from_now
from tests.support.waiting import wait_until


def test_changes_are_delivered_in_order_from_start_revision(connect: Connect) -> None:
    backend, other = connect(), connect()
    commit(other, a="before")
    first = commit(other, a="1", b="1")
    sink = RecordingSink()
    backend.store.watch(EVERYTHING, first, sink)
    commit(other, a="2")
    commit(other, b=None, c="")
    sink.expect(("1/a", "1"), ("1/b", "1"), ("1/a", "2"), ("1/b", None), ("1/c", ""))
    entry = sink.changes[2].entry
    assert entry is not None
    assert (entry.created, entry.modified) == (sink.changes[0].entry.created, first + 1)  # type: ignore[union-attr]  # a put
    assert not sink.gaps
    revisions = [revision for revision, _ in groupby(c.revision for c in sink.changes)]
    assert revisions == [first, first + 1, first + 2]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span("1/b"), [("1/b", "1"), ("1/b", None)]),
        (Span.prefix("1/b"), [("1/b", "1"), ("1/bb", "1"), ("1/b", None)]),
        (Span("1/a", "1/bb"), [("1/a", "1"), ("1/b", "1"), ("1/b", None)]),
    ],
    ids=["key", "prefix", "range"],
)
def test_watch_delivers_only_its_span(
    backend: Backend, other: Backend, span: Span, expected: list[tuple[str, str | None]]
) -> None:
    sink = watch_from_now(backend, span)
    commit(other, a="1", b="1", bb="1", c="1")
    commit(other, b=None)
    sink.expect(*expected)


def test_later_watch_may_start_at_an_earlier_revision(backend: Backend, other: Backend) -> None:
    first = commit(other, a="1", b="1")
    earlier, later = RecordingSink(), RecordingSink()
    backend.store.watch(EVERYTHING, commit(other, a="2"), later)
    later.expect(("1/a", "2"))
    backend.store.watch(Span("1/a"), first, earlier)
    earlier.expect(("1/a", "1"), ("1/a", "2"))
    commit(other, a=None, b=None)
    earlier.expect(("1/a", "1"), ("1/a", "2"), ("1/a", None))
    later.expect(("1/a", "2"), ("1/a", None), ("1/b", None))
    assert not earlier.gaps
    assert not later.gaps


def test_only_the_watch_that_lacks_compacted_changes_has_a_gap(connect: Connect) -> None:
    backend, other = connect(), connect()
    first = commit(other, a="1")
    commit(other, a="2")
    compact(other)
    current, lacking = watch_from_now(backend), RecordingSink()
    commit(other, b="1")
    current.expect(("1/b", "1"))
    backend.store.watch(EVERYTHING, first, lacking)
    wait_until(lambda: lacking.gaps == [now(other)])
    assert lacking.causes == [GapCause.COMPACTED]
    commit(other, b="2")
    current.expect(("1/b", "1"), ("1/b", "2"))
    lacking.expect(("1/b", "2"))
    assert not current.gaps


def test_cancelled_watch_delivers_nothing_and_leaves_no_threads(connect: Connect) -> None:
    backend, other = connect(), connect()
    commit(backend, a="0")
    before = threading.active_count()
    sink = watch_from_now(backend, Span("1/a"))
    commit(other, a="1")
    sink.expect(("1/a", "1"))
    sink.watch.cancel()
    sink.watch.cancel()
    wait_until(lambda: threading.active_count() <= before)
    commit(other, a="2")
    sink.expect(("1/a", "1"))


def test_backlog_is_delivered_in_whole_revisions(backend: Backend, other: Backend) -> None:
    first = now(other) + 1
    count, value = 8, "x" * 300_000
    for number in range(count):
        commit(other, **dict.fromkeys("abcd", f"{number}{value}"))
    sink = RecordingSink()
    backend.store.watch(EVERYTHING, first, sink)
    wait_until(lambda: len(sink.changes) == 4 * count, 60)
    whole = [list(group) for _, group in groupby(sink.changes, lambda change: change.revision)]
    assert [len(group) for group in whole] == [4] * count
    assert not sink.gaps
    last = backend.store.read([Query(Span("1/d"))], timeout=20).found[0]
    assert last == [sink.changes[-1].entry]
