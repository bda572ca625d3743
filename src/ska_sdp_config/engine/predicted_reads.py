"""Prediction of a transaction's reads: those that the same body made the last two times.

Programs of earlier releases run the same bodies repeatedly. They list and read keys one by one,
and each read is a round trip. So what two transactions in a row have read after the same first
read is read together with it the next time. A prediction works like a prefetch:

- Results do not depend on it, as all reads of a transaction are of one revision.
- What the body does not read is not in the read set, so it causes no conflict.
- The first transaction that reads anything else ends it.
- At most ``MAX_PATTERNS`` patterns of at most ``MAX_QUERIES`` queries are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span

__all__ = ["PredictedReads"]

MIN_RUNS = 2
"""Number of equal runs in a row before a prediction."""

MAX_QUERIES = 100
"""Number of keys and listings in a pattern at most: those of one call to etcd."""

MAX_PATTERNS = 1_000
"""Number of patterns at most, as a program may read new keys forever."""


class _Pattern(NamedTuple):
    """Queries for all reads of a transaction, and the number of equal runs in a row."""

    queries: tuple[Query, ...]
    runs: int


class PredictedReads:
    """Patterns of the reads of a backend's transactions, by their first queries.

    May be used by any thread: each access to the patterns is a single operation on the dict.
    """

    def __init__(self) -> None:
        self._patterns: dict[tuple[Query, ...], _Pattern] = {}

    def extend(self, first: Sequence[Query]) -> Sequence[Query]:
        """Return the queries to read in place of the first ones, which they include."""
        if len(first) > MAX_QUERIES:
            return first
        pattern = self._patterns.get(tuple(first))
        return pattern.queries if pattern and pattern.runs >= MIN_RUNS else first

    def record(self, first: Sequence[Query], reads: Reads) -> None:
        """Record the reads of a transaction, which has ended, by its first queries."""
        if not 0 < len(first) <= MAX_QUERIES:
            return
        begin = tuple(first)
        queries = _queries_for(first, reads)
        if len(queries) > MAX_QUERIES or queries == begin:
            self._patterns.pop(begin, None)
            return
        pattern = self._patterns.get(begin)
        if pattern is None and len(self._patterns) >= MAX_PATTERNS:
            self._patterns.clear()
        runs = pattern.runs + 1 if pattern and pattern.queries == queries else 1
        self._patterns[begin] = _Pattern(queries, runs)


def _queries_for(first: Sequence[Query], reads: Reads) -> tuple[Query, ...]:
    """Return queries for all reads, those of the first queries included.

    A listing of which most members were read is read with its values, so that members which are
    created or deleted do not end the pattern.
    """
    keys_only = {query.span: query.keys_only for query in first}
    with_listing: set[str] = set()
    for span, members in reads.spans.items():
        read = reads.keys.keys() & {entry.key for entry in members}
        if 2 * len(read) > len(members):
            keys_only[span] = False
            with_listing |= read
        else:
            keys_only.setdefault(span, True)
    keys_only.update((Span(key), False) for key in reads.keys if key not in with_listing)
    return tuple(Query(span, only) for span, only in keys_only.items())
