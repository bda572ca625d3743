"""What the watchers of a Config have read, kept fresh by one watch on the whole store.

Every commit to the store has a revision of its own and changes at least one key. So a watch on
all keys tells each revision once, in order and whole, and what has been told is a snapshot: that
of the last revision heard of. Watches on single ranges would not do, as a commit over two of
them arrives as two messages, the second of them at any later time (decision 4).
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from ska_sdp_config.engine.change_log import ChangeLog
from ska_sdp_config.engine.view import View
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Change, Query, Reply, Sink, Store, Watch
from ska_sdp_config.store.keys import EVERYTHING, Span

__all__ = ["Cache", "Listener"]

LOGGER = logging.getLogger(__name__)

SMALL = 1_000
"""How many values and members are kept without a thought whether they are still of use."""

CATCH_UP = 1.0
"""Seconds without a delivery after which a watch that owes changes counts as stalled."""

FIRST_SKIP_PAUSE = 2.0
LONGEST_SKIP_PAUSE = 10.0
"""Seconds between two times that a watch which is behind is skipped, and everything is read."""


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


class Cache:
    """One cache for all watchers of a Config; it lives as long as there are any.

    Lock order: the store's locks before the cache's. A store may hold its locks while it delivers
    changes, which takes the cache's lock; so no method calls the store while it holds that. With
    the reverse order a commit and a watcher that begins would deadlock.

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
        self._skip_pause = 0.0
        self._next_skip = 0.0
        self._watch: Watch | None = None
        self._sink: Sink | None = None
        self._listeners: list[Listener] = []
        self._limit = SMALL

    @property
    def is_open(self) -> bool:
        """Whether it is being kept fresh."""
        return self._sink is not None

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
            watch, self._watch, self._sink = self._watch, None, None
            self._view = View(0)
            self.log.begin(0)
        if watch is not None:
            watch.cancel()

    def open(self, revision: int) -> None:
        """Begin to keep it fresh, from a revision that was just read."""
        with self._lock:
            if self._sink is not None or not self._listeners:
                return
            sink = self._begin(revision)
        self._start_watch(sink, revision)

    def close(self) -> None:
        """Let go whoever waits for changes: there will be none any more."""
        with self._lock:
            self._watch = self._sink = None
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

    def require(self, revision: int, at_least: int = 0) -> None:
        """Let no reader see less than a revision: this process has seen it already.

        Args:
            revision: the revision that a call to the database returned.
            at_least: a revision that was known before that call was made. A lower one is returned
                only by a database that was restored from an older copy.
        """
        if revision < at_least:
            self._restart(revision)
        elif revision > self._floor:
            with self._lock:
                self._floor = max(self._floor, revision)
                if self._owed_since is None and self._view.revision < self._floor:
                    self._owed_since = time.monotonic()

    def read_newest(self, timeout: float) -> int:
        """Read the newest revision, which the cache then has to come up to.

        Args:
            timeout: seconds that this may take.

        Raises:
            ConfigConnectionError: no answer within the timeout.
        """
        with self._lock:
            known = max(self._floor, self._view.revision)
        revision = self._store.read([], timeout=timeout).revision
        self.require(revision, known)
        return revision

    def owed(self) -> tuple[int, float] | None:
        """Get the revisions that the watch owes, and for how many seconds; None without one."""
        with self._lock:
            if self._sink is None:
                return None
            if self._is_level() or self._owed_since is None:
                return 0, 0.0
            return self._floor - self._view.revision, time.monotonic() - self._owed_since

    def view(self, within: float = CATCH_UP) -> View | None:
        """Get what is cached; None if the watch has not come up to what this process knows.

        A slow watch is waited for while it delivers, as reads would make it slower.

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
        """Give up what a watch that is behind owes, and begin at the newest revision.

        Everything is read again then, once for all watchers. To bound that load, it is done at
        most once in a pause, which doubles while it has to be done again and again.

        Args:
            timeout: seconds that this may take.

        Raises:
            ConfigConnectionError: it is too soon, or no answer within the timeout.
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
            longer = min(LONGEST_SKIP_PAUSE, 2 * self._skip_pause)
            self._skip_pause = longer if is_repeated else FIRST_SKIP_PAUSE
            self._next_skip = now + self._skip_pause
        revision = self.read_newest(timeout)
        with self._lock:
            is_behind = self._view.revision < revision
        if is_behind:
            LOGGER.warning("The watch is behind; reading everything at revision %d.", revision)
            self._begin_again(revision, revision)
        return self.view(0.0)

    def learn(self, queries: Sequence[Query], reply: Reply) -> None:
        """Take what was read at the revision of a view that was had from here."""
        with self._lock:
            if self._sink is None or reply.revision > self._view.revision:
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

    def _begin(self, revision: int) -> Sink:
        """Empty the cache, and get the sink of the watch to start. Call with the lock."""
        self._view = View(revision)
        self.log.begin(revision)
        self._note_delivery()
        self._sink = sink = _SinkOfOneWatch(self)
        return sink

    def _start_watch(self, sink: Sink, revision: int) -> None:
        """Start the watch of a sink. Call without the lock; see the class."""
        try:
            watch = self._store.watch(EVERYTHING, revision + 1, sink)
        except BaseException:
            with self._lock:
                if self._sink is sink:
                    self._sink = None
                    self._lock.notify_all()
            raise
        with self._lock:
            if self._sink is sink:
                self._watch = watch
                return
        # The last watcher left meanwhile.
        watch.cancel()

    def _restart(self, revision: int) -> None:
        """Discard everything, as the database was restored from an older copy."""
        with self._lock:
            newest = max(self._floor, self._view.revision)
            if revision >= newest:
                # Another thread was faster.
                return
            self._floor = revision
        LOGGER.warning(
            "The database is at revision %d, before revision %d, which was read: it was restored "
            "from an older copy, or is another one; discarding the cache.",
            revision,
            newest,
        )
        self._begin_again(revision, newest + 1)

    def _begin_again(self, revision: int, lost: int) -> None:
        """Discard everything, and watch from a revision on. Call without the lock.

        Args:
            revision: the revision, which was just read.
            lost: up to which revision changes were not delivered.
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
        # What it owes after a delivery it owes, for all that is known, since then.
        self._owed_since = None if self._view.revision >= self._floor else time.monotonic()

    def _is_level(self) -> bool:
        return self._sink is None or self._view.revision >= self._floor

    def _stalled_at(self) -> float:
        return math.inf if self._owed_since is None else self._owed_since + CATCH_UP

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
