"""What transactions keep reading after their first read, so that it may come with that.

Programs run the same bodies again and again. They read keys one by one, which costs a round
trip a key; or they list keys and then read them, which makes a server go through its pages
twice: to list ten thousand keys is more than half of the work of reading them. So what has been
read together a few times in a row is read in one round trip the next time, and for no longer
than it keeps being so. It is a guess, and nothing depends on it but the time that a transaction
takes: all of it is of one revision, and what the body does not read is no conflict, however it
came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ska_sdp_config.engine.read_set import Reads
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span

__all__ = ["Habits"]

IN_A_ROW = 2
"""So many transactions make a habit: two programs that take turns in one have none."""

FEW = 100
"""So many keys are read in one call."""

MOST = 1_000
"""So many habits of each kind are remembered: programs may read other keys for ever."""


class _Together(NamedTuple):
    """Keys that were read by the same transaction, and how often in a row."""

    queries: list[Query]
    times: int


class Habits:
    """The habits of the transactions of one Config. Many threads share it."""

    def __init__(self) -> None:
        self._listed: dict[Span, int] = {}
        self._together: dict[str, _Together] = {}

    def wants_values(self, span: Span) -> bool:
        """Tell whether whoever lists a span is likely to read its members too."""
        return self._listed.get(span, 0) >= IN_A_ROW

    def read_with(self, key: str) -> Sequence[Query]:
        """Get what to read where a transaction begins with a key: that, and what may follow."""
        together = self._together.get(key)
        if together is None or together.times < IN_A_ROW:
            return [Query(Span(key))]
        return together.queries

    def learn(self, reads: Reads) -> None:
        """Take notice of what a transaction has read, at its end."""
        for span, members in reads.spans.items():
            read = reads.keys.keys() & {entry.key for entry in members}
            if 2 * len(read) <= len(members):
                self._listed.pop(span, None)
                continue
            if len(self._listed) >= MOST:
                self._listed.clear()
            self._listed[span] = self._listed.get(span, 0) + 1
        if reads.keys and not reads.spans:
            self._learn_together(reads)

    def _learn_together(self, reads: Reads) -> None:
        first = next(iter(reads.keys))
        if not 1 < len(reads.keys) <= FEW:
            self._together.pop(first, None)
            return
        known = self._together.get(first)
        if known is not None and [query.span.begin for query in known.queries] == [*reads.keys]:
            self._together[first] = _Together(known.queries, known.times + 1)
            return
        if len(self._together) >= MOST:
            self._together.clear()
        self._together[first] = _Together([Query(Span(key)) for key in reads.keys], 1)
