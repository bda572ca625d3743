"""Listings that are mostly read come with their values, which changes nothing else."""

from __future__ import annotations

import pytest

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, spans_of_listing
from tests.backend.conftest import Connect
from tests.backend.test_cache import CountedReads
from tests.backend.test_transactions import put

(LISTING,) = spans_of_listing("/pb/")
NAMES = [f"pb/{number}" for number in range(10)]
PATHS = [f"/{name}" for name in NAMES]


def list_and_read(backend: Backend) -> list[str | None]:
    for txn in backend.txn():
        values = [txn.get(path) for path in txn.list_keys("/pb/")]
    return values


@pytest.fixture
def backend(connect: Connect) -> Backend:
    backend = connect()
    put(backend, **dict.fromkeys(NAMES, "1"))
    return backend


def test_what_is_mostly_read_comes_in_one_round_trip(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = CountedReads(backend, monkeypatch)
    for trips in (11, 11, 1, 1):
        reads.queries.clear()
        assert list_and_read(backend) == ["1"] * 10
        assert len(reads.queries) == trips
    for asked in ([Query(LISTING)], [Query(LISTING, keys_only=True)]):
        reads.queries.clear()
        for txn in backend.txn():
            assert txn.list_keys("/pb/") == PATHS
        assert reads.queries == [asked]


def test_who_takes_turns_with_others_asks_for_no_values(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = CountedReads(backend, monkeypatch)
    for _ in range(3):
        list_and_read(backend)
        for txn in backend.txn():
            assert txn.list_keys("/pb/") == PATHS
    assert [Query(LISTING)] not in reads.queries


def test_value_that_came_unread_is_no_conflict(connect: Connect, backend: Backend) -> None:
    other = connect()
    for _ in range(2):
        list_and_read(backend)
    attempts = 0
    for txn in backend.txn():
        attempts += 1
        assert txn.list_keys("/pb/") == PATHS
        other.update("/pb/3", str(attempts))
        txn.create("/done", "")
    assert attempts == 1
    list_and_read(backend)
    list_and_read(backend)
    attempts = 0
    for txn in backend.txn():
        attempts += 1
        assert txn.list_keys("/pb/") == PATHS
        assert txn.get("/pb/3") == str(attempts)
        if attempts == 1:
            other.update("/pb/3", "2")
        txn.update("/done", "twice")
    assert attempts == 2


def test_members_that_come_and_go_are_seen(connect: Connect, backend: Backend) -> None:
    other = connect()
    for _ in range(3):
        list_and_read(backend)
    put(other, **{"pb/new": "2"})
    other.delete("/pb/0")
    assert list_and_read(backend) == [*["1"] * 9, "2"]
    for txn in backend.txn():
        assert txn.list_keys("/pb/") == [*PATHS[1:], "/pb/new"]
        assert txn.get("/pb/0") is None
        txn.create("/pb/0", "3")
        assert txn.list_keys("/pb/") == [*PATHS, "/pb/new"]
    assert list_and_read(backend) == ["3", *["1"] * 9, "2"]


def test_keys_that_are_read_together_come_in_one_round_trip(
    connect: Connect, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = connect()
    reads = CountedReads(backend, monkeypatch)

    def read(names: list[str]) -> tuple[list[str | None], int]:
        reads.queries.clear()
        for txn in backend.txn():
            values = [txn.get(f"/{name}") for name in names]
        return values, len(reads.queries)

    few = [*NAMES[:4], "pb/absent"]
    for trips in (5, 5, 1, 1):
        assert read(few) == (["1"] * 4 + [None], trips)
    put(other, **{"pb/1": "2", "pb/absent": "3"})
    assert read(few) == (["1", "2", "1", "1", "3"], 1)
    # Who reads more, or other keys, is given them, and what is not read is no conflict.
    assert read([*few, "pb/9"]) == (["1", "2", "1", "1", "3", "1"], 2)
    assert read(few)[1] == 5
    for _ in range(2):
        read(few)
    attempts = 0
    for txn in backend.txn():
        attempts += 1
        assert txn.get("/pb/0") == "1"
        other.update("/pb/1", str(attempts))
        txn.update("/pb/0", "1")
    assert attempts == 1
    # One that reads a single key puts an end to it.
    assert len(read(few[:1])[0]) == 1
    assert read(few)[1] == 5


def test_spans_are_not_remembered_for_ever(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.engine.habits.MOST", 3)
    for number in range(10):
        put(backend, **{f"of/{number}/x": "1"})
        for txn in backend.txn():
            assert txn.get_many(txn.list_keys(f"/of/{number}/")) == {f"/of/{number}/x": "1"}
            txn.update(f"/of/{number}/x", "2")
        for txn in backend.txn():
            assert (txn.get(f"/of/{number}/x"), txn.get("/pb/0")) == ("2", "1")
        assert len(backend.habits._listed) <= 3
        assert len(backend.habits._together) <= 3
    assert not backend.habits.wants_values(Span("3/of/0/", "3/of/00"))
