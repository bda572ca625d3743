"""Values that a transaction peeks at: read in pages, and not counted as read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ska_sdp_config.engine import snapshot
from ska_sdp_config.store.interface import Put
from tests.support.backends import Connect, compact, put
from tests.support.stores import CountedReads


def test_key_that_no_path_has_is_not_peeked(connect: Connect) -> None:
    """Other programs may write any key; ``get`` could not read it."""
    backend = connect()
    keys = ("2/pb/", "2/pb/a/b", "3/pb/a", "2/pb/b")
    backend.store.commit([], [Put(key, "1") for key in keys], timeout=20)
    for txn in backend.txn():
        assert dict(txn.peek_values("/pb/", recurse=2)) == {"/pb/b": "1"}


SEVERAL = [f"pb/{number:02}" for number in range(12)]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 32])
def test_peeked_values_are_complete(
    connect: Connect,
    count: int,
    set_pages: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also if its pages are larger than those of listings."""
    set_pages(3, 4)
    monkeypatch.setattr(snapshot, "ENTRIES_PER_SCAN", 10)
    backend = connect()
    put(backend, **{f"pb/{number:02}": str(number) for number in range(count)})
    for txn in backend.txn():
        found = dict(txn.peek_values("/pb/"))
        assert found == dict(txn.list_values("/pb/"))
    assert len(found) == count


def test_peeked_values_contain_pending_writes(connect: Connect) -> None:
    backend = connect()
    put(backend, **{"pb/a": "1", "pb/b": "1", "pb/c": "1"})
    for txn in backend.txn():
        txn.update("/pb/a", "2")
        txn.delete("/pb/b")
        txn.create("/pb/d", "1")
        assert dict(txn.peek_values("/pb/")) == {"/pb/a": "2", "/pb/c": "1", "/pb/d": "1"}


def test_peeked_values_do_not_contain_later_writes(connect: Connect) -> None:
    backend = connect()
    put(backend, **{"pb/a": "1", "pb/b": "1"})
    for txn in backend.txn():
        for path, value in txn.peek_values("/pb/"):
            txn.update(path, value + "x")
        assert dict(txn.peek_values("/pb/")) == {"/pb/a": "1x", "/pb/b": "1x"}


@pytest.mark.parametrize("is_begun", [False, True])
def test_peeked_values_end_with_the_transaction(connect: Connect, is_begun: bool) -> None:
    backend = connect()
    put(backend, **{"pb/a": "1", "pb/b": "1"})
    for txn in backend.txn():
        values = txn.peek_values("/pb/")
        if is_begun:
            next(values)
    with pytest.raises(RuntimeError, match="has ended"):
        list(values)


def test_peeked_values_are_of_one_revision(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compaction between two pages reruns the body."""
    monkeypatch.setattr(snapshot, "ENTRIES_PER_SCAN", 10)
    backend, other = connect(), connect()
    put(backend, **dict.fromkeys(SEVERAL, "1"))
    runs: list[set[str]] = []
    for txn in backend.txn():
        found: list[str] = []
        for _, value in txn.peek_values("/pb/"):
            if not runs and len(found) == 5:
                put(other, **dict.fromkeys(SEVERAL, "2"))
                compact(other)
            found.append(value)
        runs.append(set(found))
        assert len(found) == len(SEVERAL)
    assert runs[-1] == {"2"}
    assert len(runs) == 2


def test_peeked_values_cause_no_conflict(connect: Connect) -> None:
    backend, other = connect(), connect()
    put(backend, **{"pb/a": "1"})
    runs = 0
    for txn in backend.txn():
        runs += 1
        values = dict(txn.peek_values("/pb/"))
        put(other, **{"pb/a": "2", "pb/b": "2"})
        txn.create("/copy", values["/pb/a"])
    assert runs == 1


def test_peeked_texts_contain_pending_writes_and_are_not_guarded(connect: Connect) -> None:
    backend, other = connect(), connect()
    put(backend, **{"pb/a": "1", "pb/b": "1", "pb/c": "1"})
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.delete("/pb/b")
        txn.create("/pb/d", "2")
        paths = ["/pb/a", "/pb/b", "/pb/c", "/pb/d", "/pb/e"]
        expected = dict(zip(paths, ["1", None, "1", "2", None], strict=True))
        assert txn.peek_many(paths) == expected
        if runs == 1:
            put(other, **{"pb/a": "3", "pb/e": "3"})
            assert txn.peek_many(paths) == expected
    assert runs == 1


def test_peeked_texts_are_read_in_one_round_trip(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = connect()
    put(backend, **{"pb/a": "1"})
    counted = CountedReads(backend, monkeypatch)
    for txn in backend.txn():
        assert txn.peek_many(["/pb/a", "/pb/b"]) == {"/pb/a": "1", "/pb/b": None}
    assert len(counted.queries) == 1


def test_peeked_texts_that_are_lost_are_read_in_another_attempt(connect: Connect) -> None:
    backend, other = connect(), connect()
    put(backend, **{"pb/a": "1"})
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.peek_many(["/pb/a"])
        if runs == 1:
            put(other, **{"pb/b": "2"})
            compact(other)
        txn.peek_many(["/pb/b"])
        txn.create(f"/done-{runs}", "1")
    assert runs == 2
    assert backend.get("/done-1")[0] is None
