"""In-memory store for tests and experiments.

It has the semantics of etcd: revisions, snapshots, conflicts, compaction, leases that expire and
watches that replay. MemoryBackend objects of a process with the same name share one database. A
forked child starts with empty ones.
"""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence

from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.errors import Compacted, FutureRevision, LeaseNotFound, closed_error
from ska_sdp_config.store.interface import (
    Change,
    Commit,
    Conflict,
    Created,
    Delete,
    Entry,
    GapCause,
    Guard,
    KeyAt,
    Put,
    Query,
    Reply,
    Sink,
    Write,
)
from ska_sdp_config.store.keys import Span

__all__ = ["Database", "MemoryStore"]

MAX_HISTORY = 10_000
"""Number of changes kept before the oldest are compacted."""


class Database:
    """Newest state of all keys, and the changes that led to it.

    Reads at an older revision undo changes; they are rare.

    Lock order: ``lock`` first, then the locks of sinks, which are called while it is held.

    Args:
        name: its name, for messages.
    """

    def __init__(self, name: str = "") -> None:
        self.address = f"memory ({name})" if name else "memory"
        self.lock = threading.RLock()
        self.reaper: threading.Thread | None = None
        self.lease_ids = itertools.count(1)
        self._clear()

    def _clear(self) -> None:
        self.revision = 1
        self.compacted = 0
        self.entries: dict[str, Entry] = {}
        self.keys: list[str] = []
        # Pairs of a change and the entry that it replaced.
        self.history: deque[tuple[Change, Entry | None]] = deque()
        self.watches: list[MemoryWatch] = []
        self.leases: dict[int, tuple[int, float]] = {}

    def clear(self) -> None:
        """Delete all data and history, as after a restart; watches continue."""
        with self.lock:
            watches = self.watches
            self._clear()
            self.watches = watches
            for watch in list(watches):
                watch.lose()

    def find(self, span: Span) -> list[Entry]:
        """Return the newest entries of a span, in the order of their keys."""
        if not span.end:
            entry = self.entries.get(span.begin)
            return [entry] if entry else []
        begin = bisect.bisect_left(self.keys, span.begin)
        end = bisect.bisect_left(self.keys, span.end)
        return [self.entries[key] for key in self.keys[begin:end]]

    def find_at(self, span: Span, revision: int) -> list[Entry]:
        """Return the entries of a span at a revision, in the order of their keys.

        Raises:
            Compacted: the revision was compacted.
        """
        if revision < self.compacted:
            raise Compacted
        found = {entry.key: entry for entry in self.find(span)}
        for change, before in reversed(self.history):
            if change.revision <= revision:
                break
            if change.key in span:
                if before:
                    found[change.key] = before
                else:
                    found.pop(change.key, None)
        return [found[key] for key in sorted(found)]

    def holds(self, guard: Guard) -> bool:
        """Return whether a guard holds."""
        if isinstance(guard, KeyAt):
            entry = self.entries.get(guard.key)
            return (entry.modified if entry else 0) == guard.modified
        if isinstance(guard, Created):
            entry = self.entries.get(guard.key)
            return entry is not None and entry.created == guard.created
        return all(entry.created <= guard.revision for entry in self.find(guard.span))

    def apply(self, writes: Sequence[Write]) -> int:
        """Apply writes at one new revision, and notify the watches.

        Raises:
            LeaseNotFound: a write names a lease that has expired.
        """
        for write in writes:
            if isinstance(write, Put) and write.lease and write.lease not in self.leases:
                raise LeaseNotFound(write.lease)
        revision = self.revision + 1
        changes: list[Change] = []
        for write in writes:
            if isinstance(write, Put):
                changes.append(self._put(write, revision))
            else:
                changes += [self._delete(e.key, revision) for e in self.find(write.span)]
        if changes:
            self.revision = revision
            self.drop_cancelled_watches()
            for watch in list(self.watches):
                watch.deliver(changes)
            while len(self.history) > MAX_HISTORY:
                self.compact(self.history[0][0].revision)
        return self.revision

    def drop_cancelled_watches(self) -> None:
        """Remove cancelled watches. The caller must hold the lock."""
        self.watches[:] = [watch for watch in self.watches if not watch.is_cancelled]

    def compact(self, revision: int) -> None:
        """Discard the history before a revision."""
        with self.lock:
            while self.history and self.history[0][0].revision <= revision:
                self.history.popleft()
            self.compacted = max(self.compacted, revision)

    def _put(self, put: Put, revision: int) -> Change:
        before = self.entries.get(put.key)
        if before is None:
            bisect.insort(self.keys, put.key)
        lease = put.lease if put.lease is not None else before.lease if before else 0
        created = before.created if before else revision
        entry = Entry(put.key, put.value, created, revision, lease)
        self.entries[put.key] = entry
        change = Change(put.key, revision, entry)
        self.history.append((change, before))
        return change

    def _delete(self, key: str, revision: int) -> Change:
        before = self.entries.pop(key)
        del self.keys[bisect.bisect_left(self.keys, key)]
        change = Change(key, revision, None)
        self.history.append((change, before))
        return change

    def reap(self) -> None:
        """Revoke leases when they expire, until there are none left."""
        while True:
            with self.lock:
                if not self.leases:
                    self.reaper = None
                    return
                now = time.monotonic()
                for lease, (_, end) in list(self.leases.items()):
                    if end <= now:
                        self.end_lease(lease)
                ends = [end for _, end in self.leases.values()]
            time.sleep(min([max(0.0, min(ends, default=now) - now), 0.05]))

    def end_lease(self, lease: int) -> None:
        """Revoke a lease and delete its keys."""
        if self.leases.pop(lease, None):
            keys = [entry.key for entry in self.entries.values() if entry.lease == lease]
            self.apply([Delete(Span(key)) for key in keys])


class MemoryWatch:
    """Watch on a span; see Watch.

    Attributes:
        store: the store that created it.
        is_cancelled: whether it was cancelled.
    """

    def __init__(
        self,
        database: Database,
        store: MemoryStore,
        span: Span,
        from_revision: int,
        sink: Sink,
    ) -> None:
        self.store = store
        self.is_cancelled = False
        self._database = database
        self._span = span
        self._sink = sink
        with database.lock:
            database.drop_cancelled_watches()
            if from_revision <= database.compacted:
                sink.gap(database.revision, GapCause.COMPACTED)
            else:
                self.deliver([c for c, _ in database.history if c.revision >= from_revision])
            database.watches.append(self)

    def deliver(self, changes: Sequence[Change]) -> None:
        """Deliver the changes that are in the span."""
        wanted = [change for change in changes if change.key in self._span]
        if wanted and not self.is_cancelled:
            self.store.connection.answered()
            self._sink.changed(wanted)

    def lose(self) -> None:
        """Report a gap after the database was cleared."""
        if not self.is_cancelled:
            self._sink.gap(self._database.revision, GapCause.RESTORED)

    def cancel(self) -> None:
        """Cancel the watch; see Watch.

        The database removes it later. Acquiring the lock of the database here could deadlock:
        garbage collection may call this method in a thread that holds the lock of the cache.
        """
        self.is_cancelled = True


class MemoryStore:
    """Store on an in-memory database; see Store."""

    timeout = 5.0

    def __init__(self, database: Database, connection: Connection) -> None:
        self.address = database.address
        self.database = database
        self.connection = connection
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        """Read; see Store."""
        with self._open() as database:
            if revision > database.revision:
                raise FutureRevision(
                    f"The database in memory has not reached the requested revision ({revision}): "
                    "it was cleared, or is another database; read again."
                )
            if not revision or revision == database.revision:
                found = [database.find(query.span) for query in queries]
                revision = database.revision
            else:
                found = [database.find_at(query.span, revision) for query in queries]
            limits = [query.limit or None for query in queries]
            return Reply(
                revision, [each[:limit] for each, limit in zip(found, limits, strict=True)]
            )

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query] = (),
        *,
        timeout: float,
    ) -> Commit | Conflict:
        """Commit; see Store."""
        with self._open() as database:
            if all(database.holds(guard) for guard in guards):
                return Commit(database.apply(writes))
            found = [database.find(query.span) for query in refetch]
            return Conflict(Reply(database.revision, list(found)))

    def cluster_id(self, *, timeout: float) -> str:
        """Return an empty ID; see Store."""
        with self._open():
            return ""

    def check_access(
        self, reads: Sequence[Query], writes: Sequence[Put], *, timeout: float
    ) -> None:
        """Accept everything; see Store."""
        with self._open():
            pass

    def watch(
        self, span: Span, from_revision: int, sink: Sink, *, is_lossless: bool = False
    ) -> MemoryWatch:
        """Watch; see Store."""
        with self._open() as database:
            return MemoryWatch(database, self, span, from_revision, sink)

    def grant_lease(self, ttl: int, *, timeout: float) -> int:
        """Grant a lease; see Store."""
        with self._open() as database:
            lease = next(database.lease_ids)
            if database.reaper is None:
                reaper = threading.Thread(target=database.reap, name="memory-leases", daemon=True)
                reaper.start()
                database.reaper = reaper
            database.leases[lease] = (ttl, time.monotonic() + ttl)
            return lease

    def keep_lease(self, lease: int, *, timeout: float) -> bool:
        """Keep a lease alive; see Store."""
        with self._open() as database:
            if lease not in database.leases:
                return False
            ttl, _ = database.leases[lease]
            database.leases[lease] = (ttl, time.monotonic() + ttl)
            return True

    def revoke_lease(self, lease: int, *, timeout: float) -> None:
        """Revoke a lease; see Store."""
        with self._open() as database:
            database.end_lease(lease)

    def close(self) -> None:
        """Cancel the watches; see Store."""
        self._closed = True
        with self.database.lock:
            watches = self.database.watches
            watches[:] = [watch for watch in watches if watch.store is not self]

    def _open(self) -> _Locked:
        if self._closed:
            raise closed_error()
        return _Locked(self.database, self.connection)


class _Locked:
    """Context manager of a call: lock the database, and record a response at the end."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    def __enter__(self) -> Database:
        self._database.lock.acquire()
        return self._database

    def __exit__(self, *args: object) -> None:
        self._database.lock.release()
        self._connection.answered()
