"""Prediction of reads: round trips that it saves, and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ska_sdp_config.engine import predicted_reads
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.predicted_reads import MAX_QUERIES, MAX_TEXT_LENGTH, PredictedReads
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.interface import Put, Query
from ska_sdp_config.store.keys import Span
from tests.support.backends import Connect, put
from tests.support.stores import CountedReads

NAMES = [f"pb/{number}" for number in range(10)]
PATHS = [f"/{name}" for name in NAMES]


class Reader:
    """Runs transactions and counts their round trips."""

    def __init__(self, backend: Backend, reads: CountedReads) -> None:
        self._backend = backend
        self._reads = reads

    def run(self, *bodies: Callable[[Txn], object]) -> list[tuple[object, int]]:
        """Return for each body its result and the number of calls that read."""
        results: list[tuple[object, int]] = []
        for body in bodies:
            self._reads.queries.clear()
            for txn in self._backend.txn():
                result = body(txn)
            results.append((result, len(self._reads.queries)))
        return results

    def round_trips(self, *bodies: Callable[[Txn], object]) -> list[int]:
        """Return for each body the number of calls that read."""
        return [trips for _, trips in self.run(*bodies)]


@pytest.fixture
def backend(connect: Connect) -> Backend:
    backend = connect()
    put(backend, **dict.fromkeys(NAMES, "1"))
    return backend


@pytest.fixture
def counted(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> CountedReads:
    return CountedReads(backend, monkeypatch)


@pytest.fixture
def reader(backend: Backend, counted: CountedReads) -> Reader:
    return Reader(backend, counted)


def get(*paths: str) -> Callable[[Txn], list[str | None]]:
    """Return a body that reads paths one by one."""
    return lambda txn: [txn.get(path) for path in paths]


def list_keys(txn: Txn) -> list[str]:
    return txn.list_keys("/pb/")


def list_and_get(txn: Txn) -> list[str | None]:
    return [txn.get(path) for path in txn.list_keys("/pb/")]


def test_third_run_of_single_reads_takes_one_round_trip(reader: Reader, other: Backend) -> None:
    five = get(*PATHS[:4], "/pb/absent")
    values = ["1", "1", "1", "1", None]
    assert reader.run(five, five, five, five) == [(values, n) for n in (5, 5, 1, 1)]
    put(other, **{"pb/1": "2", "pb/absent": "3"})
    assert reader.run(five) == [(["1", "2", "1", "1", "3"], 1)]


def test_third_run_of_list_and_reads_takes_one_round_trip(reader: Reader) -> None:
    runs = [list_and_get] * 4
    assert reader.run(*runs) == [(["1"] * 10, n) for n in (11, 11, 1, 1)]


def test_later_listings_are_not_predicted(reader: Reader) -> None:
    def body(txn: Txn) -> object:
        return txn.get("/a"), txn.list_keys("/pb/"), txn.get(PATHS[3]), txn.list_keys("/eb/")

    assert reader.run(*[body] * 3) == [((None, PATHS, "1", []), n) for n in (4, 4, 3)]


def test_values_listed_first_are_read_once(reader: Reader, counted: CountedReads) -> None:
    def body(txn: Txn) -> object:
        return len(txn.list_values("/pb/")), txn.get("/a"), txn.get("/b")

    assert reader.run(*[body] * 3) == [((10, None, None), n) for n in (3, 3, 1)]
    assert [query.span.begin for query in counted.queries[0]] == ["2/pb/", "1/a", "1/b"]


def test_new_members_end_the_prediction(reader: Reader, other: Backend) -> None:
    reader.run(list_and_get, list_and_get)
    put(other, **{"pb/new": "2"})
    assert reader.run(*[list_and_get] * 3) == [([*["1"] * 10, "2"], n) for n in (2, 12, 1)]
    other.delete("/pb/0")
    assert reader.run(*[list_and_get] * 3) == [([*["1"] * 9, "2"], n) for n in (1, 11, 1)]


def test_other_reads_end_the_prediction(reader: Reader) -> None:
    few, more, one = get(*PATHS[:4]), get(*PATHS[:5]), get(PATHS[0])
    assert reader.round_trips(few, few, more, few, few, few) == [4, 4, 2, 4, 4, 1]
    assert reader.round_trips(one, few, few, few) == [1, 4, 4, 1]
    runs = [list_and_get, list_and_get, list_keys, list_and_get]
    assert reader.round_trips(*runs) == [11, 11, 1, 11]


def test_alternating_bodies_have_no_prediction(reader: Reader) -> None:
    assert reader.round_trips(*[list_and_get, list_keys] * 3) == [11, 1] * 3
    assert reader.round_trips(*[get(*PATHS[:4]), get(*PATHS[:3])] * 3) == [4, 3] * 3


def test_body_that_is_left_ends_the_prediction(backend: Backend, reader: Reader) -> None:
    few = get(*PATHS[:4])
    reader.run(few, few)
    for txn in backend.txn():
        txn.get(PATHS[0])
        break
    assert reader.round_trips(few) == [4]


def test_body_that_returns_from_the_loop_is_predicted(
    backend: Backend, counted: CountedReads
) -> None:
    def read() -> str | None:
        for txn in backend.txn():
            txn.get(PATHS[0])
            return txn.get(PATHS[1])
        return None

    assert [read(), read(), read()] == ["1"] * 3
    assert len(counted.queries) == 2 + 2 + 1


def test_prefetch_replaces_the_prediction(
    backend: Backend, reader: Reader, counted: CountedReads
) -> None:
    few = get(*PATHS[:4])
    reader.run(few, few)
    counted.queries.clear()
    for txn in backend.txn(prefetch=[PATHS[0]]):
        few(txn)
    assert len(counted.queries) == 4


@pytest.mark.parametrize("body", [get(*PATHS[:4]), list_and_get], ids=["keys", "list"])
def test_unread_prediction_is_no_conflict(
    body: Callable[[Txn], object], backend: Backend, other: Backend, reader: Reader
) -> None:
    reader.run(body, body)
    first = list_keys if body is list_and_get else get(PATHS[0])
    attempts = 0
    for txn in backend.txn():
        attempts += 1
        first(txn)
        other.update(PATHS[3], "2")
        txn.create("/result", "")
    assert attempts == 1


@pytest.mark.parametrize("body", [get(*PATHS[:4]), list_and_get], ids=["keys", "list"])
def test_read_prediction_is_a_conflict(
    body: Callable[[Txn], object], backend: Backend, other: Backend, reader: Reader
) -> None:
    reader.run(body, body)
    seen = []
    for txn in backend.txn():
        body(txn)
        seen.append(txn.get(PATHS[3]))
        if len(seen) == 1:
            other.update(PATHS[3], "2")
        txn.create("/result", "")
    assert seen == ["1", "2"]


def test_prediction_has_limits(
    backend: Backend, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [f"/many/{number:03}" for number in range(MAX_QUERIES + 1)]
    backend.store.commit([], [Put(f"2{path}", "1") for path in many], timeout=20)
    assert reader.round_trips(*[get(*many)] * 3) == [MAX_QUERIES + 1] * 3
    assert reader.round_trips(*[get(*many[1:])] * 3) == [MAX_QUERIES, MAX_QUERIES, 1]

    monkeypatch.setattr(predicted_reads, "MAX_PREDICTIONS", 3)
    for path in many[:10]:
        reader.run(get(path, "/a"))
        assert len(backend.predicted._predictions) <= 3


def test_values_that_have_grown_are_read_one_by_one(reader: Reader, other: Backend) -> None:
    three = get(*PATHS[:3])
    large = "x" * (MAX_TEXT_LENGTH // 2)
    put(other, **{"pb/0": large})
    assert reader.round_trips(*[three] * 3) == [3, 3, 1]
    put(other, **{"pb/1": large})
    assert reader.run(*[three] * 4) == [([large, large, "1"], n) for n in (1, 3, 3, 3)]
    put(other, **{"pb/1": "1"})
    assert reader.run(*[three] * 3) == [([large, "1", "1"], n) for n in (3, 3, 1)]


def test_cost_of_many_reads_is_small() -> None:
    """Reads of more keys than a prediction has are only counted."""

    class Keys(dict[str, int]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("The keys were read.")

    reads = Keys((f"2/pb/{number}", 1) for number in range(MAX_QUERIES + 1))
    PredictedReads().record([Query(Span("2/a"))], reads, {})
