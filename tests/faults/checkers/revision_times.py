"""Bounds of the real time of each revision of the database."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from tests.faults.database_log import Change
from tests.faults.history import Operation

__all__ = ["RevisionTimes"]


class RevisionTimes:
    """Bounds on the monotonic clock, which all processes share.

    A revision was committed before anything of it or of a later one was seen, and after each
    write of it or of an earlier one had begun.

    Args:
        operations: operations, of which those with revisions count.
        changes: changes of the database.
    """

    def __init__(self, operations: Iterable[Operation], changes: Iterable[Change]) -> None:
        seen = [(change.revision, change.received) for change in changes]
        begun = []
        for each in operations:
            if each.outcome != "ok" or not each.revision:
                continue
            seen.append((each.revision, each.ended.monotonic))
            if each.kind == "take" or each.details.get("mark"):
                begun.append((each.revision, each.began.monotonic))
        seen.sort()
        begun.sort()
        self._seen = [revision for revision, _ in seen]
        times = [time for _, time in seen]
        self._latest = [*accumulate(reversed(times), min)][::-1]
        self._begun = [revision for revision, _ in begun]
        self._earliest = [*accumulate((time for _, time in begun), max)]

    def latest(self, revision: int) -> float:
        """Return a time before which a revision was committed, infinite if none is known."""
        place = bisect_left(self._seen, revision)
        return self._latest[place] if place < len(self._latest) else math.inf

    def earliest(self, revision: int) -> float:
        """Return a time after which a revision was committed, minus infinity if unknown."""
        place = bisect_right(self._begun, revision)
        return self._earliest[place - 1] if place else -math.inf


def by_revision(changes: Iterable[Change]) -> Iterable[tuple[int, Sequence[Change]]]:
    """Group the changes of each revision."""
    group: list[Change] = []
    for change in changes:
        if group and change.revision != group[0].revision:
            yield group[0].revision, group
            group = []
        group.append(change)
    if group:
        yield group[0].revision, group
