"""Backend: single operations, transactions, watches and leases on a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from ska_sdp_config.engine.cache import Cache
from ska_sdp_config.engine.committer import Committer, DirectCommitter, TokenCommitter
from ska_sdp_config.engine.lease import Lease, Leases, SharedLease
from ska_sdp_config.engine.predicted_reads import PredictedReads
from ska_sdp_config.engine.prefetch import queries_of_prefetch
from ska_sdp_config.engine.raw_watch import RawWatch
from ska_sdp_config.engine.repetition import Closable, repeated
from ska_sdp_config.engine.runner import MAX_RETRIES, transactions
from ska_sdp_config.engine.transaction import MAX_DEPTH, Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.counts import Counts, WatchLag
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import Compacted, ConfigVanished, DbRevision, HasLeaseId
from ska_sdp_config.store.fork import CreatorProcess
from ska_sdp_config.store.interface import Entry, Query, Reply, Store
from ska_sdp_config.store.keys import Span, key_of_path, path_of_key, spans_of_listing

__all__ = ["LEASE_TTL", "Backend", "DbRevision"]

LEASE_TTL = 10
"""Default time to live of a lease, in seconds."""


class Backend:
    """Access to one database by paths and text values.

    Calls raise ValueError for an invalid path, and ConfigConnectionError if the database does not
    respond.

    Args:
        make_store: makes the store, which reports the state of its connection.
        loses_answers: whether the store's commits may raise AnswerLost.

    Attributes:
        creator: the process that created it, the only one that may use it.
    """

    def __init__(
        self, make_store: Callable[[Connection], Store], *, loses_answers: bool = True
    ) -> None:
        self.creator = CreatorProcess()
        self.connection = Connection(LEASE_TTL)
        self.store = make_store(self.connection)
        self.leases = Leases(self.store, self.creator)
        self.cache = Cache(self.store)
        self.predicted = PredictedReads()
        self.open_watches: list[Closable] = []
        self.client_lease = SharedLease(self.leases, LEASE_TTL, self.connection.lease_lost)
        self.committer: Committer = (
            TokenCommitter(self.store, self.client_lease)
            if loses_answers
            else DirectCommitter(self.store, self.client_lease)
        )

    @property
    def address(self) -> str:
        """Address of the database."""
        return self.store.address

    @property
    def counts(self) -> Counts:
        """Counters of transactions and watches."""
        return self.connection.counts

    def watch_lag(self) -> WatchLag | None:
        """Return the lag of the watch; None while no watcher loop runs."""
        self.creator.check()
        lag = self.cache.lag()
        return None if lag is None else WatchLag(*lag, self.counts.quiet)

    def lease(self, ttl: int = LEASE_TTL) -> Lease:
        """Grant a lease, refreshed by a thread until it is revoked or left as a context.

        Args:
            ttl: time to live without a refresh, in seconds.
        """
        self.creator.check()
        return self.leases.grant(ttl)

    def txn(
        self,
        max_retries: int = MAX_RETRIES,
        prefetch: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Iterator[Txn]:
        """Loop over attempts at a transaction; see Config.txn."""
        self.creator.check()
        queries = queries_of_prefetch(prefetch)

        def once() -> Iterator[Txn]:
            return transactions(
                self.store,
                self.committer,
                self.connection.counts,
                Deadline(self.store.timeout, timeout, self.address),
                self.creator,
                max_retries=max_retries,
                prefetch=queries,
                predicted=self.predicted,
                seen=self.cache.require,
            )

        return repeated(once, self.store, self.open_watches)

    def get(self, path: str, revision: DbRevision | None = None) -> tuple[str | None, DbRevision]:
        """Return the text at a path, and its revisions.

        Args:
            path: the path.
            revision: read at this revision instead of the newest.

        Raises:
            Compacted: the revision was compacted.
            ConfigRefused: the revision is in the future.
        """
        entry, now = self._entry(path, revision)
        if entry is None:
            return None, DbRevision(now)
        return entry.value, DbRevision(now, entry.modified)

    def create(self, path: str, value: str, lease: HasLeaseId | int | None = None) -> None:
        """Create a path.

        Args:
            path: the path.
            value: its text.
            lease: the lease to attach, or its ID.

        Raises:
            ConfigCollision: the path exists.
            LeaseNotFound: the lease has expired or was revoked.
            TypeError: the value is not a ``str``.
        """
        for txn in self.txn():
            txn.create(path, value, lease)

    def update(self, path: str, value: str, must_be_rev: DbRevision | None = None) -> None:
        """Change the text at a path.

        Args:
            path: the path.
            value: the new text.
            must_be_rev: the revision that ``get`` returned; a later write is an error.

        Raises:
            ConfigVanished: the path does not exist, or was written since.
            TypeError: the value is not a ``str``.
        """
        for txn in self.txn():
            txn.update(path, value)
            modified = txn.reads.keys[key_of_path(path)]
            if must_be_rev is not None and modified != must_be_rev.mod_revision:
                raise ConfigVanished(
                    path, f"Cannot update {path}: it was written since it was read."
                )

    def delete(
        self,
        path: str,
        must_exist: bool = True,
        recursive: bool = False,
        prefix: bool = False,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        """Delete a path.

        Args:
            path: the path.
            must_exist: whether to raise an error if the path does not exist.
            recursive: whether to delete all paths below it too.
            prefix: whether to delete all paths of the same level that begin with it; with
                ``recursive`` the deeper ones too.
            max_depth: depth, in slashes, down to which a recursive delete reaches.

        Raises:
            ConfigVanished: the path must exist and does not.
        """
        for txn in self.txn():
            delete = txn.delete_prefix if prefix else txn.delete
            delete(path, must_exist, recursive, max_depth)

    def list_keys(
        self,
        path: str,
        recurse: int | Iterable[int] = 0,
        revision: DbRevision | None = None,
        with_values: bool = False,
    ) -> tuple[list[str] | list[tuple[str, str]], DbRevision]:
        """List paths; see Txn.list_keys.

        Args:
            path: the prefix.
            recurse: number of further levels, or the exact levels.
            revision: list at this revision instead of the newest.
            with_values: whether to return pairs of path and text.

        Raises:
            Compacted: the revision was compacted.
            ConfigRefused: the revision is in the future.
        """
        queries = [Query(s, keys_only=not with_values) for s in spans_of_listing(path, recurse)]
        reply = self._read(queries, revision)
        entries = [entry for found in reply.found for entry in found or ()]
        when = DbRevision(reply.revision)
        if with_values:
            return sorted((path_of_key(entry.key), entry.value) for entry in entries), when
        return sorted(path_of_key(entry.key) for entry in entries), when

    def watch(
        self,
        path: str,
        start_revision: DbRevision | int | None = None,
        *,
        prefix: bool = False,
        revision: DbRevision | None = None,
    ) -> RawWatch:
        """Watch a path; return a context manager that yields each change until it is closed.

        On etcd, the user needs the right to read all keys. Without it, nothing is delivered, and
        the rejection is logged.

        Args:
            path: the path.
            start_revision: first revision whose changes are delivered, as in etcd's API.
            prefix: whether to watch all paths of the same level that begin with it.
            revision: deliver the changes after this revision instead of those after the newest;
                ignored if ``start_revision`` is given.
        """
        self.creator.check()
        (span,) = spans_of_listing(path) if prefix else [Span(key_of_path(path))]
        if start_revision is None:
            since = revision or DbRevision(self._read([], None).revision)
            start_revision = since.revision + 1
        elif isinstance(start_revision, DbRevision):
            start_revision = start_revision.revision
        watch = RawWatch(self.store, span, start_revision, self.open_watches, self.creator)
        if self.store.closed:
            # Closed meanwhile, before this watch was in the list of open ones.
            watch.close()
        return watch

    def watcher(self, timeout: float | None = None, follow: Iterable[str] = ()) -> Watcher[Txn]:
        """Loop whenever something that it has read changes; see Config.watcher."""
        return Watcher(self, lambda txn: txn, timeout, follow)

    def close(self) -> None:
        """Revoke leases, end watches, and release connections and threads.

        Does nothing in a forked child: all of them belong to the parent process.
        """
        if self.creator.is_current and not self.store.closed:
            self.leases.end()
            self.store.close()
            self.cache.close()
            for watch in list(self.open_watches):
                watch.close()
            self.leases.join()
            self.connection.close()

    def __enter__(self) -> Backend:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _entry(self, path: str, revision: DbRevision | None) -> tuple[Entry | None, int]:
        reply = self._read([Query(Span(key_of_path(path)))], revision)
        found = reply.found[0]
        return (found[0] if found else None), reply.revision

    def _read(self, queries: list[Query], revision: DbRevision | None) -> Reply:
        self.creator.check()
        at = revision.revision if revision else 0
        try:
            reply = self.store.read(queries, at, timeout=self.store.timeout)
        except Compacted as exc:
            raise Compacted(
                f"Revision {at} of the database at {self.address} is no longer kept: read without "
                "a revision."
            ) from exc
        self.cache.require(reply.revision)
        return reply
