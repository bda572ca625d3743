"""Checker of histories of transactions for strict serializability.

The revisions of the store define the order. A committed transaction must have read the state just
before its own revision, a read-only one the state at the revision of its snapshot, and neither
may be ordered before a transaction that had ended before it began. The states come from the log
of changes of the store, not from the library.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["Event", "Record", "check", "misread"]


class Event(NamedTuple):
    """Write, or deletion (None), of a key at a revision."""

    revision: int
    path: str
    value: str | None


@dataclass
class Record:
    """Transaction: reads and writes of its last attempt, and the result from the library.

    Attributes:
        name: name and number, unique.
        began: time of its begin, on the monotonic clock.
        ended: time of its end.
        outcome: whether it took effect.
        revision: revision of its commit, or of its snapshot if it wrote nothing.
        mark: text that only this attempt wrote, None if it wrote nothing.
        values: values that it read and had not written itself.
        lists: listings that it read before its first write.
        writes: values that it wrote; None for deletions.
        attempts: number of runs of its body.
    """

    name: str
    began: float
    ended: float = math.inf
    outcome: Literal["committed", "failed", "unknown"] = "unknown"
    revision: int = 0
    mark: str | None = None
    values: dict[str, str | None] = field(default_factory=dict)
    lists: dict[Container[str], list[str]] = field(default_factory=dict)
    writes: dict[str, str | None] = field(default_factory=dict)
    attempts: int = 0

    @property
    def position(self) -> tuple[int, bool]:
        """Position in the order: readers of a revision come after its writer."""
        return self.revision, self.mark is None


def check(records: Sequence[Record], log: Iterable[Event]) -> list[str]:
    """Find violations.

    Args:
        records: all transactions since the store was empty; there were no other writers.
        log: changes of the store, oldest first.

    Returns:
        A sentence for each violation.
    """
    by_revision: defaultdict[int, dict[str, str | None]] = defaultdict(dict)
    for event in log:
        by_revision[event.revision][event.path] = event.value
    faults, placed = place(records, by_revision)
    return [*faults, *misread(placed, by_revision), *out_of_time(placed)]


def place(
    records: Sequence[Record], by_revision: dict[int, dict[str, str | None]]
) -> tuple[list[str], list[Record]]:
    """Return violations of at-most-once, and the transactions of the log in order."""
    faults = []
    owners = {record.mark: record for record in records if record.mark}
    found: dict[int, Record] = {}
    revisions: defaultdict[str, list[int]] = defaultdict(list)
    for revision, changes in by_revision.items():
        marks = [value for value in changes.values() if value in owners]
        if len(marks) != 1:
            faults.append(f"the commit at {revision} is of no transaction: {changes}")
            continue
        found[revision] = owners[marks[0]]
        revisions[marks[0] or ""].append(revision)
    placed = []
    for record in records:
        at = revisions.get(record.mark or "", [])
        if record.outcome == "failed" and at:
            faults.append(f"{record.name} failed, and took effect at {at}")
        elif len(at) > 1:
            faults.append(f"{record.name} took effect more than once, at {at}")
        elif record.outcome == "committed" and record.mark and at != [record.revision]:
            faults.append(f"{record.name} reports its commit at {record.revision}, not at {at}")
        elif record.outcome == "committed":
            placed.append(record)
        elif at:
            record.revision = at[0]
            placed.append(record)
    return faults, sorted(placed, key=lambda record: record.position)


def misread(
    placed: Sequence[Record], by_revision: dict[int, dict[str, str | None]]
) -> Iterable[str]:
    """Find transactions that did not read or write what their position in the order implies."""
    state: dict[str, str] = {}
    to_come = sorted(by_revision, reverse=True)

    def advance(revision: int) -> None:
        while to_come and to_come[-1] <= revision:
            for path, value in by_revision[to_come.pop()].items():
                if value is None:
                    state.pop(path, None)
                else:
                    state[path] = value

    for record in placed:
        advance(record.revision - (record.mark is not None))
        for path, value in record.values.items():
            if state.get(path) != value:
                yield f"{record.name} read {value!r} at {path}: there was {state.get(path)!r}"
        for listing, paths in record.lists.items():
            there = sorted(path for path in state if path in listing)
            if there != paths:
                yield f"{record.name} listed {listing} as {paths}: there was {there}"
        if record.mark is not None:
            wrote = by_revision[record.revision]
            meant = {p: v for p, v in record.writes.items() if v is not None or p in state}
            if wrote != meant:
                yield f"{record.name} meant to write {meant}: it wrote {wrote}"


def out_of_time(placed: Sequence[Record]) -> Iterable[str]:
    """Find transactions ordered before one that had ended before they began."""
    ends = sorted(placed, key=lambda record: record.ended)
    passed = 0
    latest: Record | None = None
    for record in sorted(placed, key=lambda record: record.began):
        while passed < len(ends) and ends[passed].ended < record.began:
            ended = ends[passed]
            passed += 1
            if latest is None or ended.position > latest.position:
                latest = ended
        if latest is not None and latest.position > record.position:
            yield f"{record.name} is of {record.revision}, but {latest.name} had ended before it"
