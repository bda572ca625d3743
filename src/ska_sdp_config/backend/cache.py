"""What the watchers of a Config have read, kept fresh by one watch on the whole store.

Every commit to the store has a revision of its own and changes at least one key. So a watch on
all keys tells each revision once, in order and whole, and what has been told is a snapshot: that
of the last revision heard of. Watches on single ranges would not do, as a commit over two of
them arrives as two messages, the second of them at any later time (decision 4).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

from .change_log import ChangeLog
from .keys import EVERYTHING, Span
from .store import Change, Compacted, Entry, Query, Reply, Sink, Store, Watch

__all__ = ["Cache", "CachedReader", "Listener", "View"]

SMALL = 1_000
"""How many values and members are kept without a thought whether they are still of use."""

CATCH_UP = 1.0
"""Seconds that a reader waits for the watch to tell what this process knows already."""


class Listener(Protocol):
    """A watcher: is told of every change; see Sink."""

    def cached(self) -> tuple[set[str], set[Span]]:
        """Get the keys and spans that it reads."""

    def changed(self, changes: Sequence[Change]) -> None:
        """Take changes."""

    def gap(self, revision: int) -> None:
        """Take notice that changes up to a revision were lost."""

    def closed(self) -> None:
        """Take notice that nothing will be told any more."""


class View:
    """Everything that is cached, as it was at one revision. Not changed once it is shared.

    Attributes:
        revision: the revision.
        values: entries of keys, None for one that is absent.
        lists: for each span that was listed its members.
        whole: those of the listed spans whose values are all in ``values``.
        shared: whether a reader has it.
    """

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.values: dict[str, Entry | None] = {}
        self.lists: dict[Span, dict[str, Entry]] = {}
        self.whole: set[Span] = set()
        self.shared = False

    def copy(self) -> View:
        """Get one that may be changed."""
        other = View(self.revision)
        other.values = self.values.copy()
        other.lists = {span: members.copy() for span, members in self.lists.items()}
        other.whole = self.whole.copy()
        return other

    def answer(self, query: Query) -> list[Entry] | None:
        """Get the entries of a query, in any order; None if they are not known."""
        span = query.span
        if span.end:
            members = self.lists.get(span)
            if members is None:
                return None
            if query.keys_only:
                return list(members.values())
            if span not in self.whole:
                return None
            return [entry for key in members if (entry := self.values[key])]
        if span.begin in self.values:
            entry = self.values[span.begin]
            return [entry] if entry else []
        if any(span.begin in other for other in self.whole):
            return []
        return None

    def concerns(self, key: str) -> bool:
        """Tell whether a change of a key is a change of the view."""
        return key in self.values or any(key in span for span in self.lists)

    def learn(self, query: Query, found: Sequence[Entry]) -> None:
        """Take what a query found at this revision."""
        if query.span.end:
            self.lists[query.span] = {entry.key: entry for entry in found}
            if query.keys_only:
                return
            self.whole.add(query.span)
        else:
            self.values[query.span.begin] = None
        self.values.update((entry.key, entry) for entry in found)

    def apply(self, changes: Sequence[Change]) -> None:
        """Take changes; what is not cached stays so."""
        for key, _, entry in changes:
            wanted = key in self.values
            for span, members in self.lists.items():
                if key in span:
                    wanted = wanted or span in self.whole
                    if entry:
                        members[key] = entry
                    else:
                        members.pop(key, None)
            if wanted:
                self.values[key] = entry


class Cache:
    """One cache for all watchers of a Config; it lives as long as there are any.

    Args:
        store: what is cached.

    Attributes:
        log: what has changed of late.
    """

    def __init__(self, store: Store) -> None:
        self.log = ChangeLog()
        self._store = store
        self._lock = threading.Condition()
        self._view = View(0)
        self._floor = 0
        self._owed_since: float | None = None
        self._watch: Watch | None = None
        self._sink: Sink | None = None
        self._listeners: list[Listener] = []
        self._limit = SMALL

    @property
    def is_open(self) -> bool:
        """Whether it is being kept fresh."""
        return self._watch is not None

    def join(self, listener: Listener) -> None:
        """Have changes told to a listener, from now on."""
        with self._lock:
            self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Tell a listener no more; with the last one everything is dropped."""
        with self._lock:
            self._listeners.remove(listener)
            if self._listeners:
                return
            watch, self._watch = self._watch, None
            self._sink = None
            self._view = View(0)
            self.log.begin(0)
        if watch is not None:
            watch.cancel()

    def open(self, revision: int) -> None:
        """Begin to keep it fresh, from a revision that was just read."""
        with self._lock:
            if self._watch is not None or not self._listeners:
                return
            self._view = View(revision)
            self.log.begin(revision)
            self._note_delivery()
            self._sink = _SinkOfOneWatch(self)
            self._watch = self._store.watch(EVERYTHING, revision + 1, self._sink)

    def close(self) -> None:
        """Let go whoever waits for changes: there will be none any more."""
        with self._lock:
            self._watch = None
            self._lock.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.closed()

    def leave_to_parent(self) -> None:
        """Forget what belongs to the process that this one was forked from; see Forkable."""
        self._lock = threading.Condition()
        self._watch = None
        self._sink = None
        self._view = View(0)
        self.log.begin(0)

    def require(self, revision: int) -> None:
        """Let no reader see less than a revision: this process has seen it already."""
        if revision > self._floor:
            with self._lock:
                self._floor = max(self._floor, revision)
                if self._owed_since is None and self._view.revision < self._floor:
                    self._owed_since = time.monotonic()

    def owed(self) -> tuple[int, float] | None:
        """Get the revisions that the watch owes, and for how many seconds; None without one."""
        with self._lock:
            if self._watch is None:
                return None
            if self._is_level() or self._owed_since is None:
                return 0, 0.0
            return self._floor - self._view.revision, time.monotonic() - self._owed_since

    def view(self, within: float = CATCH_UP) -> View | None:
        """Get what is cached; None if the watch does not tell what this process knows.

        Args:
            within: seconds to wait for the watch.
        """
        with self._lock:
            if self._watch is None:
                return None
            if not self._lock.wait_for(self._is_level, within) or self._watch is None:
                return None
            self._view.shared = True
            return self._view

    def learn(self, queries: Sequence[Query], reply: Reply) -> None:
        """Take what was read at the revision of a view that was had from here."""
        with self._lock:
            if self._watch is None or reply.revision > self._view.revision:
                return
            if reply.revision < self.log.begins:
                return
            view = self._own_view()
            for query, found in zip(queries, reply.found, strict=True):
                # What is cached under the same span is as good, and may be newer.
                if found is not None and view.answer(query) is None:
                    view.learn(query, found)
            if view.revision > reply.revision:
                view.apply(self.log.after(reply.revision))

    def trim(self) -> None:
        """Drop what no watcher reads any more, once there is a good deal of it."""
        with self._lock:
            view = self._view
            size = len(view.values) + sum(map(len, view.lists.values()))
            if size <= self._limit:
                return
            listeners = list(self._listeners)
        keys: set[str] = set()
        spans: set[Span] = set()
        for listener in listeners:
            more_keys, more_spans = listener.cached()
            keys |= more_keys
            spans |= more_spans
        with self._lock:
            view = self._own_view()
            view.lists = {span: members for span, members in view.lists.items() if span in spans}
            view.whole &= view.lists.keys()
            view.values = {
                key: entry
                for key, entry in view.values.items()
                if key in keys or any(key in span for span in view.whole)
            }
            size = len(view.values) + sum(map(len, view.lists.values()))
            self._limit = max(SMALL, 2 * size)

    def changed(self, changes: Sequence[Change], told_to: Sink) -> None:
        """Take changes; see Sink.

        Args:
            changes: the changes.
            told_to: the sink of the watch that tells of them.
        """
        with self._lock:
            if told_to is not self._sink:
                return
            relevant = [change for change in changes if self._view.concerns(change.key)]
            view = self._own_view() if relevant else self._view
            if view.shared:
                # Nothing of it changes but the revision: the contents may be shared on.
                view, shared = View(0), view
                view.values, view.lists, view.whole = shared.values, shared.lists, shared.whole
                view.shared = True
                self._view = view
            view.apply(relevant)
            view.revision = changes[-1].revision
            self._note_delivery()
            self.log.extend(changes)
            self._lock.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.changed(changes)

    def gap(self, revision: int, told_to: Sink) -> None:
        """Take notice of lost changes; see Sink and changed."""
        with self._lock:
            if told_to is not self._sink:
                return
            lost = revision
            if revision < self._view.revision:
                # The database went back: whatever was read of it before is stale, and is not to
                # be waited for.
                lost = max(self._floor, self._view.revision) + 1
                self._floor = revision
            self._view = View(revision)
            self.log.begin(revision)
            self._note_delivery()
            self._lock.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.gap(lost)

    def _note_delivery(self) -> None:
        # What it owes after a delivery it owes, for all that is known, since then.
        self._owed_since = None if self._view.revision >= self._floor else time.monotonic()

    def _is_level(self) -> bool:
        return self._watch is None or self._view.revision >= self._floor

    def _own_view(self) -> View:
        if self._view.shared:
            self._view = self._view.copy()
        return self._view


class _SinkOfOneWatch:
    """Passes on what one watch tells; that of one that was cancelled may yet come, and is old."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def changed(self, changes: Sequence[Change]) -> None:
        """Take changes; see Sink."""
        self._cache.changed(changes, self)

    def gap(self, revision: int) -> None:
        """Take notice of lost changes; see Sink."""
        self._cache.gap(revision, self)


class CachedReader:
    """Reads for one attempt at a transaction: from the cache, and what is missing as of then.

    Args:
        store: where to read what is missing.
        cache: the cache.
    """

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache
        self._view: View | None = None
        self.address = store.address
        self.timeout = store.timeout

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read; see Reader."""
        end = time.monotonic() + timeout
        if not revision:
            # The other half is for reading.
            self._view = self._cache.view(min(CATCH_UP, timeout / 2))
        if self._view is not None and revision in (0, self._view.revision):
            try:
                return self._read_at(self._view, queries, end)
            except Compacted:
                self._view = None
                if revision:
                    raise
        reply = self._store.read(queries, revision, timeout=end - time.monotonic())
        self._cache.require(reply.revision)
        return reply

    def _read_at(self, view: View, queries: Sequence[Query], end: float) -> Reply:
        found = [view.answer(query) for query in queries]
        missing = [n for n, entries in enumerate(found) if entries is None]
        if missing:
            wanted = [queries[n] for n in missing]
            reply = self._store.read(wanted, view.revision, timeout=end - time.monotonic())
            self._cache.learn(wanted, reply)
            for n, entries in zip(missing, reply.found, strict=True):
                found[n] = entries
        return Reply(view.revision, list(found))
