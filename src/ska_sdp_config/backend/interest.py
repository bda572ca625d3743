"""What a turn of a watcher's loop has read, and the watches that tell when it changes."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence

from .keys import Span
from .stm import Reads
from .store import Change, Query, Store, Watch

__all__ = ["Interest"]

MANY = 32
"""Of so many single keys of one directory, the directory is watched instead."""

MOST_PREFETCHED = 1000
"""How many single keys are read together at the start of a turn, at most."""


class Interest:
    """Keys and listings read in one turn, under watches that outlast the turn.

    A watch on a directory may tell of keys that nobody read; what is stale is always decided
    by key and revision.

    Args:
        store: where to watch.
        wake: is notified when something has changed; its lock guards this object.
    """

    def __init__(self, store: Store, wake: threading.Condition) -> None:
        self._store = store
        self._wake = wake
        self._watches: dict[Span, Watch] = {}
        self._keys: dict[str, int] = {}
        self._spans: dict[Span, int] = {}
        self._members: dict[Span, int] = {}
        self._recent: list[Change] = []
        self._gap = 0

    def begin_turn(self) -> list[Query]:
        """Forget what was read, and get what would bring it back in one read."""
        queries = self._queries()
        with self._wake:
            self._keys, self._spans, self._members = {}, {}, {}
            # A read of the new turn is newer than whatever has been told before it.
            self._recent.clear()
        return queries

    def add(self, reads: Reads) -> None:
        """Take what a transaction has read; the earliest read of a turn counts."""
        with self._wake:
            for key in reads.keys:
                self._keys.setdefault(key, reads.revision)
            for span, members in reads.spans.items():
                self._spans.setdefault(span, reads.revision)
                self._members[span] = len(members)
        missing = [span for span in reads.spans if span not in self._watches]
        for span in missing:
            self._watches[span] = self._store.watch(span, reads.revision + 1, self)
        missing = _spans_of_keys(key for key in reads.keys if not self._is_watched(key))
        for span in missing:
            self._watches[span] = self._store.watch(span, reads.revision + 1, self)

    def end_turn(self) -> None:
        """End the watches on what this turn did not read."""
        for span in list(self._watches):
            if span in self._spans or any(key in span for key in self._keys):
                continue
            self._watches.pop(span).cancel()

    def is_stale(self) -> bool:
        """Tell whether anything read in this turn has changed since. Call it with the lock."""
        stale = any(self._matters(change) for change in self._recent)
        if not stale:
            self._recent.clear()
        return stale or self._gap > min(
            [*self._keys.values(), *self._spans.values()], default=self._gap
        )

    def close(self) -> None:
        """End all watches."""
        for watch in self._watches.values():
            watch.cancel()
        self._watches.clear()

    def changed(self, changes: Sequence[Change]) -> None:
        """Take changes; see Sink."""
        with self._wake:
            self._recent += changes
            self._wake.notify_all()

    def gap(self, revision: int) -> None:
        """Take notice of lost changes; see Sink."""
        with self._wake:
            self._gap = max(self._gap, revision)
            self._wake.notify_all()

    def _matters(self, change: Change) -> bool:
        read_at = self._keys.get(change.key)
        if read_at is not None and change.revision > read_at:
            return True
        if change.entry is not None and change.entry.created != change.revision:
            return False
        return any(
            change.key in span and change.revision > read_at
            for span, read_at in self._spans.items()
        )

    def _is_watched(self, key: str) -> bool:
        return any(key in span for span in self._watches)

    def _queries(self) -> list[Query]:
        """Get queries for the last turn's reads: whole spans where most values were read."""
        queries = []
        rest = set(self._keys)
        for span, members in self._members.items():
            read = {key for key in rest if key in span}
            whole = len(read) * 2 > members
            queries.append(Query(span, keys_only=not whole))
            if whole:
                rest -= read
        return queries + [Query(Span(key)) for key in sorted(rest)[:MOST_PREFETCHED]]


def _spans_of_keys(keys: Iterable[str]) -> list[Span]:
    """Get spans that cover keys: themselves, or their directory where there are many."""
    directories: defaultdict[str, list[str]] = defaultdict(list)
    for key in keys:
        depth, _, rest = key.partition("/")
        directories[f"{depth}/{rest.partition('/')[0]}/"].append(key)
    spans = []
    for directory, members in directories.items():
        if len(members) > MANY:
            spans.append(Span.prefix(directory))
        else:
            spans += [Span(key) for key in members]
    return spans
