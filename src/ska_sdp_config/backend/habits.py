"""Which listings are followed by reading what was listed.

Programs list keys and then read them, one by one or all at once. The first costs a round trip
a key, and even the second makes a server go through its pages twice: to list ten thousand keys
is nearly half of the work of reading them. So where transactions keep reading most of what they
list, the next that lists the same is given the values in the same read; one that has no use for
them puts an end to that. It is a guess, and nothing depends on it but the time that a
transaction takes: what was not read is no conflict, however it came.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from .keys import Span
from .store import Entry

__all__ = ["Habits"]

IN_A_ROW = 2
"""So many transactions make a habit: two programs that take turns in one have none."""

MOST = 1_000
"""So many spans are remembered: programs may list other ones for ever."""


class Habits:
    """How often in a row most members of a listing were read. Many threads share it."""

    def __init__(self) -> None:
        self._times: dict[Span, int] = {}

    def wants_values(self, span: Span) -> bool:
        """Tell whether whoever lists a span is likely to read its members too."""
        return self._times.get(span, 0) >= IN_A_ROW

    def learn(self, span: Span, members: Sequence[Entry], read: Container[str]) -> None:
        """Take notice of the end of a transaction that has listed a span.

        Args:
            span: the span.
            members: what was found in it.
            read: the keys that were read.
        """
        if 2 * sum(entry.key in read for entry in members) <= len(members):
            self._times.pop(span, None)
            return
        if len(self._times) >= MOST:
            self._times.clear()
        self._times[span] = self._times.get(span, 0) + 1
