"""Prediction of a transaction's reads: the keys that the same body read the last two times.

Programs of earlier releases run the same bodies repeatedly. They read keys one by one, and each
read is a round trip. So the keys that two transactions in a row have read after the same first
read are read together with it the next time. A prediction works like a prefetch:

- Results do not depend on it, as all reads of a transaction are of one revision.
- What the body does not read is not in the read set, so it causes no conflict.
- The first transaction that reads other keys ends it.

All predicted keys are read within the timeout of one call, so there are few of them, with short
texts. Listings, whose size may change by orders of magnitude, are not predicted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ska_sdp_config.store.interface import Entry, Query
from ska_sdp_config.store.keys import Span

__all__ = ["PredictedReads"]

MIN_RUNS = 2
"""Number of equal runs in a row before a prediction is used."""

MAX_QUERIES = 100
"""Number of queries at most, those of the first read included: those of one call to etcd."""

MAX_TEXT_LENGTH = 200_000
"""Length of the texts of all keys read at most, in characters, together. If they are ASCII, they
are 267 kB over the gateway, which arrive at 64 kB/s within the default timeout of a call."""

MAX_PREDICTIONS = 1_000
"""Number of predictions at most, as a program may read new keys forever."""


class _Prediction(NamedTuple):
    """Keys read after the first read, and the number of equal runs in a row."""

    keys: tuple[str, ...]
    runs: int


class PredictedReads:
    """Predictions for the transactions of a backend, by their first queries.

    May be used by any thread: each access to the predictions is a single operation on the dict.
    """

    def __init__(self) -> None:
        self._predictions: dict[tuple[Query, ...], _Prediction] = {}

    def extend(self, first: Sequence[Query]) -> Sequence[Query]:
        """Return the queries to read in place of the first ones, which they begin with."""
        if len(first) > MAX_QUERIES:
            return first
        prediction = self._predictions.get(tuple(first))
        if prediction is None or prediction.runs < MIN_RUNS:
            return first
        return [*first, *(Query(Span(key)) for key in prediction.keys)]

    def record(
        self, first: Sequence[Query], keys: Collection[str], entries: Mapping[str, Entry | None]
    ) -> None:
        """Record the keys that a transaction, which has ended, has read.

        Args:
            first: its first queries.
            keys: the keys, in the order in which they were read.
            entries: the entries that they had.
        """
        if not 0 < len(first) <= MAX_QUERIES:
            return
        begin = tuple(first)
        # Counted before anything is built, as a transaction may have read thousands of keys.
        rest = _not_in_first(first, keys) if len(keys) <= MAX_QUERIES else ()
        if (
            not rest
            or len(first) + len(rest) > MAX_QUERIES
            or _text_length(keys, entries) > MAX_TEXT_LENGTH
        ):
            self._predictions.pop(begin, None)
            return
        before = self._predictions.get(begin)
        if before is None and len(self._predictions) >= MAX_PREDICTIONS:
            self._predictions.clear()
        runs = before.runs + 1 if before and before.keys == rest else 1
        self._predictions[begin] = _Prediction(rest, runs)


def _not_in_first(first: Sequence[Query], keys: Collection[str]) -> tuple[str, ...]:
    """Return the keys whose values the first queries did not read."""
    single = {query.span.begin for query in first}
    listed = [query.span for query in first if query.span.end and not query.keys_only]
    return tuple(
        key for key in keys if key not in single and not any(key in span for span in listed)
    )


def _text_length(keys: Collection[str], entries: Mapping[str, Entry | None]) -> int:
    return sum(len(entry.value) for key in keys if (entry := entries.get(key)))
