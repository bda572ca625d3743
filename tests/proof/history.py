"""What transactions did, and whether all of it can have happened one after the other.

The store numbers its states, so the order to check is given: that of the revisions. A committed
transaction must have read what was there just before its own revision, one that only reads what
was there at the revision of its snapshot, and neither may come before what had ended before it
began: strict serializability. What was stored, and when, is not asked of the library
but of the store's own log of changes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .reference import Listing

__all__ = ["Event", "Record", "check"]


class Event(NamedTuple):
    """A key was written, or deleted (None), at a revision."""

    revision: int
    path: str
    value: str | None


@dataclass
class Record:
    """One transaction: what its last attempt read and wrote, and what the library says of it.

    Attributes:
        name: who ran it, and which of theirs it is.
        began: when it began, in seconds of the machine's monotonic clock.
        ended: when it ended.
        outcome: whether it took effect.
        revision: that of its commit, or of its snapshot if it wrote nothing.
        mark: a text that only this attempt wrote, None if it wrote nothing.
        values: what it read of others' making.
        lists: the listings it read, before it wrote itself.
        writes: what it wrote; None is deleted.
        attempts: how often its body ran.
    """

    name: str
    began: float
    ended: float = math.inf
    outcome: Literal["committed", "failed", "unknown"] = "unknown"
    revision: int = 0
    mark: str | None = None
    values: dict[str, str | None] = field(default_factory=dict)
    lists: dict[Listing, list[str]] = field(default_factory=dict)
    writes: dict[str, str | None] = field(default_factory=dict)
    attempts: int = 0

    @property
    def position(self) -> tuple[int, bool]:
        """Its place in the order: readers of a revision come after its writer."""
        return self.revision, self.mark is None


def check(records: Sequence[Record], log: Iterable[Event]) -> list[str]:
    """Find what cannot be.

    Args:
        records: all transactions that ran on an empty store, and nothing else that wrote.
        log: the store's changes, oldest first.

    Returns:
        A sentence for each fault.
    """
    by_revision: defaultdict[int, dict[str, str | None]] = defaultdict(dict)
    for event in log:
        by_revision[event.revision][event.path] = event.value
    faults, placed = place(records, by_revision)
    return [*faults, *misread(placed, by_revision), *out_of_time(placed)]


def place(
    records: Sequence[Record], by_revision: dict[int, dict[str, str | None]]
) -> tuple[list[str], list[Record]]:
    """Find the transactions in the log, each once or not at all, and give them in order."""
    faults = []
    owners = {record.mark: record for record in records if record.mark}
    found: dict[int, Record] = {}
    revisions: defaultdict[str, list[int]] = defaultdict(list)
    for revision, changes in by_revision.items():
        # The one text among them that is a mark.
        marks = [value for value in changes.values() if value in owners]
        if len(marks) != 1:
            faults.append(f"what was written at {revision} is of no transaction: {changes}")
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
            faults.append(f"{record.name} says it committed at {record.revision}, not at {at}")
        elif record.outcome == "committed":
            placed.append(record)
        elif at:
            record.revision = at[0]
            placed.append(record)
    return faults, sorted(placed, key=lambda record: record.position)


def misread(
    placed: Sequence[Record], by_revision: dict[int, dict[str, str | None]]
) -> Iterable[str]:
    """Find transactions that did not read what was there, or did not write what they say."""
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
    """Find transactions that come before one that had ended before they began."""
    ends = sorted(placed, key=lambda record: record.ended)
    latest: Record | None = None
    for record in sorted(placed, key=lambda record: record.began):
        while ends and ends[0].ended < record.began:
            ended = ends.pop(0)
            if latest is None or ended.position > latest.position:
                latest = ended
        if latest is not None and latest.position > record.position:
            yield f"{record.name} is of {record.revision}, but {latest.name} had ended before it"
