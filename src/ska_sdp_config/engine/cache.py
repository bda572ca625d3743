"""Cache of all watchers of a Config, kept up to date by one watch on the whole store.

Every commit has its own revision and changes at least one key. So a watch on all keys delivers
each revision once, whole and in order, and the cache is a snapshot of the last revision delivered.
With a watch for each range, a commit to two ranges would arrive in two parts at different times;
see docs/decisions/0004-one-watch-on-the-whole-store.md.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence

from ska_sdp_config.engine.change_log import ChangeLog, Point
from ska_sdp_config.engine.listener import Listener
from ska_sdp_config.engine.trimmed import Trimmed
from ska_sdp_config.engine.view import View
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Change, GapCause, Query, Reply, Sink, Store, Watch
from ska_sdp_config.store.keys import EVERYTHING, Span

__all__ = ["Cache"]

LOGGER = logging.getLogger(__name__)

MIN_TRIM_ENTRIES = 1_000
"""Number of cached entries and members below which unused ones are kept."""

STALLED_AFTER_S = 1.0
"""Seconds without a delivery after which a watch that lags counts as stalled."""

MIN_SKIP_INTERVAL_S = 2.0
MAX_SKIP_INTERVAL_S = 10.0
"""Bounds of the interval between two skips of a lagging watch, each of which reads everything."""


class Cache:
    """Cache shared by all watchers of a Config; emptied when the last one ends.

    Lock order: the store's locks before the cache's. A store may hold its locks while it delivers
    changes, which takes the cache's lock; so no method calls the store while it holds that lock.
    Otherwise a commit and the start of a watcher could deadlock.

    Args:
        store: the store to cache.

    Attributes:
        log: recent changes.
        clears: number of times that the contents were discarded, with all recent changes.
    """

    def __init__(self, store: Store) -> None:
        self.log = ChangeLog()
        self.clears = 0
        self._store = store
        self._lock = threading.Condition()
        self._view = View(0)
        self._floor = 0
        self._lagging_since: float | None = None
        self._skip_pause = 0.0
        self._next_skip = 0.0
        self._trimmed = Trimmed(0, 0)
        self._watch: Watch | None = None
        self._sink: Sink | None = None
        self._listeners: list[Listener] = []

    @property
    def is_open(self) -> bool:
        """Whether the cache is in use and watches the store."""
        return self._sink is not None

    def join(self, listener: Listener) -> None:
        """Add a listener."""
        with self._lock:
            self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Remove a listener; with the last one, clear the cache and end the watch."""
        with self._lock:
            self._listeners.remove(listener)
            if self._listeners:
                return
            watch, self._watch, self._sink = self._watch, None, None
            self._clear(0)
        if watch is not None:
            watch.cancel()

    def open(self, revision: int) -> None:
        """Start the watch, from a revision that was just read."""
        with self._lock:
            if self._sink is not None or not self._listeners:
                return
            sink = self._begin(revision)
        self._start_watch(sink, revision)

    def close(self) -> None:
        """Wake the threads that wait for changes, and notify the listeners of the end."""
        with self._lock:
            self._watch = self._sink = None
            self._lock.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.closed()

    def require(self, revision: int, at_least: int = 0) -> None:
        """Require the cache to reach a revision before the next read from it.

        Args:
            revision: the revision that a call to the database returned.
            at_least: a revision that was known before that call. Only a database that was restored
                from an older copy returns a lower one.
        """
        if revision < at_least:
            self._handle_restore(revision)
        elif revision > self._floor:
            with self._lock:
                self._floor = max(self._floor, revision)
                if self._lagging_since is None and self._view.revision < self._floor:
                    self._lagging_since = time.monotonic()

    def read_newest(self, timeout: float) -> int:
        """Read the newest revision, and require the cache to reach it.

        Args:
            timeout: timeout in seconds.

        Raises:
            ConfigConnectionError: no response within the timeout.
        """
        with self._lock:
            known = max(self._floor, self._view.revision)
        revision = self._store.read([], timeout=timeout).revision
        self.require(revision, known)
        return revision

    def lag(self) -> tuple[int, float] | None:
        """Return the lag of the watch in revisions and in seconds; None without a watch."""
        with self._lock:
            if self._sink is None:
                return None
            if self._is_current() or self._lagging_since is None:
                return 0, 0.0
            return self._floor - self._view.revision, time.monotonic() - self._lagging_since

    def view(self, within: float = STALLED_AFTER_S) -> View | None:
        """Return the contents; None if the watch has not delivered all revisions that are known.

        While a lagging watch delivers, this waits for it: reads would make it slower still.

        Args:
            within: seconds to wait for the watch.
        """
        end = time.monotonic() + within
        with self._lock:
            target = self._floor
            while self._sink is not None and self._view.revision < min(target, self._floor):
                left = min(end, self._stalled_at()) - time.monotonic()
                if left <= 0:
                    return None
                self._lock.wait(left)
            if self._sink is None:
                return None
            self._view.shared = True
            return self._view

    def skip_ahead(self, timeout: float) -> View | None:
        """Restart a lagging watch at the newest revision, without the changes that it lacks.

        All watchers read everything again then. To bound that load there is a minimum interval
        between two skips, which doubles while skips repeat.

        Args:
            timeout: timeout in seconds.

        Raises:
            ConfigConnectionError: too soon after the last skip, or no response within the timeout.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._next_skip:
                raise ConfigConnectionError(
                    f"The watch on the database at {self._store.address} is "
                    f"{self._floor - self._view.revision} revisions behind: check the load of the "
                    "database and of the network."
                )
            is_repeated = now < self._next_skip + self._skip_pause
            longer = min(MAX_SKIP_INTERVAL_S, 2 * self._skip_pause)
            self._skip_pause = longer if is_repeated else MIN_SKIP_INTERVAL_S
            self._next_skip = now + self._skip_pause
        revision = self.read_newest(timeout)
        with self._lock:
            is_behind = self._view.revision < revision
        if is_behind:
            LOGGER.warning("The watch is behind; reading everything at revision %d.", revision)
            self._restart_at(revision, revision)
        return self.view(0.0)

    def learn(self, queries: Sequence[Query], reply: Reply) -> None:
        """Add the result of queries at the revision of a view that this cache returned."""
        with self._lock:
            if self._sink is None or reply.revision > self._view.revision:
                return
            if reply.revision < self.log.begins:
                return
            view = self._own_view()
            for query, found in zip(queries, reply.found, strict=True):
                # A cached result may be newer than the reply.
                if found is not None and view.answer(query) is None:
                    view.learn(query, found)
            if view.revision > reply.revision:
                view.apply(self.log.after(reply.revision))

    def changes_since(self, after: Point, until: int = 0) -> list[Change] | None:
        """Return the changes of the revisions after a point; None if some are not known.

        Args:
            after: the point.
            until: the last revision to include, 0 for all.
        """
        with self._lock:
            is_known = (
                self._sink is not None
                and after.clears == self.clears
                and self.log.begins <= after.revision
                and until <= self._view.revision
            )
            if not is_known:
                return None
            return [
                change
                for change in self.log.after(after.revision)
                if not until or change.revision <= until
            ]

    def trim(self) -> None:
        """Drop entries that no watcher reads, if they are many."""
        with self._lock:
            view = self._view
            size = view.size()
            listeners = list(self._listeners)
        # Of two iterations, so about twice what is needed.
        read = sum(listener.read_count() for listener in listeners)
        if size <= max(MIN_TRIM_ENTRIES, read) or self._trimmed.suffices(size, read):
            return
        keys: set[str] = set()
        spans: set[Span] = set()
        for listener in listeners:
            more_keys, more_spans = listener.cached()
            keys |= more_keys
            spans |= more_spans
        with self._lock:
            view = self._own_view()
            view.keep_only(keys, spans)
            self._trimmed = Trimmed(view.size(), read)

    def changed(self, changes: Sequence[Change], source: Sink) -> None:
        """Apply changes and pass them to the listeners; see Sink.

        Args:
            changes: the changes.
            source: the sink of the watch that delivered them. Deliveries of an earlier watch are
                ignored.
        """
        with self._lock:
            if source is not self._sink:
                return
            relevant = [change for change in changes if self._view.concerns(change.key)]
            if relevant:
                self._own_view().apply(relevant)
            elif self._view.shared:
                self._view = self._view.same_contents()
            self._view.revision = changes[-1].revision
            self._note_delivery()
            self.log.extend(changes)
            self._lock.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.changed(changes)

    def gap(self, revision: int, source: Sink) -> None:
        """Clear the cache after a loss of changes; see Sink and changed."""
        with self._lock:
            if source is not self._sink:
                return
            lost = revision
            if revision < self._view.revision:
                # The database was restored: all earlier reads are stale, and their revisions must
                # not be waited for.
                lost = max(self._floor, self._view.revision) + 1
                self._floor = revision
            self._clear(revision)
            self._note_delivery()
            self._lock.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.gap(lost)

    def _clear(self, revision: int) -> None:
        """Discard the contents, and start again at a revision. Call with the lock."""
        self._view = View(revision)
        self.log.begin(revision)
        self.clears += 1

    def _begin(self, revision: int) -> Sink:
        """Clear the cache and return the sink of the watch to start. Call with the lock."""
        self._clear(revision)
        self._note_delivery()
        self._sink = sink = _WatchSink(self)
        return sink

    def _start_watch(self, sink: Sink, revision: int) -> None:
        """Start the watch of a sink. Call without the lock; see the class."""
        try:
            watch = self._store.watch(EVERYTHING, revision + 1, sink)
        except BaseException:
            # Also on Ctrl-C: readers would wait for changes that no watch delivers.
            with self._lock:
                if self._sink is sink:
                    self._sink = None
                    self._lock.notify_all()
            raise
        with self._lock:
            if self._sink is sink:
                self._watch = watch
                return
        # The last watcher has ended meanwhile.
        watch.cancel()

    def _handle_restore(self, revision: int) -> None:
        """Clear the cache after the database was restored from an older copy."""
        with self._lock:
            newest = max(self._floor, self._view.revision)
            if revision >= newest:
                # Another thread has done it.
                return
            self._floor = revision
        LOGGER.warning(
            "The database is at revision %d, before revision %d, which was read: it was restored "
            "from an older copy, or is another one; discarding the cache.",
            revision,
            newest,
        )
        self._restart_at(revision, newest + 1)

    def _restart_at(self, revision: int, lost: int) -> None:
        """Clear the cache and restart the watch. Call without the lock.

        Args:
            revision: the revision to start after, which was just read.
            lost: the revision up to which changes were not delivered.
        """
        with self._lock:
            if self._sink is None:
                return
            watch, self._watch = self._watch, None
            sink = self._begin(revision)
            self._lock.notify_all()
            listeners = list(self._listeners)
        if watch is not None:
            watch.cancel()
        self._start_watch(sink, revision)
        for listener in listeners:
            listener.gap(lost)

    def _note_delivery(self) -> None:
        # The lag is measured from the last delivery, as it is not known when the rest was due.
        self._lagging_since = None if self._view.revision >= self._floor else time.monotonic()

    def _is_current(self) -> bool:
        return self._sink is None or self._view.revision >= self._floor

    def _stalled_at(self) -> float:
        return math.inf if self._lagging_since is None else self._lagging_since + STALLED_AFTER_S

    def _own_view(self) -> View:
        if self._view.shared:
            self._view = self._view.copy()
        return self._view


class _WatchSink:
    """Sink of one watch, so that late deliveries of a cancelled watch can be ignored."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def changed(self, changes: Sequence[Change]) -> None:
        """Pass on changes; see Sink."""
        self._cache.changed(changes, self)

    def gap(self, revision: int, cause: GapCause) -> None:
        """Pass on a gap; see Sink."""
        self._cache.gap(revision, self)
