"""Transactions with and without predicted reads, which give the same results."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.predicted_reads import PredictedReads
from ska_sdp_config.store.interface import Query, Reply
from tests.support.backends import put

from .databases import observe
from .drawn import PATH, PATHS, READ, VALUE
from .running import outcome

WRITE = st.one_of(
    st.tuples(st.sampled_from(["create", "update"]), PATH, VALUE),
    st.tuples(st.just("delete"), PATH),
)
BODY = st.lists(READ | READ | WRITE, min_size=1, max_size=5)
CHANGE = st.tuples(st.integers(0, 4), PATH, VALUE)
"""Write of another client: the number of the step before it, the path and the value."""

RUNS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 5), st.none() | CHANGE), min_size=1, max_size=8
)
"""Numbers of the bodies to run, each with its number of steps and a change in its first attempt.
With fewer steps it does not read all that is predicted."""

COMMIT = ("delete", "/elsewhere", False)
"""Step without a read, after which there is something to commit."""

LEARNING_RUNS = 2
"""Undisturbed runs of a body before each drawn one; mostly they lead to a prediction."""


class NoPrediction(PredictedReads):
    """Reads that are never predicted."""

    def extend(self, first: Sequence[Query]) -> Sequence[Query]:
        return first


class Client:
    """Client of a database of its own, with or without predictions.

    Attributes:
        results: the results of the steps of each attempt.
        reads: number of calls that read.
    """

    def __init__(self, predicted: PredictedReads) -> None:
        database = Database()
        self._backend, self._other = MemoryBackend(database), MemoryBackend(database)
        self._backend.predicted = predicted
        self.results: list[list[object]] = []
        self.reads = 0
        put(self._other, **{path[1:]: "first" for path in PATHS[::2]})
        self._read = self._backend.store.read
        self._backend.store.read = self.read  # type: ignore[method-assign]

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        self.reads += 1
        return self._read(queries, revision, timeout=timeout)

    def run(self, body: list[tuple[Any, ...]], change: tuple[int, str, str] | None) -> None:
        """Run a transaction during which another client writes."""
        for attempt, txn in enumerate(self._backend.txn()):
            results: list[object] = []
            self.results.append(results)
            for number, (call, *arguments) in enumerate(body):
                results.append(outcome(partial(getattr(txn, call), *arguments)))
                if attempt == 0 and change is not None and change[0] == number:
                    put(self._other, **{change[1][1:]: change[2]})

    def stored(self) -> object:
        return observe(self._other)

    def close(self) -> None:
        for backend in (self._backend, self._other):
            backend.close()


@given(bodies=st.lists(BODY, min_size=3, max_size=3), runs=RUNS)
def test_predictions_change_neither_results_nor_conflicts(
    bodies: list[list[tuple[Any, ...]]],
    runs: list[tuple[int, int, tuple[int, str, str] | None]],
) -> None:
    with_prediction, without = Client(PredictedReads()), Client(NoPrediction())
    for client in (with_prediction, without):
        for number, steps, change in runs:
            for _ in range(LEARNING_RUNS):
                client.run(bodies[number], None)
            client.run([*bodies[number][:steps], COMMIT], change)
    # One list for each attempt, so conflicts are equal too.
    assert with_prediction.results == without.results
    assert with_prediction.stored() == without.stored()
    assert with_prediction.reads <= without.reads
    with_prediction.close()
    without.close()
